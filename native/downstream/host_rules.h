#pragma once
#include <cstdint>

#include "codec/header_map.h"
#include "downstream/hcm_config.h"

namespace outrider {

// strip_trailing_host_dot, then strip_any_host_port or strip_matching_host_port, on :authority. Answers the port
// that went; 0: none did.
uint16_t normalize_host(const HcmConfig& config, uint16_t local_port, HeaderMap& headers);

}  // namespace outrider
