#pragma once
#include <cstdint>

#include "base/config_view.h"

namespace outrider {

// envoy.type.v3.StatusCode, which canonical JSON writes as a name ("NotFound") and some tools as a number; 0 for
// none.
uint16_t read_http_status(ConfigView code);

}  // namespace outrider
