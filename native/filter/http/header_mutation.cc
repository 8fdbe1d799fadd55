#include "filter/http/all.gen.h"
#include "formatter/mutation_rules.h"

namespace outrider {
namespace {

struct Config {
  MutationRules request;
  MutationRules response;
};

// envoy.filters.http.header_mutation: changes request and response headers, in the connection manager's general way
// first, then in the route's.
// Config: envoy.extensions.filters.http.header_mutation.v3.HeaderMutation, HeaderMutationPerRoute on routes
class HeaderMutation final : public HttpFilter {
 public:
  HeaderMutation(const Config& config, const Config* route) : config_(config), route_(route) {}

  FilterStatus on_request_headers(Stream& stream, HeaderMap& headers, EndStream) override {
    apply(stream, headers, &Config::request);
    return FilterStatus::Continue;
  }

  FilterStatus on_response_headers(Stream& stream, HeaderMap& headers, EndStream) override {
    apply(stream, headers, &Config::response);
    return FilterStatus::Continue;
  }

 private:
  void apply(Stream& stream, HeaderMap& headers, MutationRules Config::*rules) {
    (config_.*rules).apply(headers, stream.format_context(), stream.scratch());
    if (route_ != nullptr) (route_->*rules).apply(headers, stream.format_context(), stream.scratch());
  }

  const Config& config_;
  const Config* route_;
};

Result<Config> read_config(ConfigView view, FilterBuildContext&) {
  const ConfigView mutations = view["mutations"];
  auto request = MutationRules::read(mutations.list("request_mutations"));
  if (!request)
    return ConfigError{"mutations.request_mutations" + request.error().path, request.error().reason};
  auto response = MutationRules::read(mutations.list("response_mutations"));
  if (!response)
    return ConfigError{"mutations.response_mutations" + response.error().path, response.error().reason};
  return Config{std::move(request.value()), std::move(response.value())};
}

}  // namespace

const HttpFilterType header_mutation = http_filter_type<HeaderMutation, read_config, read_config>(
    "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
    "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute");

}  // namespace outrider
