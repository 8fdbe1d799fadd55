#include "upstream/pool/tcp.h"

#include <utility>

namespace outrider {

TcpClient::TcpClient(TcpPool& pool) : PooledConnection(pool, Protocol::None, 1) {}

void TcpClient::on_open() { static_cast<TcpPool&>(pool_).on_client_ready(*this); }

void TcpClient::attach(TcpWaiter& waiter) {
  begin_exchange();
  draining_ = true;  // nobody else's after this
  waiter.on_tcp_ready(*this);
}

void TcpClient::close(CloseReason reason) {
  if (std::exchange(user_, nullptr) != nullptr) end_exchange();
  destroy(reason);
}

size_t TcpClient::on_data(std::string_view bytes) {
  count_bytes();
  if (user_ != nullptr) return user_->on_data(bytes);
  destroy(CloseReason::Local);  // nobody asked
  return bytes.size();
}

void TcpClient::on_end_of_input() {
  if (user_ != nullptr) return user_->on_end_of_input();
  on_closed(CloseReason::Remote);
}

void TcpClient::on_broken(CloseReason reason) {
  ConnectionHandler* const user = std::exchange(user_, nullptr);
  if (user != nullptr) {
    count_broken(reason);
    end_exchange();
  }
  destroy(reason);
  if (user != nullptr) user->on_closed(reason);
}

void TcpClient::on_output_full(bool full) {
  if (user_ == nullptr) return;
  pool_.count(full ? ClusterStat::upstream_flow_control_backed_up_total
                   : ClusterStat::upstream_flow_control_drained_total);
  user_->on_output_full(full);
}

}  // namespace outrider
