#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "base/event_loop.h"

namespace outrider {

class Worker;

// What main asks of a worker: tasks that run between two events, in the order in which they were posted. Any
// number of threads may post, without a lock; one descriptor wakes the loop.
class Mailbox final : IoHandler {
 public:
  using Task = std::function<void(Worker&)>;

  Mailbox(EventLoop& loop, Worker& worker);
  ~Mailbox();
  void post(Task task);

 private:
  struct Letter {
    Task task;
    Letter* next;
  };
  void on_io(uint32_t events) override;
  Letter* take_all();

  Worker& worker_;
  int fd_;
  std::atomic<Letter*> newest_{nullptr};
};

}  // namespace outrider
