#pragma once
#include <string>

#include "base/config_view.h"
#include "base/runtime_values.h"

namespace outrider {

// envoy.config.core.v3.RuntimeFeatureFlag; on where there is none.
class RuntimeSwitch {
 public:
  explicit RuntimeSwitch(ConfigView config)
      : key_(config.string("runtime_key")), otherwise_(config.boolean("default_value", true)) {}
  // `runtime` may be null: every key has its default.
  bool on(const RuntimeValues* runtime) const {
    return runtime == nullptr || key_.empty() ? otherwise_ : runtime->boolean(key_, otherwise_);
  }

 private:
  std::string key_;
  bool otherwise_;
};

}  // namespace outrider
