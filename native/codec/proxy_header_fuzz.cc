// Any bytes: no crash, and a header that is found lies within them.
#include <cstdint>
#include <cstdlib>

#include "codec/proxy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrider;
  ProxyHeader header;
  const ProxyHeaderStatus status = parse_proxy_header({reinterpret_cast<const char*>(data), size}, header);
  if (status == ProxyHeaderStatus::Found && (header.bytes > size || header.version == 0)) std::abort();
  return 0;
}
