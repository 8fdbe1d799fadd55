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
  out.local_ipv6 = options.boolean("local_ipv6");
  out.node_id = options.string("node_id");
  out.node_cluster = options.string("node_cluster");
  return out;
}

Engine::Engine(EngineOptions options)
    : options_(std::move(options)), local_ip_(local_ip_address(options_.local_ipv6)) {
  logs_ = std::make_unique<LogFiles>(LogFileOptions{.worker_count = options_.concurrency,
                                                    .flush_interval_ms = options_.log_flush_interval_ms,
                                                    .flush_bytes_min = options_.log_flush_bytes_min});
  drain_.drain_time_ms = options_.drain_time_ms;
  drain_.gradual = options_.gradual_drain;
  stats_.add_scope<RouterStat>("http.async-client.");
  filesystem_stats_ = stats_.add_scope<FilesystemStat>("filesystem.");
  std::random_device seeds;
  for (uint32_t i = 0; i < options_.concurrency; ++i) {
    const uint64_t seed = (uint64_t{seeds()} << 32) | seeds();
    workers_.push_back(std::make_unique<Worker>(i, *stats_.add_block(), drain_, seed));
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

Result<bool> Engine::remove_cluster(std::string_view name) {
  if (!clusters_.remove(name)) return ConfigError{"name", "no such cluster: " + std::string(name)};
  unpublished_.push_back([index = cluster_index(name)](Worker& worker) { worker.remove_cluster(index); });
  return true;
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

// By worker, then by address. Without SO_REUSEPORT the workers share one socket through descriptors of their own.
Result<std::vector<std::vector<int>>> Engine::open_sockets(ListenerConfig& config) {
  std::vector<std::vector<int>> sockets(workers_.size());
  const auto close_all = [&] {
    for (auto& list : sockets) {
      for (const int fd : list) ::close(fd);
    }
  };
  for (Address& address : config.addresses) {
    const bool spread = config.reuse_port && address.is_ip();
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (i > 0 && !spread) {
        sockets[i].push_back(::dup(sockets[0].back()));
        continue;
      }
      auto fd = open_listen_socket(config, address, spread);
      if (!fd) {
        close_all();
        return fd.error();
      }
      sockets[i].push_back(fd.value());
      sockaddr_storage bound;
      socklen_t bytes = sizeof(bound);
      if (getsockname(fd.value(), reinterpret_cast<sockaddr*>(&bound), &bytes) == 0) {
        address =
            Address::from_sockaddr(reinterpret_cast<sockaddr*>(&bound), bytes);  // port 0 has become real
      }
    }
  }
  return sockets;
}

Result<std::vector<Address>> Engine::add_listener(Ref<const SharedConfig> source) {
  HcmBuildContext hcm = hcm_context();
  uint64_t connections_max = UINT64_MAX;
  if (runtime_ != nullptr) {
    const std::string key =
        "envoy.resource_limits.listener." + std::string(source->root().string("name")) + ".connection_limit";
    connections_max = runtime_->integer(key, UINT64_MAX);
  }
  ListenerConfig::BuildContext context{hcm, *this, stats_, static_cast<uint32_t>(workers_.size()),
                                       connections_max};
  auto built = ListenerConfig::build(std::move(source), context);
  if (!built) return built.error();
  Ref<ListenerConfig> config = built.value();
  if (config->bind_to_port) {
    auto sockets = open_sockets(*config);
    if (!sockets) return sockets.error();
    publish();
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->post(
          [config, fds = sockets.value()[i]](Worker& worker) { worker.add_listener(config, fds); });
    }
  }
  listeners_[config->name] = config;
  return config->addresses;
}

void Engine::remove_listener(std::string_view name) {
  listeners_.erase(std::string(name));
  post_all([name = std::string(name)](Worker& worker) { worker.remove_listener(name); });
}

// ---- the rest ------------------------------------------------------------------------------------------------

void Engine::stop_accepting() {
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
