// The door from TypeScript (N-API, C interface): the only room that may name it.
#include <node_api.h>

namespace {

napi_value init(napi_env env, napi_value exports) {
  napi_value version = nullptr;
  if (napi_create_string_utf8(env, OUTRIDER_VERSION, NAPI_AUTO_LENGTH, &version) != napi_ok) return exports;
  napi_set_named_property(env, exports, "version", version);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
