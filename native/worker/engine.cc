#include "worker/engine.h"

#include <unistd.h>

#include <random>
#include <utility>

#include "base/json_text.h"

namespace outrider {

EngineOptions EngineOptions::read(ConfigView options) {
  EngineOptions out;
  out.concurrency = static_cast<uint32_t>(std::max<uint64_t>(1, options.uint("concurrency", 1)));
  out.log_flush_interval_ms =
      static_cast<uint32_t>(options.uint("log_flush_interval_ms", out.log_flush_interval_ms));
  out.log_flush_bytes_min =
      static_cast<uint32_t>(options.uint("log_flush_bytes_min", out.log_flush_bytes_min));
  out.drain_time_ms = options.uint("drain_time_ms", out.drain_time_ms);
  out.gradual_drain = options.boolean("gradual_drain", true);
  out.downstream_connections_max = options.uint("downstream_connections_max", UINT64_MAX);
  out.local_ipv6 = options.boolean("local_ipv6");
  out.node_id = options.string("node_id");
  out.node_cluster = options.string("node_cluster");
  return out;
}

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      local_ip_(local_ip_address(options_.local_ipv6)),
      secrets_(*this, options_.concurrency),
      clusters_(stats_, &secrets_) {
  logs_ = std::make_unique<LogFiles>(LogFileOptions{.worker_count = options_.concurrency,
                                                    .flush_interval_ms = options_.log_flush_interval_ms,
                                                    .flush_bytes_min = options_.log_flush_bytes_min});
  drain_.drain_time_ms = options_.drain_time_ms;
  drain_.gradual = options_.gradual_drain;
  const auto own_stats = stats_.add_scope<RouterStat>("http.async-client.");
  filesystem_stats_ = stats_.add_scope<FilesystemStat>("filesystem.");
  std::random_device seeds;
  for (uint32_t i = 0; i < options_.concurrency; ++i) {
    const uint64_t seed = (uint64_t{seeds()} << 32) | seeds();
    workers_.push_back(std::make_unique<Worker>(i, *stats_.add_block(), drain_, seed,
                                                Worker::OwnRequests{own_stats, local_ip_}));
    workers_.back()->set_peers(workers_);
  }
}

Engine::~Engine() { stop(); }

void Engine::start() {
  publish();
  started_ = true;
  for (auto& worker : workers_) worker->start();
}

void Engine::stop() {
  for (auto& worker : workers_) worker->stop();
  logs_->close();
}

void Engine::post_all(const Mailbox::Task& task) {
  for (auto& worker : workers_) worker->post(task);
}

void Engine::publish() {
  if (unpublished_.empty()) return;
  auto tasks = std::make_shared<std::vector<Mailbox::Task>>(std::exchange(unpublished_, {}));
  post_all([tasks](Worker& worker) {
    for (const Mailbox::Task& task : *tasks) task(worker);
  });
}

// ---- clusters ------------------------------------------------------------------------------------------------

uint32_t Engine::cluster_index(std::string_view name) {
  return cluster_indices_.try_emplace(std::string(name), static_cast<uint32_t>(cluster_indices_.size()))
      .first->second;
}

Result<bool> Engine::set_cluster(const Ref<const SharedConfig>& source, ConfigView cluster) {
  auto built = clusters_.set_cluster(source, cluster);
  if (!built) return built.error();
  unpublished_.push_back([index = cluster_index(cluster.string("name")), entry = built.value()](
                             Worker& worker) { worker.set_cluster(index, entry.config, entry.endpoints); });
  return true;
}

Result<bool> Engine::set_endpoints(std::string_view name, Ref<const SharedConfig> source,
                                   ConfigView assignment) {
  auto built = clusters_.set_endpoints(name, std::move(source), assignment);
  if (!built) return built.error();
  unpublished_.push_back([index = cluster_index(name), hosts = built.value().endpoints](Worker& worker) {
    worker.set_endpoints(index, hosts);
  });
  return true;
}

void Engine::set_host_health(std::string_view name, ConfigView hosts) {
  const ClusterStore::Entry entry = clusters_.set_health(name, hosts);
  if (!entry.endpoints) return;
  unpublished_.push_back([index = cluster_index(name), endpoints = entry.endpoints](Worker& worker) {
    worker.set_endpoints(index, endpoints);
  });
}

Result<bool> Engine::remove_cluster(std::string_view name) {
  if (!clusters_.remove(name)) return ConfigError{"name", "no such cluster: " + std::string(name)};
  unpublished_.push_back([index = cluster_index(name)](Worker& worker) { worker.remove_cluster(index); });
  return true;
}

// ---- routes --------------------------------------------------------------------------------------------------

Result<Ref<const RouteConfig>> Engine::build_routes(Ref<const SharedConfig> source, ConfigView config) {
  FilterBuildContext filters{"", stats_};
  return RouteConfig::build(std::move(source), config, {*this, filters});
}

void Engine::publish_routes(std::string_view name, const Ref<const RouteConfig>& config) {
  unpublished_.push_back(
      [index = routes_index(name), config](Worker& worker) { worker.set_routes(index, config); });
}

// The first to name it gives it to the workers, without routes.
uint32_t Engine::routes_index(std::string_view name) {
  const auto index = static_cast<uint32_t>(routes_indices_.size());
  const auto [found, is_new] = routes_indices_.try_emplace(std::string(name), index);
  if (is_new) publish_routes(name, build_routes(nullptr, ConfigView()).value());
  return found->second;
}

Result<bool> Engine::set_routes(std::string_view name, Ref<const SharedConfig> source) {
  const ConfigView config = source->root();
  auto built = build_routes(std::move(source), config);
  if (!built) return built.error();
  publish_routes(name, built.value());
  return true;
}

void Engine::remove_routes(std::string_view name) {
  if (routes_indices_.contains(std::string(name))) {
    publish_routes(name, build_routes(nullptr, ConfigView()).value());
  }
}

// ---- secrets -------------------------------------------------------------------------------------------------

Result<bool> Engine::set_secret(std::string_view name, Ref<const SharedConfig> secret) {
  return secrets_.set(name, std::move(secret));
}

void Engine::distribute(const Ref<const TlsFactory>& factory, const Ref<const TlsContext>& context) {
  publish();
  post_all([factory, context](Worker& worker) { factory->install(worker.index(), context); });
}

// ---- listeners -----------------------------------------------------------------------------------------------

HcmBuildContext Engine::hcm_context() const {
  HcmBuildContext context{.log_files = *logs_,
                          .node_id = options_.node_id,
                          .node_cluster = options_.node_cluster,
                          .local_ip = local_ip_};
  if (runtime_ == nullptr) return context;
  context.normalize_path = runtime_->boolean("http_connection_manager.normalize_path", false);
  context.max_request_headers_kb = static_cast<uint32_t>(runtime_->integer(
      "envoy.reloadable_features.max_request_headers_size_kb", context.max_request_headers_kb));
  context.max_request_headers_count = static_cast<uint32_t>(runtime_->integer(
      "envoy.reloadable_features.max_request_headers_count", context.max_request_headers_count));
  return context;
}

static void close_all(const std::vector<std::vector<int>>& sockets) {
  for (const auto& list : sockets) {
    for (const int fd : list) {
      if (fd >= 0) ::close(fd);
    }
  }
}

static Address bound_address(int fd, const Address& otherwise) {
  sockaddr_storage bound;
  socklen_t bytes = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bytes) != 0) return otherwise;
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&bound), bytes);
}

// Without SO_REUSEPORT the workers share one socket through descriptors of their own.
Result<bool> Engine::open_sockets(Listening& listening) {
  const ListenerConfig& config = *listening.config;
  listening.sockets.resize(workers_.size());
  for (ListenAddress where : config.addresses) {
    const bool spread = config.reuse_port && where.address.is_ip();
    for (size_t i = 0; i < workers_.size(); ++i) {
      auto fd = i == 0 || spread ? open_listen_socket(config, where, spread)
                                 : Result<int>(::dup(listening.sockets[0].back()));
      if (fd && fd.value() < 0) fd = ConfigError{"address", "no descriptor left for " + where.address.text()};
      if (!fd) {
        close_all(listening.sockets);
        return fd.error();
      }
      listening.sockets[i].push_back(fd.value());
      where.address = bound_address(fd.value(), where.address);  // port 0 has become real, for all workers
    }
    listening.bound.push_back(where.address);
  }
  return true;
}

// Gives `to` descriptors of its own of the same sockets, with all the connections that wait in them.
bool Engine::share_sockets(const Listening& from, Listening& to) {
  if (from.sockets.empty() || !to.config->same_sockets(*from.config)) return false;
  bool whole = true;
  for (const auto& list : from.sockets) {
    auto& copies = to.sockets.emplace_back();
    for (const int fd : list) {
      copies.push_back(::dup(fd));
      whole &= copies.back() >= 0;
    }
  }
  to.bound = from.bound;
  if (!whole) {
    close_all(to.sockets);
    to = {.config = to.config, .sockets = {}, .bound = {}};
  }
  return whole;
}

Result<std::vector<Address>> Engine::add_listener(Ref<const SharedConfig> source) {
  HcmBuildContext hcm = hcm_context();
  const auto worker_count = static_cast<uint32_t>(workers_.size());
  const bool budget_is_fixed = options_.downstream_connections_max != UINT64_MAX;
  ListenerConfig::BuildContext context{hcm, *this, stats_, secrets_, worker_count, budget_, budget_is_fixed};
  auto built = ListenerConfig::build(std::move(source), context);
  if (!built) return built.error();
  Listening next{.config = built.value(), .sockets = {}, .bound = {}};
  const ListenerConfig& config = *next.config;
  const auto old = listeners_.find(config.name);
  if (!config.bind_to_port) {
    for (const ListenAddress& where : config.addresses) next.bound.push_back(where.address);
    next.sockets.resize(workers_.size());
  } else if (old == listeners_.end() || !share_sockets(old->second, next)) {
    if (auto opened = open_sockets(next); !opened) return opened.error();
  }
  publish();
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->post(
        [shared = next.config, fds = next.sockets[i]](Worker& worker) { worker.add_listener(shared, fds); });
  }
  const std::vector<Address> bound = next.bound;
  listeners_[config.name] = std::move(next);
  apply_connection_limits();
  return bound;
}

void Engine::remove_listener(std::string_view name) {
  const auto found = listeners_.find(std::string(name));
  if (found == listeners_.end()) return;
  // Free for the next that wants it; what is under way does not need the name.
  for (const Address& address : found->second.bound) {
    const bool is_path = address.family() == AF_UNIX && !address.text().starts_with('@');
    if (is_path && found->second.config->bind_to_port) ::unlink(address.text().c_str());
  }
  listeners_.erase(found);
  post_all([name = std::string(name)](Worker& worker) { worker.remove_listener(name); });
}

// As the runtime has them now.
void Engine::apply_connection_limits() {
  const auto limit = [this](const std::string& key) {
    return runtime_ == nullptr ? UINT64_MAX : runtime_->integer(key, UINT64_MAX);
  };
  const uint64_t fixed = options_.downstream_connections_max;
  budget_.max.store(fixed != UINT64_MAX ? fixed : limit("overload.global_downstream_max_connections"),
                    std::memory_order_relaxed);
  for (const auto& [name, listening] : listeners_) {
    listening.config->set_connections_max(
        limit("envoy.resource_limits.listener." + name + ".connection_limit"));
  }
}

// ---- the rest ------------------------------------------------------------------------------------------------

void Engine::stop_accepting() {
  for (auto& [name, listening] : listeners_) listening.sockets.clear();
  post_all([](Worker& worker) { worker.stop_accepting(); });
}

void Engine::drain_connections() {
  drain_asked_ = started_;
  post_all([](Worker& worker) { worker.drain_connections(); });
}

void Engine::set_draining(bool draining) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t ns = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  drain_.started_ns.store(draining ? ns : 0, std::memory_order_relaxed);
}

void Engine::set_health_failed(bool failed) { drain_.health_failed.store(failed, std::memory_order_relaxed); }

void Engine::set_runtime(ConfigView values) {
  runtime_ = std::make_shared<const RuntimeValues>(values);
  apply_connection_limits();
  post_all([runtime = runtime_](Worker& worker) { worker.set_runtime(runtime); });
  for (const std::string& name : clusters_.set_runtime(RuntimeValues(values))) {
    const uint32_t index = cluster_index(name);
    post_all([index, hosts = clusters_.find(name)->endpoints](Worker& worker) {
      worker.set_endpoints(index, hosts);
    });
  }
}

uint64_t Engine::connections() const {
  uint64_t count = 0;
  for (const auto& worker : workers_) {
    // A worker that has not come to drain yet may be about to accept one.
    if (drain_asked_ && !worker->drain_begun()) ++count;
    count += worker->connections();
  }
  return count;
}

bool Engine::count_update(std::string_view cluster, std::string_view stat) {
  return clusters_.count_update(cluster, stat);
}

void Engine::refresh_gauges() {
  const LogFileStats logs = logs_->stats();
  StatsBlock& main = stats_.main();
  main.set(filesystem_stats_, FilesystemStat::write_buffered, logs.write_buffered);
  main.set(filesystem_stats_, FilesystemStat::write_completed, logs.write_completed);
  main.set(filesystem_stats_, FilesystemStat::write_failed, logs.write_failed);
  main.set(filesystem_stats_, FilesystemStat::flushed_by_timer, logs.flushed_by_timer);
  main.set(filesystem_stats_, FilesystemStat::reopen_failed, logs.reopen_failed);
  main.set(filesystem_stats_, FilesystemStat::write_total_buffered, logs.write_total_buffered);
  clusters_.publish();
  clusters_.collect();
}

static std::string_view health_name(HostHealth health) {
  switch (health) {
    case HostHealth::Healthy:
      return "HEALTHY";
    case HostHealth::Degraded:
      return "DEGRADED";
    case HostHealth::Unhealthy:
      break;
  }
  return "UNHEALTHY";
}

std::string Engine::describe_hosts() const {
  JsonText out;
  out.begin_object();
  for (const auto& [name, entry] : clusters_.clusters()) {
    out.key(name).begin_list();
    for (const Ref<const Host>& host : entry.endpoints->hosts()) {
      const auto count = [&](HostStat stat) { return stats_.value(host->state->stats, stat); };
      out.begin_object();
      out.key("address").text(host->address.text());
      out.key("ip").text(host->address.ip());
      out.key("port").number(host->address.port());
      out.key("pipe").boolean(!host->address.is_ip());
      out.key("hostname").text(host->hostname);
      out.key("weight").number(host->weight);
      out.key("priority").number(host->priority);
      out.key("canary").boolean(host->canary);
      out.key("health_flags").number(host->health_flags());
      out.key("health").text(health_name(host->health()));
      out.key("region").text(host->locality.region);
      out.key("zone").text(host->locality.zone);
      out.key("sub_zone").text(host->locality.sub_zone);
      out.key("cx_active").number(count(HostStat::cx_active));
      out.key("cx_connect_fail").number(count(HostStat::cx_connect_fail));
      out.key("cx_total").number(count(HostStat::cx_total));
      out.key("rq_active").number(count(HostStat::rq_active));
      out.key("rq_error").number(count(HostStat::rq_error));
      out.key("rq_success").number(count(HostStat::rq_success));
      out.key("rq_timeout").number(count(HostStat::rq_timeout));
      out.key("rq_total").number(count(HostStat::rq_total));
      out.end_object();
    }
    out.end_list();
  }
  out.end_object();
  return out.take();
}

}  // namespace outrider
