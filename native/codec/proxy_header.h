#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace outrider {

// A PROXY protocol header, version 1 or 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt).
struct ProxyHeader {
  struct Tlv {
    uint8_t type;
    std::string_view value;  // of the bytes that were parsed
  };
  uint8_t version = 0;
  bool local = false;  // LOCAL, or UNKNOWN: the addresses of the socket are the right ones
  Address source;
  Address destination;
  std::vector<Tlv> tlvs;
  size_t bytes = 0;  // of the header
};

enum class ProxyHeaderStatus : uint8_t {
  NeedMore,
  Found,
  None,     // something else
  Invalid,  // one of the two, but broken; `version` says which
};

// More than this one header cannot be (version 2: 16 bytes and a length of 16 bits).
inline constexpr size_t proxy_header_bytes_max = 16 + 65'535;

ProxyHeaderStatus parse_proxy_header(std::string_view bytes, ProxyHeader& header);

}  // namespace outrider
