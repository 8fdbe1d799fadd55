#pragma once
#include "base/config_view.h"
#include "base/random.h"
#include "codec/http1/parser.h"

namespace outrider::http2 {

// What envoy.config.core.v3.Http2ProtocolOptions and HttpProtocolOptions say about one side's connections. Plain
// values with Envoy's defaults.
struct Options {
  uint32_t table_bytes_max = 4096;  // hpack_table_size, in both directions
  uint32_t concurrent_streams_max = 1024;
  uint32_t stream_window_bytes = 16 << 20;
  uint32_t connection_window_bytes = 24 << 20;
  bool allow_connect = false;
  // Floods
  uint32_t outbound_frames_max = 10'000;
  uint32_t outbound_control_frames_max = 1'000;
  uint32_t empty_frames_max = 1;  // DATA, HEADERS and CONTINUATION without payload in a row
  uint32_t priority_frames_per_stream = 100;
  uint32_t window_updates_per_data_frame = 10;
  uint64_t reset_burst = 1'000;  // RST_STREAM frames from a client
  uint64_t resets_per_second = 33;
  bool stream_error_on_invalid_message = false;  // a bad message ends its stream, not the connection
  bool huffman = true;                           // of what is put into the dynamic table
  // connection_keepalive; 0: off
  uint64_t ping_interval_ms = 0;
  uint64_t ping_timeout_ms = 0;
  uint64_t ping_when_idle_ms = 0;
  double ping_jitter_percent = 15;
  // As in HTTP/1
  uint32_t header_bytes_max = 60 * 1024;
  uint32_t header_count_max = 100;
  http1::UnderscoresAction underscores = http1::UnderscoresAction::Allow;
};

// Reads envoy.config.core.v3.Http2ProtocolOptions; what is missing there stays as it is.
void read_options(ConfigView http2, Options& options);

}  // namespace outrider::http2
