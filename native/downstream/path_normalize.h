#pragma once
#include <cstdint>

#include "codec/header_map.h"
#include "downstream/hcm_config.h"

namespace outrider {

enum class PathVerdict : uint8_t { Continue, Reject, Redirect };

// Normalises :path by the connection manager's options: escaped slashes, dot segments and unreserved escapes
// (RFC 3986 §6.2.2), repeated slashes. The query stays as it is. A fragment is always refused. A path that needs nothing is not copied.
[[nodiscard]] PathVerdict normalize_path(const HcmConfig& config, HeaderMap& headers);

}  // namespace outrider
