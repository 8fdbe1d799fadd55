#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "base/event_loop.h"

namespace outrider {

class Worker;

// What main asks of a worker: tasks that run at the end of a loop turn, in the order in which they were posted: they
// may end objects that still have an event in this turn. Any number of threads may post, without a lock; one
// descriptor wakes the loop.
class Mailbox final : IoHandler, EndOfTurn {
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
  void on_end_of_turn() override;
  Letter* take_all();

  EventLoop& loop_;
  Worker& worker_;
  int fd_;
  std::atomic<Letter*> newest_{nullptr};
};

}  // namespace outrider
