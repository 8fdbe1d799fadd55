#include "codec/tls/client_hello.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace outrider {
namespace {

constexpr uint8_t handshake_record = 22;
constexpr uint8_t hello_message = 1;
constexpr uint16_t server_name_extension = 0;
constexpr uint16_t alpn_extension = 16;
constexpr size_t record_bytes_max = 16 * 1024 + 2048;

// Takes values off the front; once one is missing everything after it is too.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }
  size_t number(int width) {
    const std::string_view part = take(static_cast<size_t>(width));
    size_t value = 0;
    for (const char c : part) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  std::string_view take(size_t bytes) {
    if (bytes > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view part = bytes_.substr(0, bytes);
    bytes_.remove_prefix(bytes);
    return part;
  }
  // A vector with its length before it.
  std::string_view vector(int width) { return take(number(width)); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

bool read_server_name(std::string_view extension, ClientHello& hello) {
  Reader outer(extension);
  Reader names(outer.vector(2));
  if (!outer.ok()) return false;
  while (!names.empty()) {
    const bool is_host = names.number(1) == 0;
    const std::string_view name = names.vector(2);
    if (!names.ok()) return false;
    if (!is_host || !hello.server_name.empty()) continue;
    for (const char c : name) hello.server_name.push_back(lower_case(c));
  }
  return true;
}

bool read_protocols(std::string_view extension, ClientHello& hello) {
  Reader outer(extension);
  Reader names(outer.vector(2));
  if (!outer.ok()) return false;
  while (!names.empty()) {
    const std::string_view name = names.vector(1);
    if (!names.ok() || name.empty()) return false;
    hello.application_protocols.emplace_back(name);
  }
  return true;
}

bool read_hello(std::string_view message, ClientHello& hello) {
  Reader reader(message);
  reader.take(2 + 32);  // version, random
  reader.vector(1);     // session
  reader.vector(2);     // ciphers
  reader.vector(1);     // compression
  if (!reader.ok()) return false;
  if (reader.empty()) return true;
  Reader extensions(reader.vector(2));
  if (!reader.ok()) return false;
  while (!extensions.empty()) {
    const size_t type = extensions.number(2);
    const std::string_view body = extensions.vector(2);
    if (!extensions.ok()) return false;
    if (type == server_name_extension && !read_server_name(body, hello)) return false;
    if (type == alpn_extension && !read_protocols(body, hello)) return false;
  }
  return true;
}

}  // namespace

HelloStatus parse_client_hello(std::string_view bytes, size_t hello_bytes_max, ClientHello& hello) {
  std::string joined;
  while (!bytes.empty()) {
    if (static_cast<uint8_t>(bytes[0]) != handshake_record) return HelloStatus::NotTls;
    if (bytes.size() > 1 && bytes[1] != 3) return HelloStatus::NotTls;
    if (bytes.size() < 5) return HelloStatus::NeedMore;
    const size_t size = Reader(bytes.substr(3)).number(2);
    if (size == 0 || size > record_bytes_max) return HelloStatus::NotTls;
    joined.append(bytes.substr(5, size));
    bytes.remove_prefix(std::min(bytes.size(), 5 + size));
    if (static_cast<uint8_t>(joined[0]) != hello_message && !joined.empty()) return HelloStatus::NotTls;
    if (joined.size() < 4) continue;
    const size_t whole = Reader(std::string_view(joined).substr(1)).number(3);
    if (whole > hello_bytes_max) return HelloStatus::TooLarge;
    if (joined.size() < 4 + whole) continue;
    ClientHello found;
    if (!read_hello(std::string_view(joined).substr(4, whole), found)) return HelloStatus::NotTls;
    hello = std::move(found);
    return HelloStatus::Found;
  }
  return HelloStatus::NeedMore;
}

}  // namespace outrider
