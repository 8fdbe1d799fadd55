#pragma once
#include <cstdint>

#include "base/timer_wheel.h"

namespace outrider {

// Whoever owns a file descriptor in the loop. `events` are those of epoll.
class IoHandler {
 public:
  virtual void on_io(uint32_t events) = 0;

 protected:
  ~IoHandler() = default;
};

// An object that is freed at the end of the loop turn in which it ended, so that no handler frees what it runs in.
class Deferred {
 public:
  // Frees the object; it knows where its memory came from.
  virtual void free_deferred() = 0;

 protected:
  ~Deferred() = default;

 private:
  friend class EventLoop;
  Deferred* next_deferred_ = nullptr;
};

// Work that is put off to the end of the turn; it runs once each time it was asked for.
class EndOfTurn : public ListLink<EndOfTurn> {
 public:
  virtual void on_end_of_turn() = 0;

 protected:
  ~EndOfTurn() = default;
};

// Output that is gathered and written a little later: by the end of the turn, or, where it refers to memory that is
// only lent, when the current event has been handled.
class Flushable : public ListLink<Flushable> {
 public:
  virtual void flush() = 0;

 protected:
  ~Flushable() = default;
};

// One worker's epoll set, clock and timers. Pumped by whoever owns the worker; not thread-safe.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  enum class Trigger : uint8_t { Edge, Level };
  // Until `fd` is closed. False when the kernel refuses.
  bool watch(int fd, uint32_t events, IoHandler& handler, Trigger trigger = Trigger::Edge);
  // Waits at most `wait_ms` for events, runs their handlers and the timers, then frees what ended.
  void run_once(int wait_ms);

  // Time of this turn: CLOCK_MONOTONIC, read once after the wait.
  uint64_t now_ns() const { return now_ns_; }
  uint64_t now_ms() const { return now_ns_ / 1'000'000; }
  // System clock, microseconds since 1970: carried on from the monotonic clock, compared once a second.
  uint64_t wall_us() const { return (now_ns_ + wall_offset_ns_) / 1'000; }
  TimerWheel& timers() { return timers_; }
  int fd() const { return epoll_fd_; }

  void free_later(Deferred& object);
  void at_end_of_turn(EndOfTurn& work) {
    if (!work.linked()) end_of_turn_.push_back(work);
  }
  void flush_soon(Flushable& output) {
    if (output.linked()) return;
    flush_.push_back(output);
    ++flush_count_;
  }
  // For an output that refers to lent memory.
  void flush_after_event(Flushable& output) {
    output.unlink();
    lent_.push_back(output);
  }
  // Writes all outputs that refer to lent memory. Whoever lends calls this before the memory goes.
  void flush_lent() {
    while (Flushable* output = lent_.pop_front()) output->flush();
  }

 private:
  void read_clock();
  void finish_turn();
  void flush_gathered();

  int epoll_fd_;
  uint64_t now_ns_ = 0;
  uint64_t wall_offset_ns_ = 0;
  uint64_t wall_checked_ns_ = 0;
  Deferred* deferred_ = nullptr;
  IntrusiveList<EndOfTurn> end_of_turn_;
  IntrusiveList<Flushable> flush_;
  IntrusiveList<Flushable> lent_;
  uint32_t flush_count_ = 0;  // at least as many as stand in flush_
  TimerWheel timers_;
};

}  // namespace outrider
