#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace outrider {

struct LbConfig;

// Maps a hash to a host (RING_HASH, MAGLEV). Immutable: built on the main thread with the endpoints, shared.
class HostTable {
 public:
  // A host's part of the traffic; all parts together are 1.
  struct Share {
    uint32_t host;
    double weight;
  };
  struct Entry : Share {
    std::string key;  // what is hashed: the address, or whatever the configuration names
  };

  // `entries` is not empty; null where the policy has no table.
  static std::unique_ptr<HostTable> build(const LbConfig& config, std::vector<Entry> entries);

  virtual ~HostTable() = default;
  // `attempt` counts the hosts of this request that were refused before.
  virtual uint32_t find(uint64_t hash, uint32_t attempt) const = 0;
  // By host, ascending.
  std::span<const Share> shares() const { return shares_; }

 private:
  std::vector<Share> shares_;
};

std::unique_ptr<HostTable> build_ring_hash(const LbConfig& config,
                                           const std::vector<HostTable::Entry>& entries);
std::unique_ptr<HostTable> build_maglev(const LbConfig& config, std::vector<HostTable::Entry> entries);

}  // namespace outrider
