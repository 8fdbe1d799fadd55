#pragma once

#include <cstdint>
#include <string_view>

namespace outrider::http1 {

// The reason phrase that Envoy writes for a status; "Unknown" where it has none (418, 451, 103, …).
std::string_view reason_phrase(uint16_t status);

}  // namespace outrider::http1
