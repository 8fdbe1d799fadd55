#include "filter/tcp_proxy/raw_upstream.h"

#include <utility>

namespace outrider {

void RawUpstream::on_tcp_ready(TcpClient& client) {
  client_ = &client;
  client.use(*this);
  user_->on_upstream_connected(client.info());
}

void RawUpstream::on_pool_failure(ResetReason reason, std::string_view transport_failure) {
  loop_.free_later(*this);
  std::exchange(user_, nullptr)->on_upstream_failed(reason, transport_failure);
}

void RawUpstream::send(std::string_view bytes) {
  client_->connection().output().append_borrowed(bytes);
  client_->connection().send_soon();
}

// The pool lives as long as its connections.
void RawUpstream::pause() {
  pool_.count(ClusterStat::upstream_flow_control_paused_reading_total);
  client_->connection().pause_reads();
}

void RawUpstream::resume() {
  pool_.count(ClusterStat::upstream_flow_control_resumed_reading_total);
  client_->connection().resume_reads();
}

Connection* RawUpstream::socket() {
  if (client_ == nullptr) return nullptr;
  Connection& connection = client_->connection();
  return connection.open() && connection.plain() ? &connection : nullptr;
}

size_t RawUpstream::on_data(std::string_view bytes) {
  if (user_ != nullptr) user_->on_upstream_data(bytes);
  return bytes.size();
}

void RawUpstream::on_end_of_input() {
  if (user_ != nullptr) user_->on_upstream_end();
}

void RawUpstream::on_output_full(bool full) {
  if (user_ != nullptr) user_->on_upstream_full(full);
}

void RawUpstream::on_closed(CloseReason) {
  client_ = nullptr;
  loop_.free_later(*this);
  if (user_ != nullptr) std::exchange(user_, nullptr)->on_upstream_closed();
}

bool RawUpstream::release(Ending ending) {
  user_ = nullptr;
  if (client_ != nullptr && ending == Ending::Flush && !client_->connection().all_written()) {
    client_->connection().close_when_written(0);
    return true;
  }
  if (client_ == nullptr) {
    pool_.cancel(*this);
  } else {
    std::exchange(client_, nullptr)->close();
  }
  loop_.free_later(*this);
  return false;
}

}  // namespace outrider
