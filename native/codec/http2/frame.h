#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outrider::http2 {

enum class FrameType : uint8_t {
  Data,
  Headers,
  Priority,
  RstStream,
  Settings,
  PushPromise,
  Ping,
  GoAway,
  WindowUpdate,
  Continuation,
};

namespace flag {
inline constexpr uint8_t end_stream = 0x1;
inline constexpr uint8_t ack = 0x1;
inline constexpr uint8_t end_headers = 0x4;
inline constexpr uint8_t padded = 0x8;
inline constexpr uint8_t priority = 0x20;
}  // namespace flag

enum class ErrorCode : uint32_t {
  NoError,
  ProtocolError,
  InternalError,
  FlowControlError,
  SettingsTimeout,
  StreamClosed,
  FrameSizeError,
  RefusedStream,
  Cancel,
  CompressionError,
  ConnectError,
  EnhanceYourCalm,
  InadequateSecurity,
  Http11Required,
};

enum class Setting : uint16_t {
  HeaderTableSize = 1,
  EnablePush = 2,
  MaxConcurrentStreams = 3,
  InitialWindowSize = 4,
  MaxFrameSize = 5,
  MaxHeaderListSize = 6,
  EnableConnectProtocol = 8,
};

inline constexpr std::string_view client_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr size_t frame_header_bytes = 9;
inline constexpr uint32_t frame_payload_bytes_min = 16'384;  // what both sides may send before any SETTINGS
inline constexpr uint32_t frame_payload_bytes_most = (1u << 24) - 1;
inline constexpr uint32_t stream_id_max = 0x7fff'ffff;

struct FrameHeader {
  uint32_t length;
  FrameType type;  // may be one that nobody knows
  uint8_t flags;
  uint32_t stream_id;
  bool has(uint8_t bit) const { return flags & bit; }
};

inline uint16_t read_u16(const char* at) {
  const auto* byte = reinterpret_cast<const uint8_t*>(at);
  return static_cast<uint16_t>(byte[0] << 8 | byte[1]);
}
inline uint32_t read_u32(const char* at) {
  const auto* byte = reinterpret_cast<const uint8_t*>(at);
  return uint32_t{byte[0]} << 24 | uint32_t{byte[1]} << 16 | uint32_t{byte[2]} << 8 | byte[3];
}
inline char* write_u16(char* to, uint16_t value) {
  to[0] = static_cast<char>(value >> 8);
  to[1] = static_cast<char>(value);
  return to + 2;
}
inline char* write_u32(char* to, uint32_t value) {
  write_u16(to, static_cast<uint16_t>(value >> 16));
  return write_u16(to + 2, static_cast<uint16_t>(value));
}

// `at` has frame_header_bytes.
inline FrameHeader read_frame_header(const char* at) {
  return {read_u32(at) >> 8, static_cast<FrameType>(at[3]), static_cast<uint8_t>(at[4]),
          read_u32(at + 5) & stream_id_max};
}
inline char* write_frame_header(char* to, uint32_t length, FrameType type, uint8_t flags,
                                uint32_t stream_id) {
  to[0] = static_cast<char>(length >> 16);
  write_u16(to + 1, static_cast<uint16_t>(length));
  to[3] = static_cast<char>(type);
  to[4] = static_cast<char>(flags);
  return write_u32(to + 5, stream_id);
}

}  // namespace outrider::http2
