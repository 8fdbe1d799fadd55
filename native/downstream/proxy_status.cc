#include "downstream/proxy_status.h"

#include "formatter/response_flags.h"

namespace outrider {
namespace {

struct FlagError {
  ResponseFlag flag;
  std::string_view error;  // RFC 9209 §2.3
  uint16_t recommended;    // 0: none
};

// In Envoy's order: the first flag that is set decides.
constexpr FlagError errors[] = {
    {ResponseFlag::FailedLocalHealthCheck, "destination_unavailable", 503},
    {ResponseFlag::NoHealthyUpstream, "destination_unavailable", 503},
    {ResponseFlag::UpstreamRequestTimeout, "http_response_timeout", 504},
    {ResponseFlag::LocalReset, "connection_timeout", 504},
    {ResponseFlag::UpstreamRemoteReset, "connection_terminated", 502},
    {ResponseFlag::UpstreamConnectionFailure, "connection_refused", 502},
    {ResponseFlag::UpstreamConnectionTermination, "connection_terminated", 502},
    {ResponseFlag::UpstreamOverflow, "connection_limit_reached", 503},
    {ResponseFlag::NoRouteFound, "destination_not_found", 500},
    {ResponseFlag::RateLimited, "connection_limit_reached", 503},
    {ResponseFlag::RateLimitServiceError, "connection_limit_reached", 503},
    {ResponseFlag::UpstreamRetryLimitExceeded, "destination_unavailable", 503},
    {ResponseFlag::StreamIdleTimeout, "http_response_timeout", 504},
    {ResponseFlag::InvalidEnvoyRequestHeaders, "http_request_error", 0},
    {ResponseFlag::DownstreamProtocolError, "http_request_error", 0},
    {ResponseFlag::UpstreamMaxStreamDurationReached, "http_response_timeout", 504},
    {ResponseFlag::NoFilterConfigFound, "proxy_configuration_error", 500},
    {ResponseFlag::UpstreamProtocolError, "http_protocol_error", 502},
    {ResponseFlag::NoClusterFound, "destination_unavailable", 503},
    {ResponseFlag::DnsResolutionFailed, "dns_error", 502},
};

std::string_view status_text(uint16_t status) {
  return status == 500 ? "500" : status == 502 ? "502" : status == 503 ? "503" : "504";
}

void append_details(const ProxyStatus& config, const StreamInfo& info, std::string& out) {
  out += "; details=\"";
  out += info.response_code_details;
  const std::string_view ended =
      info.connection == nullptr ? std::string_view{} : info.connection->termination_details;
  if (!config.remove_connection_termination_details && !ended.empty()) {
    out += "; ";
    out += ended;
  }
  if (!config.remove_response_flags) {
    out += "; ";
    append_response_flags(info.response_flags, FlagStyle::Code, out);
  }
  out += '"';
}

}  // namespace

void add_proxy_status(const ProxyStatus& config, const StreamInfo& info, HeaderMap& response) {
  if (info.response_flags == 0) return;
  for (const FlagError& entry : errors) {
    if (!info.has(entry.flag)) continue;
    std::string text(config.proxy_name);
    text += "; error=";
    text += entry.error;
    if (!config.remove_details && !info.response_code_details.empty()) append_details(config, info, text);
    response.append(HeaderId::ProxyStatus, text, ", ");
    if (config.set_recommended_response_code && entry.recommended != 0) {
      response.set_ref(HeaderId::Status, status_text(entry.recommended));
    }
    return;
  }
}

}  // namespace outrider
