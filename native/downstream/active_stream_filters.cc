// ActiveStream: the way through the HTTP filters, there and back, and what they hold back.
#include <utility>

#include "codec/http1/reason.h"
#include "downstream/active_stream.h"

namespace outrider {

void ActiveStream::make_filters() {
  const auto& chain = hcm_.filters();
  if (chain.empty()) return;
  filters_ =
      static_cast<HttpFilter**>(arena_.allocate(chain.size() * sizeof(HttpFilter*), alignof(HttpFilter*)));
  if (filters_ == nullptr) return;  // the stream ends for want of memory before it is routed
  for (const ChainFilter& entry : chain) {
    const RouteFilter* on_route = routes_->has_filters() ? routes_->filter(route(), entry.name) : nullptr;
    if (on_route == nullptr ? entry.disabled : on_route->disabled) continue;
    HttpFilter* filter = entry.factory->make(arena_, on_route == nullptr ? nullptr : on_route->factory.get());
    if (filter != nullptr) filters_[filter_count_++] = filter;
  }
}

// Takes the request's head on through the filters, from where it stopped, and to the router.
void ActiveStream::run_request_headers() {
  while (request_.headers_at < filter_count_) {
    HttpFilter& filter = *filters_[request_.headers_at];
    const bool end = request_.end && request_.kept.empty() && request_.trailers == nullptr;
    const FilterStatus status =
        filter.on_request_headers(*this, request_headers_, end ? EndStream::Yes : EndStream::No);
    if (local_reply_ || encoder_ == nullptr) return;
    if (status != FilterStatus::Continue) {
      request_.stopped = true;
      return;
    }
    ++request_.headers_at;
  }
  if (arena_.failed()) {
    return send_reply(431, http1::reason_phrase(431), "request_headers_too_large_for_a_stream", nullptr);
  }
  const bool end = request_.end && request_.kept.empty() && request_.trailers == nullptr;
  http_.worker.stats.add(hcm_.router_stats, RouterStat::rq_total);
  router_.on_request_headers(end ? EndStream::Yes : EndStream::No);
}

// Takes a piece of the body through the filters from `from` on. False: it stays with one of them.
bool ActiveStream::run_request_body(int from, std::string_view& data, EndStream end) {
  for (int i = from; i < filter_count_; ++i) {
    const FilterStatus status = filters_[i]->on_request_body(*this, data, end);
    if (local_reply_ || encoder_ == nullptr) return false;
    const bool held_here = request_.stopped && request_.headers_at == i;
    if (status != FilterStatus::Continue) {
      if (!held_here) {  // the body alone stops here; the head has gone on
        request_.stopped = true;
        request_.headers_at = i;
      }
      keep(request_, data, status, Side::Request);
      return false;
    }
    if (held_here) {  // the filter had waited for the body
      request_.kept.append(data);
      continue_request();
      return false;
    }
  }
  return true;
}

// Of what filters hold back: the connection's limit; a route may replace it for requests.
uint64_t ActiveStream::kept_bytes_max(Side side) {
  if (side == Side::Request && route().route != nullptr) {
    const RouteEntry::BodyLimit limit = route().route->body_limit();
    if (limit.kind == RouteEntry::BodyLimit::Kind::Replaces) return limit.bytes;
  }
  return owner_.buffer_bytes_max();
}

bool ActiveStream::keep(Progress& progress, std::string_view data, FilterStatus status, Side side) {
  if (status == FilterStatus::StopIteration) return true;
  progress.kept.append(data);
  if (progress.kept.size() <= kept_bytes_max(side)) return true;
  if (status == FilterStatus::StopAndWatermark) {
    if (!std::exchange(progress.paused_input, true)) {
      side == Side::Request ? pause_request_input() : router_.pause_response(true);
    }
    return true;
  }
  if (side == Side::Request) {
    http_.worker.stats.add(hcm_.stats, HttpStat::downstream_rq_too_large);
    send_reply(413, "Payload Too Large", "request_payload_too_large", nullptr);
  } else {
    http_.worker.stats.add(hcm_.stats, HttpStat::rs_too_large);
    send_reply(500, "Internal Server Error", "response_payload_too_large", nullptr);
  }
  return false;
}

void ActiveStream::continue_request() {
  if (!request_.stopped || local_reply_ || encoder_ == nullptr) return;
  request_.stopped = false;
  const int from = ++request_.headers_at;
  if (!router_.started()) run_request_headers();
  if (request_.stopped || local_reply_ || encoder_ == nullptr) return;
  forward_kept_request(from);
}

// What was held back of the body, and the trailers, through the filters from `from` on.
void ActiveStream::forward_kept_request(int from) {
  const std::string kept = std::exchange(request_.kept, {});
  std::string_view data = kept;
  const bool end = request_.end && request_.trailers == nullptr;
  if (!data.empty() || (end && !router_.request_ended())) {
    if (run_request_body(from, data, end ? EndStream::Yes : EndStream::No)) {
      router_.on_request_data(data, end ? EndStream::Yes : EndStream::No);
      http_.worker.loop.flush_lent();
    }
  }
  if (request_.trailers != nullptr && !request_.stopped && !local_reply_)
    router_.on_request_trailers(*request_.trailers);
  if (std::exchange(request_.paused_input, false)) resume_request_input();
}

// Takes the response's head back through the filters, from where it stopped, and to the client.
void ActiveStream::run_response_headers(EndStream) {
  while (response_.headers_at >= 0) {
    const bool end = response_.end && response_.kept.empty() && response_.trailers == nullptr;
    const FilterStatus status = filters_[response_.headers_at]->on_response_headers(
        *this, *response_headers_, end ? EndStream::Yes : EndStream::No);
    if (encoder_ == nullptr) return;
    if (status != FilterStatus::Continue) {
      response_.stopped = true;
      return;
    }
    --response_.headers_at;
  }
  const bool end = response_.end && response_.kept.empty() && response_.trailers == nullptr;
  send_response_headers(end ? EndStream::Yes : EndStream::No);
}

bool ActiveStream::run_response_body(int from, std::string_view& data, EndStream end) {
  for (int i = from; i >= 0; --i) {
    const FilterStatus status = filters_[i]->on_response_body(*this, data, end);
    if (encoder_ == nullptr) return false;
    const bool held_here = response_.stopped && response_.headers_at == i;
    if (status != FilterStatus::Continue) {
      if (!held_here) {
        response_.stopped = true;
        response_.headers_at = i;
      }
      keep(response_, data, status, Side::Response);
      return false;
    }
    if (held_here) {
      response_.kept.append(data);
      continue_response();
      return false;
    }
  }
  return true;
}

void ActiveStream::continue_response() {
  if (!response_.stopped || encoder_ == nullptr) return;
  response_.stopped = false;
  const int from = --response_.headers_at;
  if (!response_started_) run_response_headers(EndStream::No);
  if (response_.stopped || encoder_ == nullptr) return;
  const std::string kept = std::exchange(response_.kept, {});
  std::string_view data = kept;
  const bool end = response_.end && response_.trailers == nullptr;
  if (!data.empty() || end) {
    if (run_response_body(from, data, end ? EndStream::Yes : EndStream::No)) {
      send_response_data(data, end ? EndStream::Yes : EndStream::No);
      http_.worker.loop.flush_lent();
    }
  }
  if (response_.trailers != nullptr && !response_.stopped && encoder_ != nullptr) {
    encoder_->encode_trailers(*response_.trailers);
    end_response();
  }
  if (std::exchange(response_.paused_input, false)) router_.pause_response(false);
}

}  // namespace outrider
