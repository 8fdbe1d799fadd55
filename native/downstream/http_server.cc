#include "downstream/http_server.h"

#include "downstream/http1_server.h"

namespace outrider {

DownstreamConnection& make_http_server(HttpWorker& http, const HcmInstance& hcm, DownstreamOwner& owner,
                                       const ConnectionInfo& info, uint32_t buffer_limit_bytes) {
  return *http.http1_servers.make(http, hcm, owner, info, buffer_limit_bytes);
}

}  // namespace outrider
