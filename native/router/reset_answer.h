#pragma once
#include <cstdint>
#include <string_view>

#include "codec/stream_codec.h"
#include "formatter/stream_info.h"

namespace outrider {

// What a client is told of a try that ended without an answer.
struct ResetAnswer {
  uint16_t status;
  ResponseFlag flag;
  std::string_view text;     // in the body
  std::string_view details;  // in the response code details
};

ResetAnswer answer_to(ResetReason reason);

}  // namespace outrider
