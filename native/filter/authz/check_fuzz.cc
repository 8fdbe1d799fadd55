// Whatever an authorization service answers is read, and what is taken of it may stand in a message.
#include <cstdint>
#include <cstdlib>

#include "filter/authz/check.h"

using namespace outrider;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const CheckResult result = read_check_response({reinterpret_cast<const char*>(data), size});
  for (const auto* changes : {&result.request, &result.response}) {
    for (const HeaderChange& change : *changes) {
      if (!change.valid()) std::abort();
    }
  }
  if (result.status < 200 || result.status > 599) std::abort();
  return 0;
}
