// Any matches and any connection: no crash, a chain that exists or none, and the same one each time.
#include <cstdint>
#include <cstdlib>

#include "downstream/filter_chain_match.h"

// Input: JSON, a list of FilterChainMatch, then a zero byte and the connection: 12 bytes of addresses, then the SNI.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrider;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\0');
  if (end == std::string_view::npos || input.size() < end + 13) return 0;
  const auto tree = ConfigTree::parse(input.substr(0, end));
  if (tree == nullptr) return 0;
  FilterChainMatcher matcher;
  uint32_t chains = 0;
  for (const ConfigView match : tree->root()) {
    if (!matcher.add(match)) return 0;
    ++chains;
  }
  const auto* facts = reinterpret_cast<const uint8_t*>(input.data()) + end + 1;
  const auto address = [](const uint8_t* at) {
    const std::string ip = std::to_string(at[0]) + "." + std::to_string(at[1]) + "." + std::to_string(at[2]) +
                           "." + std::to_string(at[3]);
    return Address::from_ip(ip, static_cast<uint16_t>(at[4] << 8 | at[5]));
  };
  ConnectionInfo info;
  info.local = address(facts);
  info.direct_remote = address(facts + 6);
  info.make_facts().server_name = input.substr(end + 13);
  const uint32_t found = matcher.find(info);
  if (found != FilterChainMatcher::none && found >= chains) std::abort();
  if (matcher.find(info) != found) std::abort();
  return 0;
}
