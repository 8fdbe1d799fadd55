#include "formatter/response_flags.h"

#include <bit>
#include <cassert>

namespace outrider {

namespace {

// In the order of enum ResponseFlag.
constexpr ResponseFlagName names[] = {
    {"LH", "FailedLocalHealthCheck"},
    {"UH", "NoHealthyUpstream"},
    {"UT", "UpstreamRequestTimeout"},
    {"LR", "LocalReset"},
    {"UR", "UpstreamRemoteReset"},
    {"UF", "UpstreamConnectionFailure"},
    {"UC", "UpstreamConnectionTermination"},
    {"UO", "UpstreamOverflow"},
    {"NR", "NoRouteFound"},
    {"DI", "DelayInjected"},
    {"FI", "FaultInjected"},
    {"RL", "RateLimited"},
    {"UAEX", "UnauthorizedExternalService"},
    {"RLSE", "RateLimitServiceError"},
    {"DC", "DownstreamConnectionTermination"},
    {"URX", "UpstreamRetryLimitExceeded"},
    {"SI", "StreamIdleTimeout"},
    {"IH", "InvalidEnvoyRequestHeaders"},
    {"DPE", "DownstreamProtocolError"},
    {"UMSDR", "UpstreamMaxStreamDurationReached"},
    {"RFCF", "ResponseFromCacheFilter"},
    {"NFCF", "NoFilterConfigFound"},
    {"DT", "DurationTimeout"},
    {"UPE", "UpstreamProtocolError"},
    {"NC", "NoClusterFound"},
    {"OM", "OverloadManagerTerminated"},
    {"DF", "DnsResolutionFailed"},
    {"DO", "DropOverload"},
    {"DR", "DownstreamRemoteReset"},
    {"UDO", "UnconditionalDropOverload"},
};
static_assert(std::size(names) == response_flag_count);
static_assert(static_cast<size_t>(ResponseFlag::UnconditionalDropOverload) + 1 == response_flag_count);

}  // namespace

ResponseFlagName response_flag_name(ResponseFlag flag) { return names[static_cast<size_t>(flag)]; }

std::optional<ResponseFlag> find_response_flag(std::string_view code) {
  for (size_t i = 0; i < response_flag_count; i++) {
    if (names[i].code == code) return static_cast<ResponseFlag>(i);
  }
  return std::nullopt;
}

void append_response_flags(uint64_t flags, FlagStyle style, std::string& out) {
  if (flags == 0) {
    out += '-';
    return;
  }
  bool first = true;
  for (; flags != 0; flags &= flags - 1) {
    const auto bit = static_cast<size_t>(std::countr_zero(flags));
    assert(bit < response_flag_count);
    if (!first) out += ',';
    out += style == FlagStyle::Code ? names[bit].code : names[bit].name;
    first = false;
  }
}

}  // namespace outrider
