#include "router/query_match.h"

#include <algorithm>

namespace outrider {

std::optional<std::string_view> query_parameter(std::string_view path_with_query, std::string_view name) {
  const size_t mark = path_with_query.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  std::string_view rest = path_with_query.substr(mark + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view item = rest.substr(0, end);
    const size_t equals = std::min(item.find('='), item.size());
    if (item.substr(0, equals) == name) return item.substr(std::min(equals + 1, item.size()));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

Result<QueryMatchers> QueryMatchers::read(ConfigView list) {
  QueryMatchers all;
  for (uint32_t i = 0; i < list.size(); i++) {
    Matcher matcher{std::string(list[i].string("name")), list[i].boolean("present_match", true),
                    std::nullopt};
    if (list[i].has("string_match")) {
      Result<StringMatcher> text = StringMatcher::read(list[i]["string_match"]);
      if (!text) {
        return ConfigError{"[" + std::to_string(i) + "].string_match." + text.error().path,
                           text.error().reason};
      }
      matcher.text = std::move(text.value());
    }
    all.matchers_.push_back(std::move(matcher));
  }
  return all;
}

bool QueryMatchers::match_all(std::string_view path_with_query) const {
  return std::all_of(matchers_.begin(), matchers_.end(), [path_with_query](const Matcher& matcher) {
    const std::optional<std::string_view> value = query_parameter(path_with_query, matcher.name);
    return matcher.text ? value && matcher.text->matches(*value) : value.has_value() == matcher.present;
  });
}

static std::string_view trim_front(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

static std::string_view without_quotes(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' && value.back() == '"' ? value.substr(1, value.size() - 2)
                                                                          : value;
}

std::optional<std::string_view> cookie_value(const HeaderMap& headers, std::string_view name) {
  for (const Header* line = headers.find(HeaderId::Cookie); line != nullptr; line = headers.next_same(line)) {
    std::string_view rest = line->text();
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view item = trim_front(rest.substr(0, end));
      const size_t equals = item.find('=');
      if (equals != std::string_view::npos && item.substr(0, equals) == name) {
        return without_quotes(item.substr(equals + 1));
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

Result<CookieMatchers> CookieMatchers::read(ConfigView list) {
  CookieMatchers all;
  for (uint32_t i = 0; i < list.size(); i++) {
    Result<StringMatcher> text = StringMatcher::read(list[i]["string_match"]);
    if (!text) {
      return ConfigError{"[" + std::to_string(i) + "].string_match." + text.error().path,
                         text.error().reason};
    }
    all.matchers_.push_back(
        {std::string(list[i].string("name")), std::move(text.value()), list[i].boolean("invert_match")});
  }
  return all;
}

bool CookieMatchers::match_all(const HeaderMap& headers) const {
  return std::all_of(matchers_.begin(), matchers_.end(), [&headers](const Matcher& matcher) {
    const std::optional<std::string_view> value = cookie_value(headers, matcher.name);
    return (value && matcher.text.matches(*value)) != matcher.inverted;
  });
}

}  // namespace outrider
