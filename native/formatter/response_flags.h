#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formatter/stream_info.h"

namespace outrider {

struct ResponseFlagName {
  std::string_view code;  // "UF", as %RESPONSE_FLAGS% prints it
  std::string_view name;  // "UpstreamConnectionFailure", as %RESPONSE_FLAGS_LONG% does
};

inline constexpr size_t response_flag_count = 30;

ResponseFlagName response_flag_name(ResponseFlag flag);
// By code ("UF"), as response_flag_filter names them.
std::optional<ResponseFlag> find_response_flag(std::string_view code);

enum class FlagStyle : uint8_t { Code, Name };
// "UF,URX" in the order of the bits; "-" when there is none.
void append_response_flags(uint64_t flags, FlagStyle style, std::string& out);

}  // namespace outrider
