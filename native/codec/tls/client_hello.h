#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace outrider {

// What a TLS client says first, in clear text (RFC 8446 §4.1.2). A value.
struct ClientHello {
  std::string server_name;  // lower case; empty: none
  std::vector<std::string> application_protocols;
};

enum class HelloStatus : uint8_t {
  NeedMore,
  Found,
  NotTls,    // or not a hello, or one that is broken
  TooLarge,  // longer than `hello_bytes_max`
};

// Looks for a hello at the front of what a client has sent, in one record or in several. Touches `hello` only when
// there is one.
HelloStatus parse_client_hello(std::string_view bytes, size_t hello_bytes_max, ClientHello& hello);

}  // namespace outrider
