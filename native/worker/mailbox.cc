#include "worker/mailbox.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace outrider {

Mailbox::Mailbox(EventLoop& loop, Worker& worker)
    : loop_(loop), worker_(worker), fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0 || !loop.watch(fd_, EPOLLIN, *this)) std::abort();
}

Mailbox::~Mailbox() {
  for (Letter* letter = take_all(); letter != nullptr;) delete std::exchange(letter, letter->next);
  close(fd_);
}

void Mailbox::post(Task task) {
  auto* letter = new Letter{std::move(task), newest_.load(std::memory_order_relaxed)};
  while (!newest_.compare_exchange_weak(letter->next, letter, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the worker is awake anyway.
  if (write(fd_, &one, sizeof(one)) < 0) return;
}

// The letters, the oldest first.
Mailbox::Letter* Mailbox::take_all() {
  Letter* letter = newest_.exchange(nullptr, std::memory_order_acquire);
  Letter* oldest_first = nullptr;
  while (letter != nullptr) {
    Letter* next = letter->next;
    letter->next = oldest_first;
    oldest_first = letter;
    letter = next;
  }
  return oldest_first;
}

void Mailbox::on_io(uint32_t) {
  uint64_t count;
  if (read(fd_, &count, sizeof(count)) == sizeof(count)) loop_.at_end_of_turn(*this);
}

void Mailbox::on_end_of_turn() {
  for (Letter* letter = take_all(); letter != nullptr;) {
    letter->task(worker_);
    delete std::exchange(letter, letter->next);
  }
}

}  // namespace outrider
