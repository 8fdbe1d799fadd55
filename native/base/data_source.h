#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/config_view.h"
#include "base/result.h"

namespace outrider {

// Reads an envoy.config.core.v3.DataSource: text, base64 bytes, a file or an environment variable. For set-up
// code: it reads the file at once. More than `bytes_max` is an error.
Result<std::string> read_data_source(ConfigView source, size_t bytes_max);

// Appends the bytes that base64 text stands for, as canonical JSON writes a bytes field; padding is optional.
// False when it is no base64.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace outrider
