#pragma once
#include <optional>
#include <string_view>

#include "formatter/stream_info.h"

namespace outrider {

// "DownstreamEnd", as %ACCESS_LOG_TYPE% and log_type_filter write it.
std::string_view log_type_name(AccessLogType type);
std::optional<AccessLogType> find_log_type(std::string_view name);

}  // namespace outrider
