#include "router/mirror_request.h"

#include "router/async_client.h"

namespace outrider {

void send_mirror(const MirrorPolicy& policy, UpstreamDirectory& upstreams, const MirrorSource& source) {
  WorkerCluster* const cluster = policy.cluster_header.empty()
                                     ? upstreams.cluster(policy.cluster)
                                     : upstreams.cluster(source.headers.get(policy.cluster_header));
  if (cluster == nullptr) return;
  AsyncCall& call = upstreams.async_client().open(nullptr, {.timeout_ms = source.timeout_ms});
  HeaderMap& headers = call.headers();
  for (const Header& header : source.headers) headers.add(header.key(), header.text());
  if (source.trailers != nullptr) {
    for (const Header& header : *source.trailers) call.trailers().add(header.key(), header.text());
  }
  call.body().assign(source.body);
  policy.mutations.apply(headers, source.context, source.scratch);
  if (!policy.host_rewrite.empty()) {
    headers.set(HeaderId::Authority, policy.host_rewrite);
  } else if (!policy.keep_host) {
    headers.set(HeaderId::Authority, shadow_host(headers.get(HeaderId::Authority)));
  }
  call.start(cluster->config().name);
}

}  // namespace outrider
