#include "codec/http2/options.h"

namespace outrider::http2 {

void read_options(ConfigView http2, Options& options) {
  const auto number = [http2](std::string_view field, uint32_t& value) {
    value = static_cast<uint32_t>(http2.uint(field, value));
  };
  number("hpack_table_size", options.table_bytes_max);
  number("max_concurrent_streams", options.concurrent_streams_max);
  number("initial_stream_window_size", options.stream_window_bytes);
  number("initial_connection_window_size", options.connection_window_bytes);
  number("max_outbound_frames", options.outbound_frames_max);
  number("max_outbound_control_frames", options.outbound_control_frames_max);
  number("max_consecutive_inbound_frames_with_empty_payload", options.empty_frames_max);
  number("max_inbound_priority_frames_per_stream", options.priority_frames_per_stream);
  number("max_inbound_window_update_frames_per_data_frame_sent", options.window_updates_per_data_frame);
  options.reset_burst = http2.uint("stream_reset_burst", options.reset_burst);
  options.resets_per_second = http2.uint("stream_reset_rate", options.resets_per_second);
  options.allow_connect = http2.boolean("allow_connect");
  options.huffman = http2.boolean("enable_huffman_encoding", true);
  options.stream_error_on_invalid_message = http2.boolean(
      "override_stream_error_on_invalid_http_message",
      http2.boolean("stream_error_on_invalid_http_messaging", options.stream_error_on_invalid_message));
  const ConfigView keepalive = http2["connection_keepalive"];
  options.ping_interval_ms = static_cast<uint64_t>(keepalive.duration_ms("interval"));
  options.ping_timeout_ms = static_cast<uint64_t>(keepalive.duration_ms("timeout"));
  options.ping_when_idle_ms = static_cast<uint64_t>(keepalive.duration_ms("connection_idle_interval"));
  options.ping_jitter_percent = keepalive["interval_jitter"].number("value", 15);
}

}  // namespace outrider::http2
