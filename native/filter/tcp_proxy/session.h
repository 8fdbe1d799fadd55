#pragma once
#include <memory>

#include "connection/splice.h"
#include "filter/tcp_proxy/config.h"
#include "filter/tcp_proxy/upstream.h"
#include "filter/terminal_base.h"
#include "upstream/worker_cluster.h"

namespace outrider {

// One downstream connection of a TCP proxy, and the upstream that its bytes go to. Each side may end its half.
class TcpProxySession final : public TerminalBase, UpstreamUser, Timer {
 public:
  TcpProxySession(const TcpProxyConfig& config, NetworkWorker& network, DownstreamOwner& owner,
                  const ConnectionInfo& info, uint32_t buffer_limit_bytes);

  void begin() override;

 private:
  // A flow that goes past user space, one way.
  class Flow final : public SpliceOwner {
   public:
    Flow(TcpProxySession& session, bool upward) : session_(session), upward_(upward) {}
    void start(Connection& from, Connection& to);
    void stop() { splice_.reset(); }

   private:
    void on_spliced(uint64_t bytes) override;
    void on_splice_done() override {}
    void on_splice_cut_off() override;
    void on_splice_idle(uint64_t bytes) override;
    TcpProxySession& session_;
    std::unique_ptr<Splice> splice_;
    Connection* from_ = nullptr;
    bool upward_;
  };
  friend class Flow;

  // ConnectionHandler
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_output_full(bool full) override;
  void on_over(CloseReason reason) override;
  // UpstreamUser
  void on_upstream_connected(const UpstreamConnectionInfo& info) override;
  void on_upstream_failed(ResetReason reason, std::string_view transport_failure) override;
  void on_upstream_data(std::string_view bytes) override;
  void on_upstream_end() override;
  void on_upstream_full(bool full) override;
  void on_upstream_closed() override;

  void on_timer() override;

  WorkerCluster* find_cluster();
  void establish();
  bool try_connect(WorkerCluster& cluster, HostSlot& slot);
  void give_up(ResponseFlag flag);
  void after_half(bool both);
  void touch() { active_ms_ = loop().now_ms(); }
  void watch();
  void log(AccessLogType type);
  void count(TcpProxyStat stat, uint64_t n = 1) { stats().add(config_.stats, stat, n); }
  void count_up(uint64_t bytes);
  void count_down(uint64_t bytes);

  const TcpProxyConfig& config_;
  const TcpProxyConfig::Target* target_ = nullptr;
  ProxyUpstream* upstream_ = nullptr;  // null: none is there or under way
  Flow up_{*this, true};
  Flow down_{*this, false};
  StreamInfo stream_;
  Ref<const Host> host_;
  Ref<const ClusterConfig> cluster_;
  UpstreamConnectionInfo upstream_info_;
  std::string transport_failure_;
  uint64_t active_ms_ = 0;  // when a byte last came by
  uint64_t ends_at_ms_ = UINT64_MAX;
  uint64_t next_log_ms_ = UINT64_MAX;
  uint64_t retry_at_ms_ = UINT64_MAX;
  uint32_t attempts_ = 0;
  bool requesting_ = false;  // a failure that is told meanwhile is dealt with by who asked
  bool connected_ = false;
  bool client_ended_ = false;
  bool upstream_ended_ = false;
};

}  // namespace outrider
