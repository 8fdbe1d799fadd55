#pragma once
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"
#include "downstream/hcm_config.h"
#include "formatter/stream_info.h"

namespace outrider {

// The Date header's text, made once a second. Owned by a worker.
class DateCache {
 public:
  // RFC 9110 §5.6.7 IMF-fixdate, 29 bytes, valid until the next call.
  std::string_view text(uint64_t now_wall_s) {
    if (now_wall_s != second_) render(now_wall_s);
    return {text_, sizeof(text_)};
  }

 private:
  void render(uint64_t now_wall_s);
  uint64_t second_ = UINT64_MAX;
  char text_[29];
};

struct ResponseFacts {
  DateCache& dates;
  uint64_t now_wall_s;
  const StreamInfo& info;
  const HeaderMap* request = nullptr;  // null: no request head was read
  bool client_wants_close = false;     // request said so, HTTP/1.0 without keep-alive, max_requests reached
  bool draining = false;               // the connection drains or will close
  bool request_complete = true;  // the whole request was read; never so for one that asks for an upgrade
  bool from_upstream = true;     // false: a local reply
};

enum class AfterResponse : uint8_t { KeepOpen, Close };

// Everything that happens to a response's head after the filters: date, server, hop-by-hop headers, request
// id, via, proxy-status (which may change :status), connection. The answer says what becomes of an HTTP/1
// connection. Not for 1xx heads other than 101.
AfterResponse apply_response_rules(const HcmConfig& config, const ResponseFacts& facts, HeaderMap& headers);

// The same for an informational head (100, 103): as in Envoy only Connection goes, and the request id is echoed.
void apply_informational_rules(const HcmConfig& config, HeaderMap& headers,
                               const HeaderMap* request = nullptr);

}  // namespace outrider
