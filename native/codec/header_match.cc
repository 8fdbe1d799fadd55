#include "codec/header_match.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace outrider {

namespace {

// A decimal number as absl::SimpleAtoi takes it: a sign and spaces around it are fine, nothing else is.
std::optional<int64_t> read_number(std::string_view text) {
  constexpr std::string_view space = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(space) - first + 1);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string request_header_name(std::string_view configured) {
  std::string name = lower_case(configured);
  return name == "host" ? std::string(header_name(HeaderId::Authority)) : name;
}

Result<bool> HeaderMatcher::read_specifier(ConfigView config) {
  using Text = StringMatcher::Kind;
  static constexpr std::pair<std::string_view, Text> deprecated[] = {{"exact_match", Text::Exact},
                                                                     {"prefix_match", Text::Prefix},
                                                                     {"suffix_match", Text::Suffix},
                                                                     {"contains_match", Text::Contains}};
  for (const auto& [field, kind] : deprecated) {
    if (config.has(field)) text_.emplace(kind, config.string(field));
  }
  for (const std::string_view field : {"string_match", "safe_regex_match"}) {
    if (!config.has(field)) continue;
    Result<StringMatcher> text =
        field == "string_match" ? StringMatcher::read(config[field]) : StringMatcher::regex(config[field]);
    if (!text) return ConfigError{std::string(field) + "." + text.error().path, text.error().reason};
    text_ = std::move(text.value());
  }
  if (text_) kind_ = Kind::Text;
  if (config.has("range_match")) {
    kind_ = Kind::Range;
    range_start_ = config["range_match"].integer("start");
    range_end_ = config["range_match"].integer("end");
  }
  present_ = config.boolean("present_match", true);
  return true;
}

Result<HeaderMatcher> HeaderMatcher::read(ConfigView config) {
  HeaderMatcher matcher;
  matcher.name_ = request_header_name(config.string("name"));
  matcher.id_ = header_id(matcher.name_);
  matcher.inverted_ = config.boolean("invert_match");
  matcher.missing_is_empty_ = config.boolean("treat_missing_header_as_empty");
  Result<bool> specifier = matcher.read_specifier(config);
  if (!specifier) return specifier.error();
  return matcher;
}

bool HeaderMatcher::matches_value(std::string_view value) const {
  if (kind_ == Kind::Text) return text_->matches(value);
  const std::optional<int64_t> number = read_number(value);
  return number && *number >= range_start_ && *number < range_end_;
}

// Lines of a name that Envoy joins are one value; of other names, one line that matches is enough.
bool HeaderMatcher::matches_any(const HeaderMap& headers, const Header* line) const {
  const Header* next = headers.next_same(line);
  if (next != nullptr && headers.joins_when_added(id_)) {
    std::string joined(line->text());
    for (; next != nullptr; next = headers.next_same(next)) joined.append(",").append(next->text());
    return matches_value(joined);
  }
  while (!matches_value(line->text())) {
    if (next == nullptr) return false;
    line = next;
    next = headers.next_same(line);
  }
  return true;
}

bool HeaderMatcher::matches(const HeaderMap& headers) const {
  const Header* const first = id_ != HeaderId::None ? headers.find(id_) : headers.find(name_);
  if (kind_ == Kind::Present) return ((first != nullptr || missing_is_empty_) == present_) != inverted_;
  if (first == nullptr) return missing_is_empty_ && matches_value({}) != inverted_;
  return matches_any(headers, first) != inverted_;
}

Result<HeaderMatchers> HeaderMatchers::read(ConfigView list) {
  HeaderMatchers all;
  all.matchers_.reserve(list.size());
  for (uint32_t i = 0; i < list.size(); i++) {
    Result<HeaderMatcher> matcher = HeaderMatcher::read(list[i]);
    if (!matcher) {
      return ConfigError{"[" + std::to_string(i) + "]." + matcher.error().path, matcher.error().reason};
    }
    all.matchers_.push_back(std::move(matcher.value()));
  }
  return all;
}

bool HeaderMatchers::match_all(const HeaderMap& headers) const {
  return std::all_of(matchers_.begin(), matchers_.end(),
                     [&headers](const HeaderMatcher& matcher) { return matcher.matches(headers); });
}

}  // namespace outrider
