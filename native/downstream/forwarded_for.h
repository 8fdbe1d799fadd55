#pragma once
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "codec/header_map.h"
#include "downstream/hcm_config.h"
#include "formatter/stream_info.h"

namespace outrider {

// Who the client is, as far as it can be trusted.
struct ClientAddress {
  const Address* address = nullptr;  // null: not told; else the connection's or in the map's arena
  bool may_be_internal = false;      // a single hop: internal_address_config may be asked
  uint16_t reject_status = 0;        // 0: go on
};

// With use_remote_address: the connection's peer or a trusted hop; the peer is appended to x-forwarded-for.
ClientAddress client_from_connection(const HcmConfig& config, const ConnectionInfo& connection,
                                     HeaderMap& headers);
// Otherwise: original_ip_detection_extensions in order.
ClientAddress detect_client(const HcmConfig& config, const ConnectionInfo& connection, HeaderMap& headers);

// Does Envoy call this address internal under this configuration?
bool is_internal_address(const HcmConfig& config, const Address& address);

// Writes an IP address without port; `out` has room for 46 bytes. Empty for Unix addresses.
std::string_view write_ip(const Address& address, char* out);

}  // namespace outrider
