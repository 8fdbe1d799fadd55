#include "formatter/grpc_status.h"

#include <charconv>
#include <iterator>

#include "codec/header_map.h"

namespace outrider {

namespace {

struct Names {
  std::string_view camel;
  std::string_view snake;
};

// By number, google/rpc/code.proto. Envoy writes CANCELED with one L.
constexpr Names names[] = {
    {"OK", "OK"},
    {"Canceled", "CANCELED"},
    {"Unknown", "UNKNOWN"},
    {"InvalidArgument", "INVALID_ARGUMENT"},
    {"DeadlineExceeded", "DEADLINE_EXCEEDED"},
    {"NotFound", "NOT_FOUND"},
    {"AlreadyExists", "ALREADY_EXISTS"},
    {"PermissionDenied", "PERMISSION_DENIED"},
    {"ResourceExhausted", "RESOURCE_EXHAUSTED"},
    {"FailedPrecondition", "FAILED_PRECONDITION"},
    {"Aborted", "ABORTED"},
    {"OutOfRange", "OUT_OF_RANGE"},
    {"Unimplemented", "UNIMPLEMENTED"},
    {"Internal", "INTERNAL"},
    {"Unavailable", "UNAVAILABLE"},
    {"DataLoss", "DATA_LOSS"},
    {"Unauthenticated", "UNAUTHENTICATED"},
};

std::optional<int64_t> read_status(const HeaderMap* headers) {
  const Header* header = headers == nullptr ? nullptr : headers->find(HeaderId::GrpcStatus);
  if (header == nullptr || header->value_len == 0) return std::nullopt;
  const std::string_view text = header->text();
  uint32_t status = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return whole ? int64_t{status} : -1;
}

}  // namespace

// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
int64_t grpc_status_of_http(uint16_t status) {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

void append_grpc_message(std::string_view text, std::string& out) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out.push_back(c);
      continue;
    }
    const auto value = static_cast<uint8_t>(c);
    out.push_back('%');
    out.push_back(digits[value >> 4]);
    out.push_back(digits[value & 15]);
  }
}

bool is_grpc_content_type(std::string_view content_type) {
  static constexpr std::string_view grpc = "application/grpc";
  return content_type.starts_with(grpc) &&
         (content_type.size() == grpc.size() || content_type[grpc.size()] == '+');
}

std::optional<int64_t> grpc_status_of_response(const FormatContext& context) {
  if (const auto status = read_status(context.response_trailers)) return status;
  if (const auto status = read_status(context.response_headers)) return status;
  if (context.info->response_code == 0) return std::nullopt;
  return grpc_status_of_http(context.info->response_code);
}

std::optional<int64_t> grpc_status(const FormatContext& context) {
  if (context.request_headers == nullptr) return std::nullopt;
  if (!is_grpc_content_type(context.request_headers->get(HeaderId::ContentType))) return std::nullopt;
  return grpc_status_of_response(context);
}

std::string_view grpc_status_camel_name(int64_t status) {
  return status >= 0 && status < std::ssize(names) ? names[status].camel : std::string_view{};
}

std::string_view grpc_status_snake_name(int64_t status) {
  return status >= 0 && status < std::ssize(names) ? names[status].snake : std::string_view{};
}

std::optional<int64_t> find_grpc_status(std::string_view snake_name) {
  for (int64_t i = 0; i < std::ssize(names); i++) {
    if (names[i].snake == snake_name) return i;
  }
  return std::nullopt;
}

}  // namespace outrider
