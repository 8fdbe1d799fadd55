#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/header_map.h"
#include "router/mirror_policy.h"
#include "router/upstream_directory.h"

namespace outrider {

// What a copy of a request is made from. `trailers` may be null.
struct MirrorSource {
  const HeaderMap& headers;
  std::string_view body;
  const HeaderMap* trailers;
  FormatContext context;
  std::string& scratch;
  uint64_t timeout_ms;  // 0: none
};

// Sends a copy whose answer nobody waits for, and which outlives the stream that it was copied from. Nothing happens
// where the cluster, or a host in it, is missing.
void send_mirror(const MirrorPolicy& policy, UpstreamDirectory& upstreams, const MirrorSource& source);

}  // namespace outrider
