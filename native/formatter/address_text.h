#pragma once
#include <cstdint>
#include <string>

#include "base/address.h"

namespace outrider {

// As Address::text() and Address::ip(), without their allocations.
void append_address(const Address& address, std::string& out);
void append_address_without_port(const Address& address, std::string& out);
// "10.1.0.0/16"; more bits than the address has are all of them. A Unix address prints as it is.
void append_masked_address(const Address& address, uint8_t bits, std::string& out);

}  // namespace outrider
