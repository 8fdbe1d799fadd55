#include "base/event_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace outrider {

static uint64_t clock_ns(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

EventLoop::EventLoop()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), timers_(clock_ns(CLOCK_MONOTONIC) / 1'000'000) {
  if (epoll_fd_ < 0) std::abort();
  read_clock();
}

EventLoop::~EventLoop() {
  finish_turn();
  close(epoll_fd_);
}

void EventLoop::read_clock() {
  now_ns_ = clock_ns(CLOCK_MONOTONIC);
  if (now_ns_ - wall_checked_ns_ < 1'000'000'000 && wall_checked_ns_ != 0) return;
  wall_checked_ns_ = now_ns_;
  wall_offset_ns_ = clock_ns(CLOCK_REALTIME) - now_ns_;
}

bool EventLoop::watch(int fd, uint32_t events, IoHandler& handler, Trigger trigger) {
  epoll_event event{};
  event.events = events | (trigger == Trigger::Edge ? uint32_t{EPOLLET} : 0);
  event.data.ptr = &handler;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::run_once(int wait_ms) {
  constexpr int events_max = 256;
  // Writes in a row wake the peer once; one after each read wakes it each time. More than this would cost latency.
  constexpr uint32_t flush_batch = 32;
  epoll_event events[events_max];
  auto most = static_cast<uint64_t>(wait_ms < 0 ? 60'000 : wait_ms);
  if (!end_of_turn_.empty()) most = 0;
  const auto timeout = static_cast<int>(timers_.next_in_ms(now_ms(), most));
  const int count = epoll_wait(epoll_fd_, events, events_max, timeout);
  if (count < 0 && errno != EINTR) std::abort();
  read_clock();
  for (int i = 0; i < count; ++i) {
    static_cast<IoHandler*>(events[i].data.ptr)->on_io(events[i].events);
    if (flush_count_ >= flush_batch) flush_gathered();
  }
  timers_.advance(now_ms());
  finish_turn();
}

void EventLoop::free_later(Deferred& object) {
  object.next_deferred_ = deferred_;
  deferred_ = &object;
}

void EventLoop::flush_gathered() {
  while (Flushable* output = flush_.pop_front()) output->flush();
  flush_count_ = 0;
}

void EventLoop::finish_turn() {
  // Work that asks for more work waits for the next turn, so that nobody starves.
  IntrusiveList<EndOfTurn> work;
  while (EndOfTurn* item = end_of_turn_.pop_front()) work.push_back(*item);
  while (EndOfTurn* item = work.pop_front()) item->on_end_of_turn();
  flush_lent();
  flush_gathered();
  while (deferred_ != nullptr) {
    Deferred* object = deferred_;
    deferred_ = object->next_deferred_;
    object->free_deferred();
  }
}

}  // namespace outrider
