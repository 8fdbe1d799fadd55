#pragma once
#include <memory>
#include <vector>

#include "base/event_loop.h"
#include "base/intrusive_list.h"
#include "filter/listener.h"

namespace outrider {

// The listener filters of a listener, in order. Immutable, shared by all workers.
class ListenerFilterList {
 public:
  static Result<ListenerFilterList> read(ConfigView listener, ListenerBuildContext& context);
  bool empty() const { return filters_.empty(); }
  size_t size() const { return filters_.size(); }
  const ListenerFilter& operator[](size_t i) const { return *filters_[i]; }

  uint64_t timeout_ms = 15'000;  // 0: none
  bool continue_on_timeout = false;

 private:
  Result<bool> add(std::string_view type, ConfigView config, ListenerBuildContext& context);
  std::vector<std::unique_ptr<ListenerFilter>> filters_;
};

// Do the chains of this listener ask for what only tls_inspector can tell, though it is not configured?
bool lacks_tls_inspector(ConfigView listener);

enum class PendingEnd : uint8_t { Ready, Refused, RemoteClosed, Broken, TimedOut };

class PendingSocket;
class PendingOwner {
 public:
  // It leaves; the socket is the owner's from here on, unless the process ends.
  virtual void on_pending_end(PendingSocket& pending, PendingEnd end) = 0;

 protected:
  ~PendingOwner() = default;
};

// A connection whose listener filters are at work. Its bytes stay in the kernel: they are only looked at, unless a
// filter takes them.
class PendingSocket final : public ListLink<PendingSocket>, IoHandler, Timer, Deferred {
 public:
  PendingSocket(WorkerContext& worker, const RuntimeValues* runtime, const ListenerFilterList& filters,
                PendingOwner& owner, ConnectionInfo info, int fd);
  // Its owner may be told before this returns.
  void run() { go_on(false); }
  // The worker ends.
  void abort();
  void close();

  ConnectionInfo& info() { return info_; }
  int fd() const { return fd_; }

 private:
  ~PendingSocket() = default;
  void on_io(uint32_t events) override;
  void on_timer() override { end(PendingEnd::TimedOut); }
  void free_deferred() override { delete this; }
  void go_on(bool peer_ended);
  bool wait(bool peer_ended);
  void end(PendingEnd how);

  WorkerContext& worker_;
  const RuntimeValues* runtime_;
  const ListenerFilterList& filters_;
  PendingOwner& owner_;
  ConnectionInfo info_;
  int fd_;
  size_t at_ = 0;
  bool watched_ = false;
  bool over_ = false;
};

}  // namespace outrider
