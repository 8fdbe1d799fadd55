#include "base/string_match.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace outrider {

StringMatcher::StringMatcher(Kind kind, std::string_view text, Case letters)
    : kind_(kind), letters_(letters), text_(text) {
  if (letters == Case::Ignored) text_ = lower_case(text);
}

StringMatcher::StringMatcher(Regex regex)
    : kind_(Kind::Regex), regex_(std::make_unique<Regex>(std::move(regex))) {}

Result<StringMatcher> StringMatcher::regex(ConfigView regex_matcher) {
  Result<Regex> regex = Regex::read(regex_matcher);
  if (!regex) return regex.error();
  return StringMatcher(std::move(regex.value()));
}

Result<StringMatcher> StringMatcher::read(ConfigView config) {
  const Case letters = config.boolean("ignore_case") ? Case::Ignored : Case::Sensitive;
  if (config.has("exact")) return StringMatcher(Kind::Exact, config.string("exact"), letters);
  if (config.has("prefix")) return StringMatcher(Kind::Prefix, config.string("prefix"), letters);
  if (config.has("suffix")) return StringMatcher(Kind::Suffix, config.string("suffix"), letters);
  if (config.has("contains")) return StringMatcher(Kind::Contains, config.string("contains"), letters);
  if (config.has("custom")) return ConfigError{"custom", "string matcher extensions are not supported"};
  if (!config.has("safe_regex")) return ConfigError{"", "one of exact, prefix, suffix, contains, safe_regex"};
  if (letters == Case::Ignored)
    return ConfigError{"ignore_case", "has no effect on safe_regex; use (?i) there"};
  Result<StringMatcher> matcher = regex(config["safe_regex"]);
  if (!matcher) return ConfigError{"safe_regex." + matcher.error().path, matcher.error().reason};
  return matcher;
}

static bool contains_ignoring_case(std::string_view value, std::string_view lower) {
  for (size_t i = 0; i + lower.size() <= value.size(); i++) {
    if (equals_lower(value.substr(i, lower.size()), lower)) return true;
  }
  return false;
}

bool StringMatcher::matches(std::string_view value) const {
  const bool exact_case = letters_ == Case::Sensitive;
  const size_t size = text_.size();
  switch (kind_) {
    case Kind::Exact:
      return exact_case ? value == text_ : equals_lower(value, text_);
    case Kind::Prefix:
      if (value.size() < size) return false;
      value = value.substr(0, size);
      return exact_case ? value == text_ : equals_lower(value, text_);
    case Kind::Suffix:
      if (value.size() < size) return false;
      value = value.substr(value.size() - size);
      return exact_case ? value == text_ : equals_lower(value, text_);
    case Kind::Contains:
      return exact_case ? value.find(text_) != std::string_view::npos : contains_ignoring_case(value, text_);
    case Kind::Regex:
      return regex_->full_match(value);
  }
  return false;
}

Result<StringMatchers> StringMatchers::read(ConfigView list) {
  StringMatchers all;
  for (uint32_t i = 0; i < list.size(); i++) {
    Result<StringMatcher> matcher = StringMatcher::read(list[i]);
    if (!matcher) {
      return ConfigError{"[" + std::to_string(i) + "]." + matcher.error().path, matcher.error().reason};
    }
    all.matchers_.push_back(std::move(matcher.value()));
  }
  return all;
}

bool StringMatchers::matches_any(std::string_view value) const {
  return std::any_of(matchers_.begin(), matchers_.end(),
                     [value](const StringMatcher& matcher) { return matcher.matches(value); });
}

}  // namespace outrider
