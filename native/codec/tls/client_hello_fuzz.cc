// Any bytes: no crash, and what is found does not depend on how many bytes follow it.
#include <cstdint>
#include <cstdlib>

#include "codec/tls/client_hello.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrider;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  ClientHello hello;
  if (parse_client_hello(bytes, 16'384, hello) != HelloStatus::Found) return 0;
  bytes.append("more");
  ClientHello again;
  if (parse_client_hello(bytes, 16'384, again) != HelloStatus::Found) std::abort();
  if (again.server_name != hello.server_name) std::abort();
  return 0;
}
