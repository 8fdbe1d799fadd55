#include "router/async_client.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

#include "upstream/cluster_stats.h"

namespace outrider {

AsyncCall& AsyncClient::open(CallHandler* handler, const CallOptions& options) {
  AsyncCall* const call = slab_.make(*this, handler, options);
  calls_.push_back(*call);
  return *call;
}

void AsyncClient::abandon() {
  while (AsyncCall* call = calls_.front()) call->cancel();
}

AsyncCall::AsyncCall(AsyncClient& client, CallHandler* handler, const CallOptions& options)
    : client_(client), handler_(handler), options_(options), arena_(client.worker_.arena_blocks) {}

HeaderMap* AsyncCall::new_map(HeaderMapKind kind) {
  return new (arena_.allocate_small(sizeof(HeaderMap), alignof(HeaderMap))) HeaderMap(arena_, kind);
}

// ---- the request -------------------------------------------------------------------------------------------------

void AsyncCall::start(std::string_view cluster, EndStream end) {
  cluster_name_ = arena_.copy_view(cluster);
  request_ended_ = end == EndStream::Yes;
  if (!headers_.has(HeaderId::Scheme)) headers_.set_ref(HeaderId::Scheme, "http");
  if (options_.envoy_headers) add_envoy_headers();
  retry_ = options_.retry == nullptr ? nullptr : RetryState::create(options_.retry, headers_, arena_);
  if (options_.timeout_ms != 0) deadline_ms_ = client_.worker_.loop.now_ms() + options_.timeout_ms;
  watch_deadline();
  client_.worker_.stats.add(client_.stats_, RouterStat::rq_total);
  inside_ = true;
  try_host();
  inside_ = false;
}

void AsyncCall::add_envoy_headers() {
  headers_.set_ref(HeaderId::EnvoyInternal, "true");
  if (!client_.local_ip_.empty()) headers_.append_comma(HeaderId::ForwardedFor, client_.local_ip_);
}

void AsyncCall::try_host() {
  WorkerCluster* const cluster = client_.upstreams_.cluster(cluster_name_);
  if (cluster == nullptr) {
    client_.worker_.stats.add(client_.stats_, RouterStat::no_cluster);
    return end(CallEnd::NoCluster);
  }
  cluster_ = Ref<const ClusterConfig>(&cluster->config());
  LbContext context{.random = client_.worker_.random};
  if (retry_ != nullptr) {
    context.predicate = retry_;
    context.attempts_max = retry_->host_attempts_max();
  }
  HostSlot* const slot = cluster->choose_host(context);
  if (slot == nullptr) {
    count(ClusterStat::upstream_cx_none_healthy);
    record_response(client_.worker_.stats, cluster_->stats, {.status = 503, .internal = true});
    return end(CallEnd::NoHost);
  }
  host_ = slot->host;
  if (retry_ != nullptr) retry_->remember(host_->state.get(), arena_);
  state_ = State::Waiting;
  pool_ = &client_.upstreams_.pool(*cluster, *slot, options_.priority, Protocol::Http11);
  pool_->request(*this, *this);
}

void AsyncCall::on_pool_ready(MessageEncoder& encoder, const UpstreamConnectionInfo&, bool) {
  encoder_ = &encoder;
  state_ = State::Sent;
  sent_ns_ = client_.worker_.loop.now_ns();
  for (uint32_t i = 0; i < pauses_; ++i) encoder.pause_input();
  const bool all = request_ended_ && body_.empty() && trailers_.empty();
  encoder.encode_headers(headers_, all ? EndStream::Yes : EndStream::No);
  if (encoder_ != nullptr && !all) send_kept();
  if (encoder_ == nullptr) return;
  if (retry_ != nullptr && options_.retry->per_try_timeout_ms != 0) {
    try_deadline_ms_ = client_.worker_.loop.now_ms() + options_.retry->per_try_timeout_ms;
    watch_deadline();
  }
  if (std::exchange(full_told_, false) && handler_ != nullptr) handler_->on_call_output_full(*this, false);
}

void AsyncCall::send_kept() {
  if (!body_.empty()) {
    encoder_->encode_data(body_, request_ended_ && trailers_.empty() ? EndStream::Yes : EndStream::No);
    client_.worker_.loop.flush_lent();  // the encoder only borrows
  }
  if (encoder_ != nullptr && request_ended_ && !trailers_.empty()) encoder_->encode_trailers(trailers_);
  if (retry_ != nullptr || request_ended_) return;
  kept_whole_ = false;
  body_ = {};
}

void AsyncCall::send(std::string_view data, EndStream end_stream) {
  if (state_ == State::Ended || request_ended_) return;
  request_ended_ = end_stream == EndStream::Yes;
  if (kept_whole_ && encoder_ != nullptr && body_.size() + data.size() > kept_bytes_max) {
    kept_whole_ = false;
    retry_ = nullptr;
    release_retry();
    body_ = {};
  }
  if (kept_whole_) body_.append(data);
  inside_ = true;
  if (encoder_ != nullptr) {
    encoder_->encode_data(data, end_stream);
  } else if (body_.size() > kept_bytes_max && !std::exchange(full_told_, true) && handler_ != nullptr) {
    handler_->on_call_output_full(*this, true);
  }
  inside_ = false;
}

void AsyncCall::send_copied(std::string_view data, EndStream end_stream) {
  send(data, end_stream);
  client_.worker_.loop.flush_lent();
}

void AsyncCall::send_trailers() {
  if (state_ == State::Ended || request_ended_) return;
  request_ended_ = true;
  inside_ = true;
  if (encoder_ != nullptr) encoder_->encode_trailers(trailers_);
  inside_ = false;
}

void AsyncCall::on_output_full(bool full) {
  if (handler_ != nullptr) handler_->on_call_output_full(*this, full);
}

void AsyncCall::pause_answer(bool pause) {
  pause ? ++pauses_ : --pauses_;
  if (encoder_ != nullptr) pause ? encoder_->pause_input() : encoder_->resume_input();
}

// ---- the answer --------------------------------------------------------------------------------------------------

void AsyncCall::on_headers(HeaderMap& headers, EndStream end_stream) {
  const std::string_view text = headers.get(HeaderId::Status);
  status_ = 0;
  std::from_chars(text.data(), text.data() + text.size(), status_);
  if (retry_ != nullptr && retry(retry_->wants(headers, status_), &headers)) {
    client_.worker_.stats.add_status(cluster_->stats.cluster, ClusterStat::retry_upstream_rq_completed,
                                     status_);
    client_.worker_.stats.add(host_->state->stats, HostStat::rq_error);
    if (end_stream == EndStream::No && encoder_ != nullptr) encoder_->reset(ResetReason::LocalReset);
    encoder_ = nullptr;
    return;
  }
  retry_ = nullptr;
  try_deadline_ms_ = UINT64_MAX;
  state_ = State::Responding;
  answer_ = &headers;
  count_answer(status_);
  if (end_stream == EndStream::Yes) encoder_ = nullptr;
  if (handler_ != nullptr) handler_->on_call_headers(*this, headers, end_stream);
  if (end_stream == EndStream::Yes) complete();
}

void AsyncCall::on_data(std::string_view data, EndStream end_stream) {
  if (end_stream == EndStream::Yes) encoder_ = nullptr;
  if (options_.body_bytes_max != 0) {
    if (answer_body_.size() + data.size() > options_.body_bytes_max) return end(CallEnd::TooLarge);
    answer_body_.append(data);
  } else if (handler_ != nullptr) {
    handler_->on_call_data(*this, data, end_stream);
  }
  if (end_stream == EndStream::Yes) complete();
}

void AsyncCall::on_trailers(HeaderMap& trailers) {
  encoder_ = nullptr;
  answer_trailers_ = &trailers;
  if (handler_ != nullptr) handler_->on_call_trailers(*this, trailers);
  complete();
}

void AsyncCall::complete() {
  if (state_ == State::Ended) return;
  record_response_time(client_.worker_.stats, cluster_->stats,
                       {.status = status_, .internal = true, .canary = host_->canary},
                       (client_.worker_.loop.now_ns() - sent_ns_) / 1'000'000);
  end(CallEnd::Complete);
}

// ---- failures and retries ----------------------------------------------------------------------------------------

void AsyncCall::on_pool_failure(ResetReason reason, std::string_view) { on_try_failure(reason); }

void AsyncCall::on_reset(ResetReason reason) {
  encoder_ = nullptr;
  if (state_ == State::Responding) {
    reset_reason_ = reason;
    return end(CallEnd::Reset);
  }
  on_try_failure(reason);
}

void AsyncCall::on_try_failure(ResetReason reason) {
  const bool sent = state_ == State::Sent;
  state_ = State::Idle;
  // The peer's kernel never took the request, so nobody has seen it.
  if (reason == ResetReason::StaleConnection) {
    if (kept_whole_ && !std::exchange(resent_, true)) return try_host();
    reason = ResetReason::ConnectionTermination;
  }
  if (reason != ResetReason::Overflow) client_.worker_.stats.add(host_->state->stats, HostStat::rq_error);
  if (retry_ != nullptr && kept_whole_ && retry(retry_->wants(reason, sent), nullptr)) return;
  record_response(client_.worker_.stats, cluster_->stats,
                  {.status = static_cast<uint16_t>(reason == ResetReason::ProtocolError ? 502 : 503),
                   .internal = true,
                   .canary = host_->canary});
  reset_reason_ = reason;
  end(CallEnd::Reset);
}

// True: the try is over, and another one follows.
bool AsyncCall::retry(bool wanted, const HeaderMap* answer) {
  if (!wanted && holds_retry_) count(ClusterStat::upstream_rq_retry_success);
  release_retry();
  if (!wanted || !kept_whole_) return false;
  if (!retry_->take()) {
    count(ClusterStat::upstream_rq_retry_limit_exceeded);
    return false;
  }
  if (!cluster_->breakers().try_acquire(options_.priority, Resource::Retries)) {
    count(ClusterStat::upstream_rq_retry_overflow);
    return false;
  }
  holds_retry_ = true;
  count(ClusterStat::upstream_rq_retry);
  EventLoop& loop = client_.worker_.loop;
  const RetryState::Pause pause =
      retry_->next_pause(answer, client_.worker_.random, loop.wall_us() / 1'000'000);
  count(pause.told ? ClusterStat::upstream_rq_retry_backoff_ratelimited
                   : ClusterStat::upstream_rq_retry_backoff_exponential);
  state_ = State::Pausing;
  try_deadline_ms_ = UINT64_MAX;
  retry_at_ms_ = loop.now_ms() + pause.ms;
  watch_deadline();
  return true;
}

void AsyncCall::release_retry() {
  if (std::exchange(holds_retry_, false)) cluster_->breakers().release(options_.priority, Resource::Retries);
}

// ---- time and ends -----------------------------------------------------------------------------------------------

void AsyncCall::watch_deadline() {
  const uint64_t next = std::min({deadline_ms_, try_deadline_ms_, retry_at_ms_});
  if (next != UINT64_MAX) client_.worker_.loop.timers().require(*this, next);
}

void AsyncCall::on_timer() {
  const uint64_t now = client_.worker_.loop.now_ms();
  if (deadline_ms_ <= now) return on_timeout();
  if (try_deadline_ms_ <= now) {
    try_deadline_ms_ = UINT64_MAX;
    count(ClusterStat::upstream_rq_per_try_timeout);
    client_.worker_.stats.add(host_->state->stats, HostStat::rq_timeout);
    if (MessageEncoder* encoder = std::exchange(encoder_, nullptr)) encoder->reset(ResetReason::LocalReset);
    if (retry_ == nullptr || !retry(retry_->wants(ResetReason::LocalReset, true), nullptr)) {
      count_answer(504);
      return end(CallEnd::Timeout);
    }
  }
  if (retry_at_ms_ <= now) {
    retry_at_ms_ = UINT64_MAX;
    try_host();
  }
  if (state_ != State::Ended) watch_deadline();
}

void AsyncCall::on_timeout() {
  if (cluster_ && host_) {
    count(ClusterStat::upstream_rq_timeout);
    client_.worker_.stats.add(host_->state->stats, HostStat::rq_timeout);
    if (state_ != State::Responding) count_answer(504);
  }
  end(CallEnd::Timeout);
}

void AsyncCall::cancel() {
  handler_ = nullptr;
  end(CallEnd::Reset);
}

void AsyncCall::end(CallEnd how) {
  if (state_ == State::Ended) return;
  const bool waiting = state_ == State::Waiting;
  state_ = State::Ended;
  end_ = how;
  release_retry();
  Timer::cancel();
  if (MessageEncoder* encoder = std::exchange(encoder_, nullptr)) {
    count(ClusterStat::upstream_rq_tx_reset);
    encoder->reset(ResetReason::LocalReset);
  } else if (waiting) {
    pool_->cancel(*this);
  }
  ListLink<AsyncCall>::unlink();
  if (inside_ && handler_ != nullptr) return client_.worker_.loop.at_end_of_turn(*this);
  deliver_end();
}

void AsyncCall::on_end_of_turn() { deliver_end(); }

void AsyncCall::deliver_end() {
  client_.worker_.loop.free_later(*this);
  if (CallHandler* handler = std::exchange(handler_, nullptr)) handler->on_call_end(*this, end_);
}

void AsyncCall::free_deferred() { client_.slab_.destroy(this); }

void AsyncCall::count(ClusterStat stat) { client_.worker_.stats.add(cluster_->stats.cluster, stat); }

void AsyncCall::count_answer(uint16_t status) {
  record_response(client_.worker_.stats, cluster_->stats,
                  {.status = status, .internal = true, .canary = host_->canary});
  client_.worker_.stats.add(host_->state->stats, status >= 500 ? HostStat::rq_error : HostStat::rq_success);
}

}  // namespace outrider
