#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "formatter/stream_info.h"

namespace outrider {

// What gRPC makes of an answer that is not gRPC.
int64_t grpc_status_of_http(uint16_t status);
// A grpc-message: what is not printable ASCII, and "%", is percent-encoded.
void append_grpc_message(std::string_view text, std::string& out);
// "application/grpc", also with "+proto" and the like behind it.
bool is_grpc_content_type(std::string_view content_type);

// The status of a gRPC call: from the trailers, else the response headers, else from the HTTP status.
// Nothing when the request is no gRPC. -1 when the header is no number.
std::optional<int64_t> grpc_status(const FormatContext& context);
// As grpc_status(), for any request, as Envoy's grpc_status_filter asks.
std::optional<int64_t> grpc_status_of_response(const FormatContext& context);

// "InvalidArgument"; empty for a number without a name.
std::string_view grpc_status_camel_name(int64_t status);
// "INVALID_ARGUMENT".
std::string_view grpc_status_snake_name(int64_t status);
std::optional<int64_t> find_grpc_status(std::string_view snake_name);

}  // namespace outrider
