#include "filter/terminal_base.h"

namespace outrider {

TerminalBase::TerminalBase(NetworkWorker& network, DownstreamOwner& owner, const ConnectionInfo& info,
                           uint32_t buffer_limit_bytes)
    : network_(network), owner_(owner), connection_(network.worker, *this, buffer_limit_bytes), info_(info) {}

bool TerminalBase::start(int fd) {
  if (connection_.accept(fd)) return true;
  on_closed(CloseReason::Local);
  return false;
}

void TerminalBase::on_closed(CloseReason reason) {
  if (over_) return;
  over_ = true;
  info_.end_ns = loop().now_ns();
  info_.transport_failure_reason = connection_.transport_failure();
  on_over(reason);
  connection_.close();
  ListLink<DownstreamConnection>::unlink();
  loop().free_later(*this);
  owner_.on_downstream_closed(info_.start_ns);
}

}  // namespace outrider
