#include "router/retry_policy.h"

#include <algorithm>

namespace outrider {
namespace retry_on {
namespace {

struct Word {
  std::string_view name;
  uint32_t bit;
};

constexpr Word kHttpWords[] = {{"5xx", server_error},
                               {"gateway-error", gateway_error},
                               {"connect-failure", connect_failure},
                               {"envoy-ratelimited", envoy_ratelimited},
                               {"retriable-4xx", retriable_4xx},
                               {"refused-stream", refused_stream},
                               {"retriable-status-codes", retriable_status_codes},
                               {"retriable-headers", retriable_headers},
                               {"reset", reset},
                               {"reset-before-request", reset_before_request},
                               {"http3-post-connect-failure", http3_post_connect_failure}};
constexpr Word kGrpcWords[] = {{"cancelled", grpc_cancelled},
                               {"deadline-exceeded", grpc_deadline_exceeded},
                               {"resource-exhausted", grpc_resource_exhausted},
                               {"unavailable", grpc_unavailable},
                               {"internal", grpc_internal}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <size_t n>
uint32_t parse(std::string_view words, const Word (&known)[n]) {
  uint32_t bits = 0;
  while (!words.empty()) {
    const size_t comma = std::min(words.find(','), words.size());
    const std::string_view name = trimmed(words.substr(0, comma));
    for (const Word& word : known) {
      if (word.name == name) bits |= word.bit;
    }
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return bits;
}

}  // namespace

uint32_t parse_http(std::string_view words) { return parse(words, kHttpWords); }
uint32_t parse_grpc(std::string_view words) { return parse(words, kGrpcWords); }

}  // namespace retry_on

namespace {

constexpr std::string_view kPreviousHosts =
    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";
constexpr std::string_view kOmitCanaries =
    "envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate";

ConfigError below(std::string_view list, size_t index, const ConfigError& error) {
  return {std::string(list) + "[" + std::to_string(index) + "]." + error.path, error.reason};
}

Result<bool> read_matchers(ConfigView config, std::string_view field, std::vector<HeaderMatcher>& out) {
  for (const ConfigView item : config.list(field)) {
    Result<HeaderMatcher> matcher = HeaderMatcher::read(item);
    if (!matcher) return below(field, out.size(), matcher.error());
    out.push_back(std::move(matcher.value()));
  }
  return true;
}

Result<bool> read_host_predicates(ConfigView config, RetryPolicy& policy) {
  size_t index = 0;
  for (const ConfigView item : config.list("retry_host_predicate")) {
    const std::string_view type = item["typed_config"].type_name();
    if (type == kPreviousHosts) {
      policy.avoid_previous_hosts = true;
    } else if (type == kOmitCanaries) {
      policy.avoid_canaries = true;
    } else {
      return below("retry_host_predicate", index, {"typed_config", "is not supported"});
    }
    ++index;
  }
  return true;
}

void read_back_off(ConfigView config, RetryPolicy& policy) {
  const auto ms = [](ConfigView view, std::string_view field, uint64_t fallback) {
    // Envoy counts from 1 ms on.
    return static_cast<uint64_t>(
        std::max<int64_t>(1, view.duration_ms(field, static_cast<int64_t>(fallback))));
  };
  const ConfigView back_off = config["retry_back_off"];
  policy.back_off_ms = ms(back_off, "base_interval", policy.back_off_ms);
  policy.back_off_max_ms = ms(back_off, "max_interval", policy.back_off_ms * 10);

  const ConfigView limited = config["rate_limited_retry_back_off"];
  for (const ConfigView item : limited.list("reset_headers")) {
    policy.reset_headers.push_back(
        {request_header_name(item.string("name")), item.string("format") == "UNIX_TIMESTAMP"});
  }
  policy.reset_max_ms = ms(limited, "max_interval", policy.reset_max_ms);
}

}  // namespace

Result<std::unique_ptr<RetryPolicy>> RetryPolicy::read(ConfigView config) {
  if (config.has("retry_priority")) return ConfigError{"retry_priority", "is not supported"};
  auto policy = std::make_unique<RetryPolicy>();
  const std::string_view words = config.string("retry_on");
  policy->on = retry_on::parse_http(words) | retry_on::parse_grpc(words);
  policy->retries = static_cast<uint32_t>(std::min<uint64_t>(config.uint("num_retries", 1), UINT32_MAX));
  policy->per_try_timeout_ms =
      static_cast<uint64_t>(std::max<int64_t>(0, config.duration_ms("per_try_timeout")));
  policy->per_try_idle_timeout_ms =
      static_cast<uint64_t>(std::max<int64_t>(0, config.duration_ms("per_try_idle_timeout")));
  // Bounded, so that one request cannot turn the balancer for ever.
  policy->host_attempts_max = static_cast<uint32_t>(
      std::min<int64_t>(1000, std::max<int64_t>(0, config.integer("host_selection_retry_max_attempts", 1))));
  for (const ConfigView code : config.list("retriable_status_codes")) {
    policy->status_codes.push_back(static_cast<uint16_t>(code.as_uint()));
  }
  read_back_off(config, *policy);
  if (Result<bool> read = read_host_predicates(config, *policy); !read) return read.error();
  if (Result<bool> read = read_matchers(config, "retriable_headers", policy->response_headers); !read) {
    return read.error();
  }
  if (Result<bool> read = read_matchers(config, "retriable_request_headers", policy->request_headers);
      !read) {
    return read.error();
  }
  return policy;
}

}  // namespace outrider
