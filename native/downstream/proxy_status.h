#pragma once
#include <cstdint>
#include <string>

#include "codec/header_map.h"
#include "downstream/hcm_config.h"
#include "formatter/stream_info.h"

namespace outrider {

// The Proxy-Status response header (RFC 9209): nothing unless a response flag says that the proxy had a fault.
// May change :status, where set_recommended_response_code wants it.
void add_proxy_status(const ProxyStatus& config, const StreamInfo& info, HeaderMap& response);

}  // namespace outrider
