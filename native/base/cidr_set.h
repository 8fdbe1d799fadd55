#pragma once
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/config_view.h"
#include "base/result.h"

namespace outrider {

// A list of envoy.config.core.v3.CidrRange. Few entries are expected: they are tried in order. A value.
class CidrSet {
 public:
  // A missing list is an empty set.
  static Result<CidrSet> read(ConfigView list);
  // A single range.
  static Result<CidrSet> read_one(ConfigView range);

  bool empty() const { return ranges_.empty(); }
  // IPv4 ranges hold IPv4 addresses only and IPv6 ranges IPv6 only; a Unix address is in none.
  bool contains(const Address& address) const { return longest_prefix(address) >= 0; }
  // Bits of the most specific range that holds it; -1: none does.
  int longest_prefix(const Address& address) const;

 private:
  Result<bool> add(ConfigView range);
  struct Range {
    uint8_t prefix[16];  // IPv4 as IPv4-mapped; bits past `bits` do not count
    uint8_t bits;        // of the 128
    bool is_v4;
  };
  std::vector<Range> ranges_;
};

}  // namespace outrider
