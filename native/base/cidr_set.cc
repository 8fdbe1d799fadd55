#include "base/cidr_set.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace outrider {
namespace {

bool has_prefix(const uint8_t* address, const uint8_t* prefix, uint8_t bits) {
  const size_t whole = bits / 8;
  if (std::memcmp(address, prefix, whole) != 0) return false;
  const uint8_t rest = bits % 8;
  return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

}  // namespace

Result<bool> CidrSet::add(ConfigView item) {
  const Address address = Address::from_ip(item.string("address_prefix"), 0);
  if (!address.valid()) return ConfigError{"address_prefix", "not an IP address"};
  Range range;
  range.is_v4 = address.family() == AF_INET;
  const uint64_t width = range.is_v4 ? 32 : 128;
  const uint64_t bits = std::min(item.uint("prefix_len"), width);
  range.bits = static_cast<uint8_t>(128 - width + bits);
  address.ip_bytes(range.prefix);
  ranges_.push_back(range);
  return true;
}

Result<CidrSet> CidrSet::read(ConfigView list) {
  CidrSet set;
  uint32_t index = 0;
  for (const ConfigView item : list) {
    const std::string path = "[" + std::to_string(index++) + "].";
    if (auto added = set.add(item); !added)
      return ConfigError{path + added.error().path, added.error().reason};
  }
  return set;
}

Result<CidrSet> CidrSet::read_one(ConfigView range) {
  CidrSet set;
  if (auto added = set.add(range); !added) return added.error();
  return set;
}

int CidrSet::longest_prefix(const Address& address) const {
  int longest = -1;
  if (ranges_.empty() || !address.is_ip()) return longest;
  uint8_t bytes[16];
  address.ip_bytes(bytes);
  const bool is_v4 = address.family() == AF_INET;
  for (const Range& range : ranges_) {
    if (range.is_v4 != is_v4 || !has_prefix(bytes, range.prefix, range.bits)) continue;
    longest = std::max(longest, is_v4 ? range.bits - 96 : range.bits);
  }
  return longest;
}

}  // namespace outrider
