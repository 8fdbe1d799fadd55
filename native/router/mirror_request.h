#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/intrusive_list.h"
#include "codec/header_map.h"
#include "codec/stream_codec.h"
#include "router/mirror_policy.h"
#include "upstream/pool/connection_pool.h"
#include "upstream/worker_cluster.h"

namespace outrider {

class UpstreamDirectory;

// A copy of a request whose answer nobody waits for. It outlives the stream that it was copied from, and frees itself
// with its exchange.
class MirrorRequest final : public ListLink<MirrorRequest>, PoolWaiter, ResponseDecoder, Deferred, Timer {
 public:
  // What is copied. `trailers` may be null.
  struct Source {
    const HeaderMap& headers;
    std::string_view body;
    const HeaderMap* trailers;
    FormatContext context;
    std::string& scratch;
    std::string_view local_ip;
    uint64_t timeout_ms;  // 0: none
  };
  // Nothing happens where the cluster, or a host in it, is missing.
  static void send(const MirrorPolicy& policy, WorkerContext& worker, UpstreamDirectory& upstreams,
                   const Source& source);

  // The worker ends.
  void abandon() { end(); }

 private:
  MirrorRequest(WorkerContext& worker, const ClusterConfig& cluster, Ref<const Host> host)
      : worker_(worker), cluster_(&cluster), host_(std::move(host)) {}
  void copy(const MirrorPolicy& policy, const Source& source);

  // PoolWaiter
  void on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo& info, bool reused) override;
  void on_pool_failure(ResetReason reason, std::string_view transport_failure) override;
  // ResponseDecoder
  HeaderMap& response_headers() override { return *new_map(HeaderMapKind::Response); }
  HeaderMap& response_trailers() override { return *new_map(HeaderMapKind::ResponseTrailers); }
  bool is_head_request() const override { return headers_.get(HeaderId::Method) == "HEAD"; }
  bool is_connect_request() const override { return false; }
  bool is_upgrade_request() const override { return false; }
  Connection* splice_target() override { return nullptr; }
  void on_spliced(uint64_t) override {}
  void on_1xx(HeaderMap&) override {}
  void on_headers(HeaderMap& headers, EndStream end) override;
  void on_data(std::string_view data, EndStream end) override;
  void on_trailers(HeaderMap& trailers) override;
  void on_reset(ResetReason reason) override;
  void on_output_full(bool) override {}  // the body is here already

  void on_timer() override;
  void free_deferred() override { delete this; }
  HeaderMap* new_map(HeaderMapKind kind);
  void count(uint16_t status);
  void end();

  WorkerContext& worker_;
  Ref<const ClusterConfig> cluster_;
  Ref<const Host> host_;
  Arena arena_{worker_.arena_blocks};
  HeaderMap headers_{arena_, HeaderMapKind::Request};
  HeaderMap trailers_{arena_, HeaderMapKind::RequestTrailers};
  std::string body_;
  ConnectionPool* pool_ = nullptr;
  MessageEncoder* encoder_ = nullptr;
  uint64_t sent_ns_ = 0;
  bool ended_ = false;
};

}  // namespace outrider
