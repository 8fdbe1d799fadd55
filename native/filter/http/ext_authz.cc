#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http_status.h"
#include "base/runtime_values.h"
#include "filter/authz/check.h"
#include "filter/authz/http_service.h"
#include "filter/http/all.gen.h"
#include "router/grpc_client.h"
#include "upstream/cluster_stats.h"

namespace outrider {
namespace {

constexpr std::string_view check_method = "/envoy.service.auth.v3.Authorization/Check";
constexpr ResponseFlag unauthorized = ResponseFlag::UnauthorizedExternalService;
constexpr uint64_t http_answer_bytes_max = 1 << 20;

struct BodyRules {
  uint64_t bytes_max = 0;  // 0: the service does not see the body
  bool allow_partial = false;
  bool as_bytes = false;
};

// The filter's settings, or what a route says (of which all but the first part is empty).
struct Config {
  bool disabled = false;
  bool no_body = false;           // disable_request_body_buffering
  std::optional<BodyRules> body;  // of a route: replaces the filter's
  std::vector<std::pair<std::string, std::string>> extensions;
  std::unique_ptr<GrpcService> grpc;
  std::unique_ptr<AuthzHttpService> http;

  StatScope<ExtAuthzStat> stats;
  std::optional<StringMatchers> allowed;
  std::optional<StringMatchers> disallowed;
  RuntimeFraction enabled{{100, 100}, {}};
  std::string deny_at_disable_key;
  bool deny_at_disable = false;
  bool failure_mode_allow = false;
  bool failure_header = false;
  bool clear_route_cache = false;
  bool peer_certificate = false;
  bool tls_session = false;
  bool raw_headers = false;
  bool validate_mutations = false;
  bool charge_cluster = true;
  uint16_t status_on_error = 403;
};

// envoy.filters.http.ext_authz: asks a service, over gRPC or HTTP, whether a request may go on, and with which changes.
// Config: envoy.extensions.filters.http.ext_authz.v3.ExtAuthz, ExtAuthzPerRoute on routes
class ExtAuthz final : public HttpFilter, GrpcReceiver, CallHandler {
 public:
  ExtAuthz(const Config& config, const Config* route) : config_(config), route_(route) {}
  ~ExtAuthz() override { cancel(); }

  FilterStatus on_request_headers(Stream& stream, HeaderMap&, EndStream end) override {
    if (route_ != nullptr && route_->disabled) return done();
    if (!config_.enabled.enabled(stream.runtime(), stream.worker().random.next())) return skip(stream);
    stream_ = &stream;
    const bool upgrade = stream.request_headers().has(HeaderId::Upgrade);
    if (body_rules().bytes_max == 0 || end == EndStream::Yes || upgrade) return ask({});
    state_ = State::Gathering;
    return FilterStatus::StopIteration;
  }

  FilterStatus on_request_body(Stream& stream, std::string_view& data, EndStream end) override {
    if (state_ == State::Asking) return FilterStatus::StopAndWatermark;
    if (state_ != State::Gathering) return FilterStatus::Continue;
    const BodyRules& rules = body_rules();
    const std::string_view kept = stream.kept_request_body();
    const size_t size = kept.size() + data.size();
    if (size > rules.bytes_max && !rules.allow_partial) {
      state_ = State::Done;
      return stream.reply(
          {.status = 413, .body = "Payload Too Large", .details = "request_payload_too_large"});
    }
    if (end == EndStream::No && (size < rules.bytes_max || !rules.allow_partial))
      return FilterStatus::StopAndBuffer;
    std::string body(kept);
    body.append(data);
    ask(body);
    return FilterStatus::StopAndWatermark;
  }

  FilterStatus on_request_trailers(Stream& stream, HeaderMap&) override {
    if (state_ == State::Gathering) ask(std::string(stream.kept_request_body()));
    return state_ == State::Done ? FilterStatus::Continue : FilterStatus::StopIteration;
  }

  FilterStatus on_response_headers(Stream&, HeaderMap& headers, EndStream) override {
    for (const HeaderChange& change : response_changes_) change.apply(headers);
    return FilterStatus::Continue;
  }

  void on_stream_end(Stream&) override { cancel(); }

 private:
  enum class State : uint8_t { Idle, Gathering, Asking, Done };

  const BodyRules& body_rules() const {
    static constexpr BodyRules none;
    if (route_ != nullptr && route_->no_body) return none;
    if (route_ != nullptr && route_->body) return *route_->body;
    return config_.body ? *config_.body : none;
  }
  const GrpcService* grpc() const {
    if (route_ != nullptr && (route_->grpc || route_->http)) return route_->grpc.get();
    return config_.grpc.get();
  }
  const AuthzHttpService* http() const {
    if (route_ != nullptr && (route_->grpc || route_->http)) return route_->http.get();
    return config_.http.get();
  }
  FilterStatus done() {
    state_ = State::Done;
    return FilterStatus::Continue;
  }

  FilterStatus skip(Stream& stream) {
    stream.worker().stats.add(config_.stats, ExtAuthzStat::disabled);
    const RuntimeValues* const runtime = stream.runtime();
    const bool deny = runtime == nullptr
                          ? config_.deny_at_disable
                          : runtime->boolean(config_.deny_at_disable_key, config_.deny_at_disable);
    if (!deny) return done();
    state_ = State::Done;
    return stream.reply(
        {.status = config_.status_on_error, .details = "ext_authz_error", .flag = &unauthorized});
  }

  FilterStatus ask(std::string_view body) {
    state_ = State::Asking;
    const BodyRules& rules = body_rules();
    Stream& stream = *stream_;
    const CheckQuestion question{.headers = stream.request_headers(),
                                 .info = stream.info(),
                                 .body = body.substr(0, rules.bytes_max),
                                 .has_body = !body.empty(),
                                 .body_is_partial = body.size() > rules.bytes_max,
                                 .body_as_bytes = rules.as_bytes,
                                 .raw_headers = config_.raw_headers,
                                 .peer_certificate = config_.peer_certificate,
                                 .tls_session = config_.tls_session,
                                 .allowed = config_.allowed ? &*config_.allowed : nullptr,
                                 .disallowed = config_.disallowed ? &*config_.disallowed : nullptr,
                                 .extensions = route_ == nullptr ? nullptr : &route_->extensions};
    const FormatContext context = stream.format_context();
    if (const GrpcService* service = grpc()) {
      AsyncCall& call =
          grpc_call_.open(stream.async_client(), *service, check_method, &context, stream.scratch());
      write_check_request(question, call.body());
      grpc_call_.send();
    } else {
      const AuthzHttpService& http_service = *http();
      http_call_ = &stream.async_client().open(
          this, {.timeout_ms = http_service.timeout_ms, .body_bytes_max = http_answer_bytes_max});
      http_service.write_request(question, context, stream.scratch(), *http_call_);
      http_call_->start(http_service.cluster);
    }
    return FilterStatus::StopIteration;
  }

  void on_grpc_answer(GrpcUnary&, int64_t status, std::string_view payload) override {
    decide(status == grpc_status_code::ok ? read_check_response(payload) : CheckResult{});
  }
  void on_call_end(AsyncCall& call, CallEnd end) override {
    http_call_ = nullptr;
    decide(http()->read_answer(call, end));
  }

  void decide(CheckResult result) {
    state_ = State::Done;
    if (result.invalid && config_.validate_mutations) {
      count(ExtAuthzStat::invalid);
      stream_->reply({.status = 500, .details = "ext_authz_invalid", .flag = &unauthorized});
      return;
    }
    switch (result.decision) {
      case CheckResult::Decision::Allowed:
        return allow(result);
      case CheckResult::Decision::Denied:
        return deny(result);
      case CheckResult::Decision::Error:
        return fail();
    }
  }

  void allow(CheckResult& result) {
    count(ExtAuthzStat::ok);
    count(ClusterStat::ext_authz_ok);
    HeaderMap& headers = stream_->request_headers();
    const bool changes = !result.request.empty() || !result.removals.empty() || !result.query_sets.empty() ||
                         !result.query_removals.empty();
    for (const HeaderChange& change : result.request) change.apply(headers);
    for (const std::string& name : result.removals) {
      if (!name.starts_with(':') && name != "host") headers.remove(name);
    }
    change_query(result, headers);
    response_changes_ = std::move(result.response);
    if (changes && config_.clear_route_cache) stream_->clear_route_cache();
    stream_->continue_request();
  }

  static void change_query(const CheckResult& result, HeaderMap& headers) {
    if (result.query_sets.empty() && result.query_removals.empty()) return;
    const std::string path(headers.get(HeaderId::Path));
    const size_t mark = std::min(path.find('?'), path.size());
    std::string changed = path.substr(0, mark);
    char separator = '?';
    const auto add = [&](std::string_view pair) {
      changed.append(1, separator).append(pair);
      separator = '&';
    };
    const auto replaced = [&result](std::string_view name) {
      return std::any_of(result.query_removals.begin(), result.query_removals.end(),
                         [name](const std::string& key) { return key == name; }) ||
             std::any_of(result.query_sets.begin(), result.query_sets.end(),
                         [name](const auto& pair) { return pair.first == name; });
    };
    std::string_view rest = std::string_view(path).substr(std::min(mark + 1, path.size()));
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, std::min(rest.find('&'), rest.size()));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      if (!pair.empty() && !replaced(pair.substr(0, std::min(pair.find('='), pair.size())))) add(pair);
    }
    for (const auto& [name, value] : result.query_sets) {
      add(name);
      changed.append("=").append(value);
    }
    const HeaderChange change{":path", changed, HeaderChange::Action::Set};
    if (change.valid() && changed.find(' ') == std::string::npos) headers.set(HeaderId::Path, changed);
  }

  void deny(const CheckResult& result) {
    count(ExtAuthzStat::denied);
    count(ClusterStat::ext_authz_denied);
    if (config_.charge_cluster) {
      if (const WorkerCluster* cluster = route_cluster()) {
        record_response(stream_->worker().stats, cluster->config().stats, {.status = result.status});
      }
    }
    HeaderMap headers(stream_->request_headers().arena(), HeaderMapKind::Response);
    for (const HeaderChange& change : result.response) change.apply(headers);
    stream_->reply({.status = result.status,
                    .body = result.body,
                    .details = "ext_authz_denied",
                    .flag = &unauthorized,
                    .headers = &headers});
  }

  void fail() {
    count(ExtAuthzStat::error);
    count(ClusterStat::ext_authz_error);
    if (!config_.failure_mode_allow) {
      stream_->reply(
          {.status = config_.status_on_error, .details = "ext_authz_error", .flag = &unauthorized});
      return;
    }
    count(ExtAuthzStat::failure_mode_allowed);
    count(ClusterStat::ext_authz_failure_mode_allowed);
    if (config_.failure_header) {
      stream_->request_headers().set("x-envoy-auth-failure-mode-allowed", "true");
    }
    stream_->continue_request();
  }

  // Where the request would go, which is where decisions are counted; null where it goes nowhere.
  const WorkerCluster* route_cluster() {
    const RouteResult& route = stream_->route();
    if (route.route == nullptr || route.route->kind != RouteKind::Forward) return nullptr;
    UpstreamDirectory& upstreams = stream_->async_client().upstreams();
    return route.cluster == cluster_by_name ? upstreams.cluster(route.cluster_name)
                                            : upstreams.cluster(route.cluster);
  }
  void count(ExtAuthzStat stat) { stream_->worker().stats.add(config_.stats, stat); }
  void count(ClusterStat stat) {
    if (const WorkerCluster* cluster = route_cluster()) {
      stream_->worker().stats.add(cluster->config().stats.cluster, stat);
    }
  }
  void cancel() {
    grpc_call_.cancel();
    if (AsyncCall* call = std::exchange(http_call_, nullptr)) call->cancel();
  }

  const Config& config_;
  const Config* route_;
  Stream* stream_ = nullptr;
  GrpcUnary grpc_call_{*this};
  AsyncCall* http_call_ = nullptr;
  std::vector<HeaderChange> response_changes_;
  State state_ = State::Idle;
};

std::optional<BodyRules> read_body_rules(ConfigView settings) {
  if (!settings) return std::nullopt;
  return BodyRules{.bytes_max = settings.uint("max_request_bytes"),
                   .allow_partial = settings.boolean("allow_partial_message"),
                   .as_bytes = settings.boolean("pack_as_bytes")};
}

Result<bool> read_services(ConfigView view, Config& config) {
  if (view.has("grpc_service")) {
    auto service = GrpcService::read(view["grpc_service"]);
    if (!service) return ConfigError{"grpc_service." + service.error().path, service.error().reason};
    config.grpc = std::move(service.value());
  }
  if (view.has("http_service")) {
    auto service = AuthzHttpService::read(view["http_service"], view["allowed_headers"]);
    if (!service) return ConfigError{"http_service." + service.error().path, service.error().reason};
    config.http = std::move(service.value());
  }
  return true;
}

Result<bool> read_matchers(ConfigView view, std::string_view field, std::optional<StringMatchers>& out) {
  if (!view.has(field)) return true;
  auto matchers = StringMatchers::read(view[field].list("patterns"));
  if (!matchers)
    return ConfigError{std::string(field) + ".patterns" + matchers.error().path, matchers.error().reason};
  out = std::move(matchers.value());
  return true;
}

Result<Config> read_config(ConfigView view, FilterBuildContext& context) {
  Config config;
  if (auto read = read_services(view, config); !read) return read.error();
  if (!config.grpc && !config.http) return ConfigError{"", "one of grpc_service and http_service"};
  if (auto read = read_matchers(view, "allowed_headers", config.allowed); !read) return read.error();
  if (auto read = read_matchers(view, "disallowed_headers", config.disallowed); !read) return read.error();
  std::string prefix = std::string(context.stat_prefix) + "ext_authz.";
  if (const std::string_view own = view.string("stat_prefix"); !own.empty()) prefix.append(own).append(".");
  config.stats = context.stats.add_scope<ExtAuthzStat>(prefix);
  config.body = read_body_rules(view["with_request_body"]);
  if (view.has("filter_enabled")) config.enabled = RuntimeFraction::read(view["filter_enabled"]);
  config.deny_at_disable = view["deny_at_disable"].boolean("default_value");
  config.deny_at_disable_key = view["deny_at_disable"].string("runtime_key");
  config.failure_mode_allow = view.boolean("failure_mode_allow");
  config.failure_header = view.boolean("failure_mode_allow_header_add");
  config.clear_route_cache = view.boolean("clear_route_cache");
  config.peer_certificate = view.boolean("include_peer_certificate");
  config.tls_session = view.boolean("include_tls_session");
  config.raw_headers = view.boolean("encode_raw_headers");
  config.validate_mutations = view.boolean("validate_mutations");
  config.charge_cluster = view.boolean("charge_cluster_response_stats", true);
  if (const uint16_t status = read_http_status(view["status_on_error"]["code"]); status >= 200) {
    config.status_on_error = status;
  }
  return config;
}

Result<Config> read_route_config(ConfigView view, FilterBuildContext&) {
  Config config;
  config.disabled = view.boolean("disabled");
  const ConfigView settings = view["check_settings"];
  if (auto read = read_services(settings, config); !read) {
    return ConfigError{"check_settings." + read.error().path, read.error().reason};
  }
  config.no_body = settings.boolean("disable_request_body_buffering");
  config.body = read_body_rules(settings["with_request_body"]);
  for (const auto& entry : settings["context_extensions"].members()) {
    config.extensions.emplace_back(entry.key, entry.value().as_string());
  }
  return config;
}

}  // namespace

const HttpFilterType ext_authz = http_filter_type<ExtAuthz, read_config, read_route_config>(
    "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
    "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute");

}  // namespace outrider
