#include "access_log/value_match.h"

namespace outrider {

Result<ValueMatcher> ValueMatcher::read(ConfigView config) {
  ValueMatcher matcher;
  const Result<bool> read = matcher.read_kind(config);
  if (!read.ok()) return read.error();
  return matcher;
}

Result<bool> ValueMatcher::read_double(ConfigView config) {
  const ConfigView range = config["range"];
  kind_ = range ? Kind::Range : Kind::Exact;
  start_ = range ? range.number("start") : config.number("exact");
  end_ = range.number("end");
  return true;
}

Result<bool> ValueMatcher::read_kind(ConfigView config) {
  if (config.has("double_match")) return read_double(config["double_match"]);
  if (config["null_match"].kind() != ConfigView::Kind::None) {
    kind_ = Kind::Null;
  } else if (config.has("bool_match")) {
    kind_ = Kind::Boolean;
    boolean_ = config.boolean("bool_match");
  } else if (config.has("present_match")) {
    kind_ = Kind::Present;
    boolean_ = config.boolean("present_match");
  } else if (config.has("string_match")) {
    Result<StringMatcher> text = StringMatcher::read(config["string_match"]);
    if (!text.ok()) return ConfigError{"string_match", text.error().reason};
    kind_ = Kind::Text;
    text_ = std::move(text.value());
  } else if (config.has("list_match")) {
    Result<ValueMatcher> part = read(config["list_match"]["one_of"]);
    if (!part.ok()) return part.error();
    kind_ = Kind::OneOf;
    parts_.push_back(std::move(part.value()));
  } else if (config.has("or_match")) {
    kind_ = Kind::Any;
    for (ConfigView item : config["or_match"].list("value_matchers")) {
      Result<ValueMatcher> part = read(item);
      if (!part.ok()) return part.error();
      parts_.push_back(std::move(part.value()));
    }
  } else {
    return ConfigError{"", "it needs a match pattern"};
  }
  return true;
}

bool ValueMatcher::matches(ConfigView value) const {
  const ConfigView::Kind kind = value.kind();
  switch (kind_) {
    case Kind::Never:
      return false;
    case Kind::Null:
      return kind == ConfigView::Kind::Null;
    case Kind::Range:
      return kind == ConfigView::Kind::Number && value.as_number() >= start_ && value.as_number() < end_;
    case Kind::Exact:
      return kind == ConfigView::Kind::Number && value.as_number() == start_;
    case Kind::Text:
      return kind == ConfigView::Kind::String && text_->matches(value.as_string());
    case Kind::Boolean:
      return kind == ConfigView::Kind::Boolean && value.as_boolean() == boolean_;
    case Kind::Present:
      return (kind != ConfigView::Kind::None) == boolean_;
    case Kind::OneOf:
      if (kind != ConfigView::Kind::List) return false;
      for (ConfigView item : value) {
        if (parts_.front().matches(item)) return true;
      }
      return false;
    case Kind::Any:
      for (const ValueMatcher& part : parts_) {
        if (part.matches(value)) return true;
      }
      return false;
  }
  return false;
}

}  // namespace outrider
