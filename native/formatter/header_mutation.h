#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "codec/header_map.h"
#include "formatter/format.h"

namespace outrider {

// What one level (route, virtual host, route configuration, cluster weight, ...) adds to and removes from
// headers. Immutable, shared by all workers.
class HeaderMutations {
 public:
  HeaderMutations() = default;
  // `to_add`: a list of envoy.config.core.v3.HeaderValueOption; `to_remove`: a list of names. Either may be
  // missing. The error's path is [index] and the field in it, for either list.
  static Result<HeaderMutations> read(ConfigView to_add, ConfigView to_remove = {});

  bool empty() const { return additions_.empty() && removals_.empty(); }
  // Removes first, then adds, as Envoy does at each level. Values are formatted from `context`, with `headers`
  // as its request or response headers by their kind. `scratch` is the worker's, reused; its content is lost.
  void apply(HeaderMap& headers, const FormatContext& context, std::string& scratch) const;

 private:
  enum class Action : uint8_t { AppendOrAdd, AddIfAbsent, OverwriteOrAdd, OverwriteIfExists };
  struct Addition {
    std::string name;  // lower case
    HeaderId id = HeaderId::None;
    Action action = Action::AppendOrAdd;
    bool keep_empty_value = false;
    Format value;
  };
  struct Removal {
    std::string name;  // lower case
    HeaderId id = HeaderId::None;
  };
  static Result<Action> read_action(ConfigView option);
  static Result<Addition> read_addition(ConfigView option);
  static std::string_view print(const Addition& addition, const FormatContext& context, Arena& arena,
                                std::string& scratch);
  static bool applies(const Addition& addition, std::string_view value, const HeaderMap& headers);
  static void write(const Addition& addition, std::string_view value, HeaderMap& headers);

  std::vector<Addition> additions_;
  std::vector<Removal> removals_;
};

}  // namespace outrider
