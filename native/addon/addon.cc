// The door from TypeScript (N-API, C interface): the only room that may name it. Calls and their answers are
// described in src/native/boundary.ts; configuration and answers cross as JSON text, statistics as typed arrays.
#include <node_api.h>

#include <string>
#include <string_view>

#include "addon/stats_binding.h"
#include "base/json_text.h"
#include "base/regex.h"
#include "formatter/format.h"
#include "worker/engine.h"

namespace outrider {
namespace {

// One process has one engine; it is Node's to free, when the environment ends.
struct Addon {
  std::unique_ptr<Engine> engine;
};

// The arguments of one call.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = 2;
    napi_get_cb_info(env, info, &count, arguments_, nullptr, reinterpret_cast<void**>(&addon_));
  }
  napi_env env() const { return env_; }
  Engine& engine() const { return *addon_->engine; }
  Addon& addon() const { return *addon_; }

  std::string text(int index) const {
    size_t bytes = 0;
    if (napi_get_value_string_utf8(env_, arguments_[index], nullptr, 0, &bytes) != napi_ok) return {};
    std::string text(bytes, '\0');
    napi_get_value_string_utf8(env_, arguments_[index], text.data(), bytes + 1, &bytes);
    return text;
  }
  bool boolean(int index) const {
    bool value = false;
    napi_get_value_bool(env_, arguments_[index], &value);
    return value;
  }
  double number(int index) const {
    double value = 0;
    napi_get_value_double(env_, arguments_[index], &value);
    return value;
  }
  Ref<const SharedConfig> config(int index) const { return SharedConfig::parse(text(index)); }

  napi_value answer(std::string_view text) const {
    napi_value value = nullptr;
    napi_create_string_utf8(env_, text.data(), text.size(), &value);
    return value;
  }
  napi_value answer(double number) const {
    napi_value value = nullptr;
    napi_create_double(env_, number, &value);
    return value;
  }
  napi_value nothing() const {
    napi_value value = nullptr;
    napi_get_undefined(env_, &value);
    return value;
  }

 private:
  napi_env env_;
  napi_value arguments_[2] = {};
  Addon* addon_ = nullptr;
};

// A list of what was refused; empty: all is well.
class Faults {
 public:
  Faults() { out_.begin_list(); }
  void add(std::string_view name, const ConfigError& error) {
    out_.begin_object();
    out_.key("name").text(name);
    out_.key("path").text(error.path);
    out_.key("reason").text(error.reason);
    out_.end_object();
  }
  std::string take() { return out_.end_list().take(); }

 private:
  JsonText out_;
};

// What was refused of one named thing.
std::string faults_of(std::string_view name, const Result<bool>& result) {
  Faults faults;
  if (!result) faults.add(name, result.error());
  return faults.take();
}

constexpr std::string_view not_json = "[{\"name\":\"\",\"path\":\"\",\"reason\":\"not JSON\"}]";

napi_value create(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> options = call.config(0);
  if (!options) return call.answer(not_json);
  call.addon().engine = std::make_unique<Engine>(EngineOptions::read(options->root()));
  return call.answer("[]");
}

napi_value set_clusters(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> clusters = call.config(0);
  if (!clusters) return call.answer(not_json);
  Faults faults;
  for (const ConfigView cluster : clusters->root()) {
    const auto result = call.engine().set_cluster(clusters, cluster);
    if (!result) faults.add(cluster.string("name"), result.error());
  }
  call.engine().publish();
  return call.answer(faults.take());
}

napi_value set_endpoints(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> assignment = call.config(1);
  if (!assignment) return call.answer(not_json);
  const std::string name = call.text(0);
  const auto result = call.engine().set_endpoints(name, assignment, assignment->root());
  call.engine().publish();
  return call.answer(faults_of(name, result));
}

napi_value set_secret(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> secret = call.config(1);
  if (!secret) return call.answer(not_json);
  const std::string name = call.text(0);
  const auto result = call.engine().set_secret(name, secret);
  return call.answer(faults_of(name, result));
}

napi_value set_host_health(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> hosts = call.config(1);
  if (hosts) call.engine().set_host_health(call.text(0), hosts->root());
  call.engine().publish();
  return call.nothing();
}

napi_value remove_cluster(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const std::string name = call.text(0);
  const auto result = call.engine().remove_cluster(name);
  call.engine().publish();
  return call.answer(faults_of(name, result));
}

napi_value set_routes(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> routes = call.config(1);
  if (!routes) return call.answer(not_json);
  const std::string name = call.text(0);
  const auto result = call.engine().set_routes(name, routes);
  call.engine().publish();
  return call.answer(faults_of(name, result));
}

napi_value remove_routes(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().remove_routes(call.text(0));
  call.engine().publish();
  return call.nothing();
}

napi_value add_listener(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> listener = call.config(0);
  JsonText out;
  out.begin_object();
  if (!listener) {
    out.key("reason").text("not JSON");
    return call.answer(out.end_object().take());
  }
  const auto result = call.engine().add_listener(listener);
  if (!result) {
    out.key("path").text(result.error().path);
    out.key("reason").text(result.error().reason);
    return call.answer(out.end_object().take());
  }
  out.key("addresses").begin_list();
  for (const Address& address : result.value()) {
    out.begin_object();
    out.key("ip").text(address.ip());
    out.key("port").number(address.port());
    out.key("pipe").boolean(!address.is_ip());
    out.end_object();
  }
  out.end_list();
  return call.answer(out.end_object().take());
}

napi_value remove_listener(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().remove_listener(call.text(0));
  return call.nothing();
}

napi_value start(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().start();
  return call.nothing();
}

napi_value stop(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (call.addon().engine != nullptr) call.engine().stop();
  return call.nothing();
}

napi_value stop_accepting(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().stop_accepting();
  return call.nothing();
}

napi_value drain_connections(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().drain_connections();
  return call.nothing();
}

napi_value set_draining(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().set_draining(call.boolean(0));
  return call.nothing();
}

napi_value set_health_failed(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().set_health_failed(call.boolean(0));
  return call.nothing();
}

napi_value set_runtime(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Ref<const SharedConfig> values = call.config(0);
  if (values) call.engine().set_runtime(values->root());
  return call.nothing();
}

napi_value reopen_logs(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().reopen_logs();
  return call.nothing();
}

napi_value connections(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return call.answer(static_cast<double>(call.engine().connections()));
}

napi_value describe_hosts(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return call.answer(call.engine().describe_hosts());
}

napi_value read_stats(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().refresh_gauges();
  return outrider::read_stats(env, call.engine().stats(), static_cast<uint64_t>(call.number(0)),
                              call.boolean(1) ? StatsRegistry::Read::Histograms : StatsRegistry::Read::All);
}

napi_value count_update(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  call.engine().count_update(call.text(0), call.text(1));
  return call.nothing();
}

// Checks for the configuration room; these need no engine. The answer is empty when there is no fault.
napi_value regex_fault(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const auto result = Regex::compile(call.text(0));
  return call.answer(result ? std::string_view{} : std::string_view(result.error().reason));
}

napi_value format_fault(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  // Whether the extension is configured, SubstitutionFormat says when it reads the whole.
  const auto result = Format::parse(call.text(0), MissingValue::Dash, {.req_without_query = true});
  return call.answer(result ? std::string_view{} : std::string_view(result.error().reason));
}

void free_addon(napi_env, void* data, void*) { delete static_cast<Addon*>(data); }

napi_value init(napi_env env, napi_value exports) {
  auto* addon = new Addon();
  napi_set_instance_data(env, addon, free_addon, nullptr);
#define OUTRIDER_METHOD(call, name) {name, nullptr, call, nullptr, nullptr, nullptr, napi_enumerable, addon},
  const napi_property_descriptor methods[] = {OUTRIDER_CALLS(OUTRIDER_METHOD)};
#undef OUTRIDER_METHOD
  napi_define_properties(env, exports, std::size(methods), methods);
  napi_value version = nullptr;
  if (napi_create_string_utf8(env, OUTRIDER_VERSION, NAPI_AUTO_LENGTH, &version) != napi_ok) return exports;
  napi_set_named_property(env, exports, "version", version);
  return exports;
}

}  // namespace
}  // namespace outrider

NAPI_MODULE(NODE_GYP_MODULE_NAME, outrider::init)
