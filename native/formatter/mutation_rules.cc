#include "formatter/mutation_rules.h"

#include "base/ascii.h"

namespace outrider {

Result<MutationRules> MutationRules::read(ConfigView list) {
  MutationRules rules;
  uint32_t index = 0;
  for (const ConfigView mutation : list) {
    const std::string path = "[" + std::to_string(index++) + "]";
    Step step;
    step.removal = lower_case(mutation.string("remove"));
    for (const ConfigView::Member& member : mutation.members()) {
      if (member.key == "append") {
        // HeaderMutations reads lists: a list of this one.
        ConfigView::Node one;
        one.kind = ConfigView::Kind::List;
        one.size = 1;
        one.items = &member.node;
        auto additions = HeaderMutations::read(ConfigView(&one));
        if (!additions) return ConfigError{path + ".append", additions.error().reason};
        step.additions = std::move(additions.value());
      } else if (member.key == "remove_on_match") {
        auto matcher = StringMatcher::read(mutation["remove_on_match"]["key_matcher"]);
        if (!matcher) return ConfigError{path + ".remove_on_match.key_matcher", matcher.error().reason};
        step.removal_match = std::make_unique<StringMatcher>(std::move(matcher.value()));
      }
    }
    rules.steps_.push_back(std::move(step));
  }
  return rules;
}

void MutationRules::apply(HeaderMap& headers, const FormatContext& context, std::string& scratch) const {
  for (const Step& step : steps_) {
    if (!step.removal.empty()) headers.remove(step.removal);
    if (step.removal_match != nullptr) {
      for (const Header& header : headers) {
        if (step.removal_match->matches(header.key())) headers.remove(header.key());
      }
    }
    if (!step.additions.empty()) step.additions.apply(headers, context, scratch);
  }
}

}  // namespace outrider
