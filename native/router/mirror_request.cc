#include "router/mirror_request.h"

#include <charconv>
#include <new>
#include <utility>

#include "router/router.h"
#include "upstream/cluster_stats.h"

namespace outrider {

void MirrorRequest::send(const MirrorPolicy& policy, WorkerContext& worker, UpstreamDirectory& upstreams,
                         const Source& source) {
  WorkerCluster* const cluster = policy.cluster_header.empty()
                                     ? upstreams.cluster(policy.cluster)
                                     : upstreams.cluster(source.headers.get(policy.cluster_header));
  if (cluster == nullptr) return;
  const LbContext context{.random = worker.random};
  HostSlot* const slot = cluster->choose_host(context);
  if (slot == nullptr) {
    worker.stats.add(cluster->config().stats.cluster, ClusterStat::upstream_cx_none_healthy);
    return;
  }
  auto* const request = new MirrorRequest(worker, cluster->config(), slot->host);
  upstreams.mirrors().push_back(*request);
  request->copy(policy, source);
  if (source.timeout_ms != 0) {
    worker.loop.timers().arm(*request, worker.loop.now_ms() + source.timeout_ms);
  }
  request->pool_ = &upstreams.pool(*cluster, *slot, RoutePriority::Default);
  request->pool_->request(*request, *request);
}

void MirrorRequest::copy(const MirrorPolicy& policy, const Source& source) {
  for (const Header& header : source.headers) headers_.add(header.key(), header.text());
  if (source.trailers != nullptr) {
    for (const Header& header : *source.trailers) trailers_.add(header.key(), header.text());
  }
  body_.assign(source.body);
  policy.mutations.apply(headers_, source.context, source.scratch);
  if (!policy.host_rewrite.empty()) {
    headers_.set(HeaderId::Authority, policy.host_rewrite);
  } else if (!policy.keep_host) {
    headers_.set(HeaderId::Authority, shadow_host(headers_.get(HeaderId::Authority)));
  }
  // As of a request of the proxy's own.
  headers_.set_ref(HeaderId::EnvoyInternal, "true");
  headers_.append_comma(HeaderId::ForwardedFor, source.local_ip);
}

HeaderMap* MirrorRequest::new_map(HeaderMapKind kind) {
  return new (arena_.allocate_small(sizeof(HeaderMap), alignof(HeaderMap))) HeaderMap(arena_, kind);
}

void MirrorRequest::on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo&, bool) {
  encoder_ = &encoder;
  sent_ns_ = worker_.loop.now_ns();
  const bool trailers = !trailers_.empty();
  encoder.encode_headers(headers_, body_.empty() && !trailers ? EndStream::Yes : EndStream::No);
  if (!body_.empty()) {
    encoder.encode_data(body_, trailers ? EndStream::No : EndStream::Yes);
    worker_.loop.flush_lent();  // the encoder only borrows
  }
  if (trailers && encoder_ != nullptr) encoder.encode_trailers(trailers_);
}

void MirrorRequest::on_pool_failure(ResetReason, std::string_view) {
  count(503);
  end();
}

void MirrorRequest::on_headers(HeaderMap& headers, EndStream end_stream) {
  const std::string_view text = headers.get(HeaderId::Status);
  uint16_t status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  count(status);
  record_response_time(worker_.stats, cluster_->stats,
                       {.status = status, .internal = true, .canary = host_->canary},
                       (worker_.loop.now_ns() - sent_ns_) / 1'000'000);
  if (end_stream == EndStream::No) return;
  encoder_ = nullptr;
  end();
}

void MirrorRequest::on_data(std::string_view, EndStream end_stream) {
  if (end_stream == EndStream::No) return;
  encoder_ = nullptr;
  end();
}

void MirrorRequest::on_trailers(HeaderMap&) {
  encoder_ = nullptr;
  end();
}

void MirrorRequest::on_reset(ResetReason reason) {
  encoder_ = nullptr;
  count(reason == ResetReason::ProtocolError ? 502 : 503);
  end();
}

void MirrorRequest::on_timer() {
  worker_.stats.add(cluster_->stats.cluster, ClusterStat::upstream_rq_timeout);
  worker_.stats.add(host_->state->stats, HostStat::rq_timeout);
  count(504);
  end();
}

void MirrorRequest::count(uint16_t status) {
  record_response(worker_.stats, cluster_->stats,
                  {.status = status, .internal = true, .canary = host_->canary});
  worker_.stats.add(host_->state->stats, status >= 500 ? HostStat::rq_error : HostStat::rq_success);
}

void MirrorRequest::end() {
  if (std::exchange(ended_, true)) return;
  Timer::cancel();
  ListLink<MirrorRequest>::unlink();
  if (encoder_ != nullptr) {
    worker_.stats.add(cluster_->stats.cluster, ClusterStat::upstream_rq_tx_reset);
    std::exchange(encoder_, nullptr)->reset(ResetReason::LocalReset);
  } else if (pool_ != nullptr) {
    pool_->cancel(*this);
  }
  worker_.loop.free_later(*this);
}

}  // namespace outrider
