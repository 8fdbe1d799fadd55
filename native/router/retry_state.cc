#include "router/retry_state.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <type_traits>

#include "base/ascii.h"

namespace outrider {
namespace {

const RetryPolicy kNoPolicy;  // of routes without one: what the request's headers start from

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The next item of a list between commas; false at its end.
bool next_item(std::string_view& list, std::string_view& item) {
  if (list.empty()) return false;
  const size_t comma = std::min(list.find(','), list.size());
  item = trimmed(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return true;
}

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

// A header that is there rarely: one byte is looked at.
std::string_view take_off(HeaderMap& headers, HeaderId id) {
  if (!headers.has(id)) return {};
  const std::string_view value = headers.get(id);
  headers.remove(id);
  return value;
}

bool may_retry(const RetryPolicy& policy, const HeaderMap& request) {
  return policy.request_headers.empty() ||
         std::any_of(policy.request_headers.begin(), policy.request_headers.end(),
                     [&request](const HeaderMatcher& matcher) { return matcher.matches(request); });
}

}  // namespace

RetryState* RetryState::create(const RetryPolicy* given, HeaderMap& request, Arena& arena) {
  static_assert(std::is_trivially_destructible_v<RetryState>);  // the arena calls none
  const RetryPolicy& policy = given == nullptr ? kNoPolicy : *given;
  const std::string_view on_text = take_off(request, HeaderId::EnvoyRetryOn);
  const std::string_view grpc_text = take_off(request, HeaderId::EnvoyRetryGrpcOn);
  const std::string_view most_text = take_off(request, HeaderId::EnvoyMaxRetries);
  const std::string_view names = take_off(request, HeaderId::EnvoyRetriableHeaderNames);
  const std::string_view codes = take_off(request, HeaderId::EnvoyRetriableStatusCodes);
  uint32_t on = policy.on | retry_on::parse_http(on_text) | retry_on::parse_grpc(grpc_text);
  if (on == 0 || !may_retry(policy, request)) return nullptr;

  void* memory = arena.allocate(sizeof(RetryState), alignof(RetryState));
  if (memory == nullptr) return nullptr;
  auto* state = new (memory) RetryState(policy, on);
  uint32_t most = 0;
  if (read_number(most_text, most)) state->left_ = most;
  state->header_names_ = names;
  state->status_codes_ = codes;
  return state;
}

bool RetryState::has_status_code(uint16_t status) const {
  const auto& own = policy_->status_codes;
  if (std::find(own.begin(), own.end(), status) != own.end()) return true;
  std::string_view list = status_codes_;
  uint16_t code = 0;
  for (std::string_view item; next_item(list, item);) {
    if (read_number(item, code) && code == status) return true;
  }
  return false;
}

bool RetryState::has_header(const HeaderMap& response) const {
  for (const HeaderMatcher& matcher : policy_->response_headers) {
    if (matcher.matches(response)) return true;
  }
  std::string_view list = header_names_;
  for (std::string_view item; next_item(list, item);) {
    for (const Header& header : response) {
      if (equals_lower(item, header.key())) return true;
    }
  }
  return false;
}

bool RetryState::has_grpc_status(const HeaderMap& response) const {
  int status = -1;
  if (!read_number(response.get(HeaderId::GrpcStatus), status)) return false;
  switch (status) {
    case 1:
      return on_ & retry_on::grpc_cancelled;
    case 4:
      return on_ & retry_on::grpc_deadline_exceeded;
    case 8:
      return on_ & retry_on::grpc_resource_exhausted;
    case 13:
      return on_ & retry_on::grpc_internal;
    case 14:
      return on_ & retry_on::grpc_unavailable;
    default:
      return false;
  }
}

bool RetryState::wants(const HeaderMap& response, uint16_t status) const {
  // An Envoy upstream that limits rates means it: only envoy-ratelimited asks again.
  if (response.has(HeaderId::EnvoyRateLimited)) return on_ & retry_on::envoy_ratelimited;
  if ((on_ & retry_on::server_error) && status >= 500 && status < 600) return true;
  if ((on_ & retry_on::gateway_error) && status >= 502 && status <= 504) return true;
  if ((on_ & retry_on::retriable_4xx) && status == 409) return true;
  if ((on_ & retry_on::retriable_status_codes) && has_status_code(status)) return true;
  if ((on_ & retry_on::retriable_headers) && has_header(response)) return true;
  return (on_ & retry_on::any_grpc) && has_grpc_status(response);
}

bool RetryState::wants(ResetReason reason, bool request_started) const {
  if (reason == ResetReason::Overflow) return false;
  const bool connect = reason == ResetReason::ConnectionFailure || reason == ResetReason::ConnectTimeout ||
                       reason == ResetReason::LocalConnectionFailure;
  if (connect && (on_ & retry_on::connect_failure)) return true;
  if (reason == ResetReason::RefusedStream && (on_ & retry_on::refused_stream)) return true;
  if (!request_started && (on_ & retry_on::reset_before_request)) return true;
  return on_ & (retry_on::reset | retry_on::server_error | retry_on::gateway_error);
}

// 0: the answer says nothing that counts.
uint64_t RetryState::told_pause_ms(const HeaderMap& response, uint64_t wall_s) const {
  for (const RetryResetHeader& header : policy_->reset_headers) {
    uint64_t number = 0;
    if (!read_number(response.get(header.name), number)) continue;
    if (header.unix_time) {
      if (number <= wall_s) continue;
      number -= wall_s;
    }
    if (number > policy_->reset_max_ms / 1000) continue;
    return number * 1000;
  }
  return 0;
}

RetryState::Pause RetryState::next_pause(const HeaderMap* response, Random& random, uint64_t wall_s) {
  if (response != nullptr && !policy_->reset_headers.empty()) {
    // Never before the time that was told, and up to half of it later, so that clients do not come all at once.
    const uint64_t told = told_pause_ms(*response, wall_s);
    if (told > 1) return {told + random.next() % (told / 2), true};
  }
  if (back_off_ms_ == 0) back_off_ms_ = std::min(policy_->back_off_ms, policy_->back_off_max_ms);
  const uint64_t bound = back_off_ms_;
  back_off_ms_ = std::min(bound * 2, policy_->back_off_max_ms);
  return {random.next() % bound, false};
}

void RetryState::remember(const HostState* host, Arena& arena) {
  if (!policy_->avoid_previous_hosts) return;
  void* memory = arena.allocate(sizeof(Tried), alignof(Tried));
  if (memory != nullptr) tried_ = new (memory) Tried{host, tried_};
}

bool RetryState::refuses(const Host& host) const {
  if (policy_->avoid_canaries && host.canary) return true;
  for (const Tried* tried = tried_; tried != nullptr; tried = tried->next) {
    if (tried->host == host.state.get()) return true;
  }
  return false;
}

}  // namespace outrider
