#pragma once
#include <cstdint>

namespace outrider {

// What one exchange took on the wire of one connection. Heads are whole in the sums; of the `header` ones Envoy's
// way of counting is kept: field lines as they are sent, and, of what is received, without the blank behind the colon.
struct WireBytes {
  uint64_t received = 0;
  uint64_t sent = 0;
  uint64_t header_received = 0;
  uint64_t header_sent = 0;
};

}  // namespace outrider
