#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "base/string_match.h"
#include "codec/header_map.h"
#include "formatter/header_mutation.h"

namespace outrider {

// A list of envoy.config.common.mutation_rules.v3.HeaderMutation: removals and additions in the order in which they
// stand. Immutable, shared by all workers.
class MutationRules {
 public:
  MutationRules() = default;
  static Result<MutationRules> read(ConfigView list);
  bool empty() const { return steps_.empty(); }
  // As HeaderMutations::apply().
  void apply(HeaderMap& headers, const FormatContext& context, std::string& scratch) const;

 private:
  struct Step {
    HeaderMutations additions;
    std::string removal;  // lower case; empty: none
    std::unique_ptr<StringMatcher> removal_match;
  };
  std::vector<Step> steps_;
};

}  // namespace outrider
