#include "upstream/pool/tcp_tunnel.h"

#include <utility>

namespace outrider {

TcpTunnel::TcpTunnel(TcpTunnelPool& pool) : PooledConnection(pool, Protocol::None, 1) {}

void TcpTunnel::on_open() { static_cast<TcpTunnelPool&>(pool_).on_client_ready(*this); }

void TcpTunnel::attach(PoolWaiter& waiter) {
  decoder_ = &waiter.decoder();
  begin_exchange();
  draining_ = true;  // nobody else's after this
  waiter.on_pool_ready(*this, info_, false);
  if (decoder_ == nullptr) return;
  HeaderMap& headers = decoder_->response_headers();
  headers.set_ref(HeaderId::Status, "200");
  decoder_->on_headers(headers, EndStream::No);
}

// The request's head was for us.
void TcpTunnel::encode_headers(const HeaderMap&, EndStream end) {
  if (end == EndStream::Yes) connection_.end_output();
}

void TcpTunnel::encode_data(std::string_view data, EndStream end) {
  connection_.output().append_borrowed(data);
  connection_.send_soon();
  if (end == EndStream::Yes) connection_.end_output();
}

void TcpTunnel::encode_trailers(const HeaderMap&) { connection_.end_output(); }

void TcpTunnel::reset(ResetReason) {
  if (std::exchange(decoder_, nullptr) == nullptr) return;
  count_broken(CloseReason::Local);
  end_exchange();
  destroy(CloseReason::Local);
}

size_t TcpTunnel::on_data(std::string_view bytes) {
  count_bytes();
  if (decoder_ != nullptr) decoder_->on_data(bytes, EndStream::No);
  return bytes.size();
}

// As Envoy: what the client may still have to say is cut off with it.
void TcpTunnel::on_end_of_input() {
  ResponseDecoder* const decoder = std::exchange(decoder_, nullptr);
  if (decoder != nullptr) {
    end_exchange();
    decoder->on_data({}, EndStream::Yes);
  }
  destroy(CloseReason::Remote);
}

void TcpTunnel::on_broken(CloseReason reason) {
  ResponseDecoder* const decoder = std::exchange(decoder_, nullptr);
  if (decoder != nullptr) {
    count_broken(CloseReason::Remote);
    end_exchange();
  }
  destroy(reason);
  if (decoder != nullptr) decoder->on_reset(ResetReason::ConnectionTermination);
}

void TcpTunnel::on_output_full(bool full) {
  if (decoder_ == nullptr) return;
  pool_.count(full ? ClusterStat::upstream_flow_control_backed_up_total
                   : ClusterStat::upstream_flow_control_drained_total);
  decoder_->on_output_full(full);
}

}  // namespace outrider
