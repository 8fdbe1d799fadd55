#pragma once
#include <utility>

#include "upstream/pool/pool_base.h"
#include "upstream/pool/pooled_connection.h"

namespace outrider {

// A pool of connections of one class, which says what it carries for whom (Waiter) and how an exchange begins
// (attach). A template, so that a request costs no virtual call more for what the pools share.
template <typename Client, typename Interface>
class PoolOf : public Interface {
 public:
  // The client has room for an exchange: whoever waits goes first.
  void on_client_ready(Client& client) {
    while (client.room() > 0) {
      Waiter* const waiter = this->waiting_.front();
      if (waiter == nullptr) return this->draining() ? client.drain() : this->set_ready(client);
      this->dequeue(*waiter);
      start(client, static_cast<typename Client::Waiter&>(*waiter));
    }
  }

 protected:
  using Interface::Interface;

  void take(typename Client::Waiter& waiter) {
    auto* const client = static_cast<Client*>(this->ready_.front());
    if (client == nullptr) return this->enqueue(waiter);
    start(*client, waiter);
    if (this->preconnects()) this->connect_for_waiting();
  }

 private:
  void start(Client& client, typename Client::Waiter& waiter) {
    if (!this->begin_exchange(waiter)) return;
    if (client.room() <= 1) this->set_busy(client);
    client.attach(waiter);
  }
};

}  // namespace outrider
