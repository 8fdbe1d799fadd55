#pragma once
#include "downstream/http_connection_manager.h"
#include "filter/network.h"

namespace outrider {

// The server for one connection of an HTTP connection manager: the one place that knows which codecs there are.
DownstreamConnection& make_http_server(HttpWorker& http, const HcmInstance& hcm, DownstreamOwner& owner,
                                       const ConnectionInfo& info, uint32_t buffer_limit_bytes);

}  // namespace outrider
