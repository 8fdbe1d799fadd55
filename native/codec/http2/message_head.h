#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/header_map.h"
#include "codec/http2/hpack_table.h"
#include "codec/http2/options.h"

namespace outrider::http2 {

// What a decoded block is, once it was judged.
enum class HeadFault : uint8_t {
  None,
  Malformed,    // RFC 9113 §8: the message is an error of its stream
  TooLarge,     // more bytes or fields than the limits
  Underscores,  // headers_with_underscores_action is REJECT_REQUEST
};

// Fills a header map with the fields of one block as they are decoded, and judges them (RFC 9113 §8). Values are
// copied to the map's arena, unless they live for ever.
class MessageHead {
 public:
  enum class Kind : uint8_t { Request, Response, Trailers, Skipped };

  // `map` is null with Skipped: the block is only decoded for what it does to the table.
  MessageHead(Kind kind, HeaderMap* map, const Options& options, std::string& cookies)
      : options_(options), map_(map), cookies_(cookies), kind_(kind) {}

  void on_field(const HpackEntry& entry);
  // After the last field: what is missing?
  void finish();

  HeadFault fault() const { return fault_; }
  uint32_t dropped_underscore_headers() const { return dropped_; }
  uint64_t content_length() const { return content_length_; }
  bool has_content_length() const { return has_content_length_; }
  uint16_t status() const { return status_; }
  bool is_connect() const { return connect_; }
  uint64_t field_bytes() const { return bytes_; }

 private:
  bool pseudo(const HpackEntry& entry);
  bool plain(const HpackEntry& entry);
  void add(const HpackEntry& entry);
  void add_cookie(std::string_view value);
  bool request_is_whole();
  void malformed() {
    if (fault_ == HeadFault::None) fault_ = HeadFault::Malformed;
  }

  const Options& options_;
  HeaderMap* map_;
  std::string& cookies_;
  uint64_t bytes_ = 0;
  uint64_t content_length_ = 0;
  uint32_t count_ = 0;
  uint32_t dropped_ = 0;
  uint16_t status_ = 0;
  Kind kind_;
  HeadFault fault_ = HeadFault::None;
  uint8_t seen_pseudo_ = 0;
  bool fields_begun_ = false;
  bool has_content_length_ = false;
  bool connect_ = false;
  bool has_cookies_ = false;
};

}  // namespace outrider::http2
