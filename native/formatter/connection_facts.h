#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "base/shared_config.h"

namespace outrider {

// What filters have found out about, or laid down for, one connection. Made by the first who has something to say;
// shared by everybody who serves the connection, on one worker.
struct ConnectionFacts final : RefCounted<ConnectionFacts> {
  // From the first bytes, before a filter chain is chosen.
  std::string server_name;         // lower case
  std::string transport_protocol;  // "tls"; empty: nobody looked, or raw_buffer
  std::vector<std::string> application_protocols;
  // Filter state, by key: text, as set_filter_state and the like make it.
  struct Entry {
    std::string key;
    std::string value;
  };
  std::vector<Entry> filter_state;
  Ref<const SharedConfig> metadata;  // dynamic metadata: an object by namespace

  // Null: there is no such key.
  const std::string* find(std::string_view key) const {
    for (const Entry& entry : filter_state) {
      if (entry.key == key) return &entry.value;
    }
    return nullptr;
  }
  void set(std::string_view key, std::string value) {
    for (Entry& entry : filter_state) {
      if (entry.key == key) return void(entry.value = std::move(value));
    }
    filter_state.push_back({std::string(key), std::move(value)});
  }
};

}  // namespace outrider
