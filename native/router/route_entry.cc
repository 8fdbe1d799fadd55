#include "router/route_entry.h"

#include <charconv>

namespace outrider {

ConfigView RouteEntry::own_or_host(std::string_view field) const {
  const ConfigView own = action[field];
  const bool given = own.kind() == ConfigView::Kind::List ? own.size() != 0 : static_cast<bool>(own);
  return given ? own : virtual_host->config[field];
}

RouteEntry::BodyLimit RouteEntry::body_limit() const {
  for (const ConfigView level : {config, virtual_host->config}) {
    const ConfigView limit = level["request_body_buffer_limit"];
    const ConfigView lowered = level["per_request_buffer_limit_bytes"];
    if (limit) return {BodyLimit::Kind::Replaces, limit.as_uint()};
    if (lowered) return {BodyLimit::Kind::Lowers, lowered.as_uint()};
  }
  return {};
}

// The number in a header that stands there once, else the stream's own random value.
static uint64_t random_of(const RouteRequest& request, const std::string& header) {
  if (header.empty()) return request.random_value;
  const Header* const line = request.headers.find(header);
  if (line == nullptr || request.headers.next_same(line) != nullptr) return request.random_value;
  const std::string_view text = line->text();
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : request.random_value;
}

static uint64_t weight_of(const WeightedTarget& target, const RouteRequest& request) {
  if (target.runtime_key.empty() || request.runtime == nullptr) return target.weight;
  return request.runtime->integer(target.runtime_key, target.weight);
}

const WeightedTarget* WeightedTargets::choose(const RouteRequest& request) const {
  uint64_t total = total_weight;
  if (runtime_weights) {
    total = 0;
    for (const WeightedTarget& target : targets) total += weight_of(target, request);
    if (total == 0) return nullptr;
  }
  uint64_t rest = random_of(request, random_header) % total;
  for (const WeightedTarget& target : targets) {
    const uint64_t weight = runtime_weights ? weight_of(target, request) : target.weight;
    if (rest < weight) return &target;
    rest -= weight;
  }
  return nullptr;
}

}  // namespace outrider
