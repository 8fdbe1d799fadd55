#include "addon/stats_binding.h"

#include <cstring>
#include <span>

namespace outrider {
namespace {

// Kind of a row that holds no statistics.
constexpr uint8_t no_kind = 255;

template <typename T>
napi_value typed_array(napi_env env, napi_typedarray_type type, std::span<const T> from) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  napi_create_arraybuffer(env, from.size_bytes(), &data, &buffer);
  if (!from.empty()) std::memcpy(data, from.data(), from.size_bytes());
  napi_create_typedarray(env, type, from.size(), buffer, 0, &array);
  return array;
}

napi_value prefixes(napi_env env, const std::vector<StatScopeInfo>& scopes) {
  napi_value list = nullptr;
  napi_create_array_with_length(env, scopes.size(), &list);
  for (uint32_t row = 0; row < scopes.size(); ++row) {
    napi_value text = nullptr;
    napi_create_string_utf8(env, scopes[row].prefix.data(), scopes[row].prefix.size(), &text);
    napi_set_element(env, list, row, text);
  }
  return list;
}

void set_scopes(napi_env env, napi_value result, const std::vector<StatScopeInfo>& scopes) {
  std::vector<uint8_t> kinds;
  std::vector<double> ids;
  for (const StatScopeInfo& scope : scopes) {
    const bool listed = scope.users > 0 && !scope.prefix.empty();
    kinds.push_back(listed ? static_cast<uint8_t>(scope.kind) : no_kind);
    ids.push_back(static_cast<double>(scope.id));
  }
  napi_set_named_property(env, result, "kinds", typed_array<uint8_t>(env, napi_uint8_array, kinds));
  napi_set_named_property(env, result, "ids", typed_array<double>(env, napi_float64_array, ids));
  napi_set_named_property(env, result, "prefixes", prefixes(env, scopes));
}

}  // namespace

napi_value read_stats(napi_env env, const StatsRegistry& registry, uint64_t known_generation,
                      StatsRegistry::Read what) {
  StatsSnapshot snapshot;
  registry.read(snapshot, what);
  napi_value result = nullptr;
  napi_value generation = nullptr;
  napi_create_object(env, &result);
  napi_create_double(env, static_cast<double>(registry.generation()), &generation);
  napi_set_named_property(env, result, "generation", generation);
  if (registry.generation() != known_generation) set_scopes(env, result, registry.scopes());
  napi_set_named_property(env, result, "values",
                          typed_array<double>(env, napi_float64_array, snapshot.values));
  napi_set_named_property(env, result, "used", typed_array<uint8_t>(env, napi_uint8_array, snapshot.used));
  napi_set_named_property(env, result, "sparse",
                          typed_array<double>(env, napi_float64_array, snapshot.sparse));
  return result;
}

}  // namespace outrider
