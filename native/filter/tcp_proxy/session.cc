#include "filter/tcp_proxy/session.h"

#include <algorithm>
#include <utility>

#include "base/xxhash64.h"
#include "filter/tcp_proxy/raw_upstream.h"
#include "router/router.h"

namespace outrider {

// Reads of this size show a flow that is worth a pipe; moves below the other do not.
static constexpr size_t splice_read_bytes_min = 64 * 1024;
static constexpr uint64_t splice_move_bytes_min = 16 * 1024;

TcpProxySession::TcpProxySession(const TcpProxyConfig& config, NetworkWorker& network, DownstreamOwner& owner,
                                 const ConnectionInfo& info, uint32_t buffer_limit_bytes)
    : TerminalBase(network, owner, info, buffer_limit_bytes), config_(config) {
  const EventLoop& loop = network.worker.loop;
  stream_.connection = &this->info();
  stream_.downstream_remote = &this->info().direct_remote;
  if (const ConnectionFacts* facts = info.facts.get(); facts != nullptr && facts->metadata != nullptr)
    stream_.dynamic_metadata = facts->metadata->root();
  stream_.timing.start_ns = loop.now_ns();
  stream_.start_wall_us = loop.wall_us();
  count(TcpProxyStat::downstream_cx_total);
}

void TcpProxySession::begin() {
  const uint64_t now = loop().now_ms();
  if (const uint64_t most = config_.max_connection_duration_ms; most != 0) {
    const auto jitter = static_cast<uint64_t>(static_cast<double>(most) *
                                              config_.max_connection_duration_jitter_percent / 100);
    ends_at_ms_ = now + most + (jitter == 0 ? 0 : network().worker.random.next() % jitter);
  }
  if (config_.log_interval_ms != 0 && !config_.access_logs.empty())
    next_log_ms_ = now + config_.log_interval_ms;
  if (config_.log_on_start) log(AccessLogType::NotSet);
  connection().pause_reads();  // until there is somebody to send it to
  touch();
  watch();
  target_ = &config_.pick(network().worker.random);
  establish();
}

// ---- the way up ----------------------------------------------------------------------------------------------

WorkerCluster* TcpProxySession::find_cluster() {
  // What a filter before us has laid down counts more than the configuration.
  const ConnectionFacts* const facts = info().facts.get();
  const std::string* const named = facts == nullptr ? nullptr : facts->find("envoy.tcp_proxy.cluster");
  WorkerCluster* cluster = named == nullptr ? network().upstreams.cluster(target_->cluster)
                                            : network().upstreams.cluster(std::string_view(*named));
  if (cluster == nullptr) return nullptr;
  cluster_ = Ref<const ClusterConfig>(&cluster->config());
  stream_.upstream_cluster_name = cluster_->observability_name;
  stream_.upstream_cluster_raw_name = cluster_->name;
  stream_.cluster_metadata = cluster_->metadata;
  return cluster;
}

// Tries until an attempt is under way, or there is none left.
void TcpProxySession::establish() {
  retry_at_ms_ = UINT64_MAX;
  for (;;) {
    WorkerCluster* const cluster = find_cluster();
    if (cluster == nullptr) {
      count(TcpProxyStat::downstream_cx_no_route);
      return give_up(ResponseFlag::NoClusterFound);
    }
    StatsBlock& block = stats();
    const StatScope<ClusterStat> scope = cluster_->stats.cluster;
    if (!cluster_->breakers().can_acquire(RoutePriority::Default, Resource::Connections)) {
      block.add(scope, ClusterStat::upstream_cx_overflow);
      return give_up(ResponseFlag::UpstreamOverflow);
    }
    if (attempts_ >= config_.connect_attempts_max) {
      block.add(scope, ClusterStat::upstream_cx_connect_attempts_exceeded);
      return give_up(ResponseFlag::UpstreamRetryLimitExceeded);
    }
    LbContext choice{.random = network().worker.random};
    if (config_.hash_source_ip) choice.hash = xxhash64(info().direct_remote.ip());
    HostSlot* const slot = cluster->choose_host(choice);
    if (slot == nullptr) {
      block.add(scope, ClusterStat::upstream_cx_none_healthy);
      return give_up(ResponseFlag::NoHealthyUpstream);
    }
    if (try_connect(*cluster, *slot)) return;
  }
}

// False: it has failed at once.
bool TcpProxySession::try_connect(WorkerCluster& cluster, HostSlot& slot) {
  ++attempts_;
  host_ = slot.host;
  stream_.attempt_count = static_cast<uint16_t>(std::min<uint32_t>(attempts_, UINT16_MAX));
  stream_.upstream_host_name = host_->hostname;
  stream_.upstream_remote = &host_->address;
  stream_.host_metadata = host_->metadata;
  stream_.timing.upstream_request_start_ns = loop().now_ns();
  upstream_ = new RawUpstream(network().upstreams.tcp_pool(cluster, slot, RoutePriority::Default), *this);
  requesting_ = true;
  upstream_->request();
  requesting_ = false;
  return upstream_ != nullptr || over();
}

void TcpProxySession::give_up(ResponseFlag flag) {
  stream_.set(flag);
  abort();
}

void TcpProxySession::on_upstream_failed(ResetReason reason, std::string_view transport_failure) {
  upstream_ = nullptr;
  transport_failure_ = transport_failure;
  stream_.upstream_transport_failure_reason = transport_failure_;
  stream_.set(reason == ResetReason::Overflow ? ResponseFlag::UpstreamOverflow
                                              : ResponseFlag::UpstreamConnectionFailure);
  if (requesting_) return;
  if (config_.backoff_base_ms == 0) return establish();
  const uint32_t doublings = std::min<uint32_t>(attempts_ - 1, 20);
  const uint64_t ceiling = std::min(config_.backoff_base_ms << doublings, config_.backoff_max_ms);
  retry_at_ms_ = loop().now_ms() + network().worker.random.next() % std::max<uint64_t>(ceiling, 1) + 1;
  watch();
}

void TcpProxySession::on_upstream_connected(const UpstreamConnectionInfo& info) {
  connected_ = true;
  upstream_info_ = info;
  stream_.upstream_remote = &upstream_info_.remote;
  stream_.upstream_local = &upstream_info_.local;
  stream_.upstream_connection_id = info.id;
  stream_.timing.upstream_connect_start_ns = info.connect_start_ns;
  stream_.timing.upstream_connect_complete_ns = info.connect_complete_ns;
  stream_.timing.upstream_pool_ready_ns = loop().now_ns();
  touch();
  watch();
  if (config_.log_on_connected) log(AccessLogType::TcpUpstreamConnected);
  connection().resume_reads();
}

void TcpProxySession::count_up(uint64_t bytes) {
  if (stream_.bytes_received == 0) stream_.timing.first_upstream_tx_byte_ns = loop().now_ns();
  stream_.timing.last_downstream_rx_byte_ns = stream_.timing.last_upstream_tx_byte_ns = loop().now_ns();
  stream_.bytes_received += bytes;
  stream_.downstream_wire.received += bytes;
  stream_.upstream_wire.sent += bytes;
  count(TcpProxyStat::downstream_cx_rx_bytes_total, bytes);
  touch();
}

size_t TcpProxySession::on_data(std::string_view bytes) {
  if (!connected_ || upstream_ == nullptr) return over() || connection().closing() ? bytes.size() : 0;
  count_up(bytes.size());
  upstream_->send(bytes);
  if (bytes.size() < splice_read_bytes_min || upstream_ == nullptr) return bytes.size();
  Connection* const to = connection().plain() ? upstream_->socket() : nullptr;
  if (to != nullptr) up_.start(connection(), *to);
  return bytes.size();
}

void TcpProxySession::on_end_of_input() {
  if (std::exchange(client_ended_, true) || upstream_ == nullptr) return;
  upstream_->end();
  after_half(upstream_ended_);
}

// What the upstream cannot take holds the client back.
void TcpProxySession::on_upstream_full(bool full) {
  count(full ? TcpProxyStat::downstream_flow_control_paused_reading_total
             : TcpProxyStat::downstream_flow_control_resumed_reading_total);
  full ? connection().pause_reads() : connection().resume_reads();
}

// ---- the way down --------------------------------------------------------------------------------------------

void TcpProxySession::count_down(uint64_t bytes) {
  StreamTiming& timing = stream_.timing;
  if (stream_.bytes_sent == 0)
    timing.first_upstream_rx_byte_ns = timing.first_downstream_tx_byte_ns = loop().now_ns();
  timing.last_upstream_rx_byte_ns = timing.last_downstream_tx_byte_ns = loop().now_ns();
  stream_.bytes_sent += bytes;
  stream_.upstream_wire.received += bytes;
  stream_.downstream_wire.sent += bytes;
  count(TcpProxyStat::downstream_cx_tx_bytes_total, bytes);
  touch();
}

void TcpProxySession::on_upstream_data(std::string_view bytes) {
  if (!connection().open()) return;
  count_down(bytes.size());
  connection().output().append_borrowed(bytes);
  connection().send_soon();
  if (bytes.size() < splice_read_bytes_min || upstream_ == nullptr) return;
  Connection* const from = connection().plain() ? upstream_->socket() : nullptr;
  if (from != nullptr) down_.start(*from, connection());
}

void TcpProxySession::on_upstream_end() {
  if (std::exchange(upstream_ended_, true)) return;
  if (connection().open()) connection().end_output();
  after_half(client_ended_);
}

void TcpProxySession::on_output_full(bool full) {
  if (upstream_ == nullptr) return;
  full ? upstream_->pause() : upstream_->resume();
}

// Both have ended: what is on its way goes out, then it is over.
void TcpProxySession::after_half(bool both) {
  if (!both) return;
  up_.stop();
  down_.stop();
  if (ProxyUpstream* const upstream = std::exchange(upstream_, nullptr))
    upstream->release(ProxyUpstream::Ending::Flush);
  connection().close_when_written(0);
}

void TcpProxySession::on_upstream_closed() {
  up_.stop();
  down_.stop();
  upstream_ = nullptr;
  connection().close_when_written(0);
}

// ---- past user space -----------------------------------------------------------------------------------------

void TcpProxySession::Flow::start(Connection& from, Connection& to) {
  if (splice_ != nullptr) return;
  splice_ = std::make_unique<Splice>(from, to, UINT64_MAX, *this);
  if (!splice_->ready()) return splice_.reset();  // out of descriptors: through user space, then
  from_ = &from;
  from.offer_again();
}

void TcpProxySession::Flow::on_spliced(uint64_t bytes) {
  upward_ ? session_.count_up(bytes) : session_.count_down(bytes);
}

// The end, or what broke, is read in the ordinary way.
void TcpProxySession::Flow::on_splice_cut_off() {
  splice_.reset();
  from_->offer_again();
}

void TcpProxySession::Flow::on_splice_idle(uint64_t bytes) {
  if (bytes < splice_move_bytes_min) splice_.reset();
}

// ---- time, log and end ---------------------------------------------------------------------------------------

void TcpProxySession::watch() {
  uint64_t due = std::min({ends_at_ms_, next_log_ms_, retry_at_ms_});
  if (config_.idle_timeout_ms != 0 && connected_) due = std::min(due, active_ms_ + config_.idle_timeout_ms);
  if (due != UINT64_MAX) loop().timers().require(*this, std::max(due, loop().now_ms() + 1));
}

void TcpProxySession::on_timer() {
  const uint64_t now = loop().now_ms();
  if (now >= ends_at_ms_) {
    count(TcpProxyStat::max_downstream_connection_duration);
    return give_up(ResponseFlag::DurationTimeout);
  }
  if (connected_ && config_.idle_timeout_ms != 0 && now >= active_ms_ + config_.idle_timeout_ms) {
    count(TcpProxyStat::idle_timeout);
    return give_up(ResponseFlag::StreamIdleTimeout);
  }
  if (now >= next_log_ms_) {
    next_log_ms_ = now + config_.log_interval_ms;
    log(AccessLogType::TcpPeriodic);
  }
  if (now >= retry_at_ms_) establish();
  if (!over()) watch();
}

void TcpProxySession::log(AccessLogType type) {
  if (config_.access_logs.empty()) return;
  config_.access_logs.log({.info = &stream_, .log_type = type}, network().log);
}

void TcpProxySession::on_over(CloseReason reason) {
  cancel();
  up_.stop();
  down_.stop();
  // A client that is gone may have sent what the upstream has not got yet.
  if (ProxyUpstream* const upstream = std::exchange(upstream_, nullptr)) {
    const auto ending =
        reason == CloseReason::Local ? ProxyUpstream::Ending::Abort : ProxyUpstream::Ending::Flush;
    if (upstream->release(ending)) count(TcpProxyStat::upstream_flush_total);
  }
  stream_.timing.end_ns = loop().now_ns();
  log(AccessLogType::TcpConnectionEnd);
}

}  // namespace outrider
