#include "formatter/header_mutation.h"

#include "base/ascii.h"
#include "base/data_source.h"

namespace outrider {

namespace {

ConfigError at_index(size_t index, std::string_view field, std::string reason) {
  std::string path = "[" + std::to_string(index) + "]";
  if (!field.empty()) path += "." + std::string(field);
  return ConfigError{std::move(path), std::move(reason)};
}

bool is_protected(std::string_view lower_name) { return lower_name.starts_with(':') || lower_name == "host"; }

// HeaderValue.raw_value is bytes, which canonical JSON writes in base64.
Result<std::string> read_text(ConfigView header) {
  std::string text(header.string("value"));
  if (text.empty() && !decode_base64(header.string("raw_value"), text)) {
    return ConfigError{"header.raw_value", "not base64"};
  }
  return text;
}

}  // namespace

Result<HeaderMutations::Action> HeaderMutations::read_action(ConfigView option) {
  const std::string_view name = option.string("append_action", "APPEND_IF_EXISTS_OR_ADD");
  if (option.has("append")) {  // the old field
    if (name != "APPEND_IF_EXISTS_OR_ADD") {
      return ConfigError{"append", "append and append_action are both set; leave append out"};
    }
    return option.boolean("append") ? Action::AppendOrAdd : Action::OverwriteOrAdd;
  }
  if (name == "APPEND_IF_EXISTS_OR_ADD") return Action::AppendOrAdd;
  if (name == "ADD_IF_ABSENT") return Action::AddIfAbsent;
  if (name == "OVERWRITE_IF_EXISTS_OR_ADD") return Action::OverwriteOrAdd;
  if (name == "OVERWRITE_IF_EXISTS") return Action::OverwriteIfExists;
  return ConfigError{"append_action", "no such action: " + std::string(name)};
}

Result<HeaderMutations::Addition> HeaderMutations::read_addition(ConfigView option) {
  std::string name = lower_case(option["header"].string("key"));
  if (name.empty()) return ConfigError{"header.key", "a header needs a name"};
  if (is_protected(name)) return ConfigError{"header.key", ":-prefixed or host headers may not be modified"};
  const Result<Action> action = read_action(option);
  if (!action.ok()) return action.error();
  const Result<std::string> text = read_text(option["header"]);
  if (!text.ok()) return text.error();
  Result<Format> value = Format::parse(text.value(), MissingValue::Nothing);
  if (!value.ok()) return ConfigError{"header.value", value.error().reason};
  const HeaderId id = header_id(name);
  return Addition{std::move(name), id, action.value(), option.boolean("keep_empty_value"),
                  std::move(value.value())};
}

Result<HeaderMutations> HeaderMutations::read(ConfigView to_add, ConfigView to_remove) {
  HeaderMutations mutations;
  for (ConfigView option : to_add) {
    Result<Addition> addition = read_addition(option);
    if (!addition.ok()) {
      return at_index(mutations.additions_.size(), addition.error().path, addition.error().reason);
    }
    mutations.additions_.push_back(std::move(addition.value()));
  }
  for (ConfigView item : to_remove) {
    std::string name = lower_case(item.as_string());
    if (name.empty()) return at_index(mutations.removals_.size(), "", "a header needs a name");
    if (is_protected(name)) {
      return at_index(mutations.removals_.size(), "", ":-prefixed or host headers may not be removed");
    }
    const HeaderId id = header_id(name);
    mutations.removals_.push_back({std::move(name), id});
  }
  return mutations;
}

// The value in the arena, so that values read the headers as they were before any was added.
std::string_view HeaderMutations::print(const Addition& addition, const FormatContext& context, Arena& arena,
                                        std::string& scratch) {
  if (addition.value.is_literal()) return arena.copy_view(addition.value.literal());
  scratch.clear();
  addition.value.append(context, scratch);
  return arena.copy_view(scratch);
}

bool HeaderMutations::applies(const Addition& addition, std::string_view value, const HeaderMap& headers) {
  if (value.empty() && !addition.keep_empty_value) return false;
  if (addition.action == Action::AppendOrAdd || addition.action == Action::OverwriteOrAdd) return true;
  const bool exists = addition.id != HeaderId::None ? headers.has(addition.id) : headers.has(addition.name);
  return exists == (addition.action == Action::OverwriteIfExists);
}

void HeaderMutations::write(const Addition& addition, std::string_view value, HeaderMap& headers) {
  const bool known = addition.id != HeaderId::None;
  if (addition.action == Action::OverwriteOrAdd || addition.action == Action::OverwriteIfExists) {
    known ? headers.remove(addition.id) : headers.remove(addition.name);
  }
  if (known) return headers.add_ref(addition.id, value);
  headers.add_ref(headers.arena().copy_view(addition.name), value);
}

void HeaderMutations::apply(HeaderMap& headers, const FormatContext& outer, std::string& scratch) const {
  for (const Removal& removal : removals_) {
    removal.id != HeaderId::None ? headers.remove(removal.id) : headers.remove(removal.name);
  }
  if (additions_.empty()) return;
  FormatContext context = outer;
  if (headers.kind() == HeaderMapKind::Request) context.request_headers = &headers;
  if (headers.kind() == HeaderMapKind::Response) context.response_headers = &headers;
  Arena& arena = headers.arena();
  auto* values = static_cast<std::string_view*>(
      arena.allocate(additions_.size() * sizeof(std::string_view), alignof(std::string_view)));
  if (values == nullptr) return;  // the arena's owner sees that it failed
  for (size_t i = 0; i < additions_.size(); i++) {
    values[i] = print(additions_[i], context, arena, scratch);
    // No data: not to be written. An empty value that is kept has some.
    if (!applies(additions_[i], values[i], headers)) {
      values[i] = {};
    } else if (values[i].empty()) {
      values[i] = "";
    }
  }
  // Envoy first overwrites, then adds.
  for (const bool overwrites : {true, false}) {
    for (size_t i = 0; i < additions_.size(); i++) {
      const Action action = additions_[i].action;
      if ((action == Action::OverwriteOrAdd || action == Action::OverwriteIfExists) != overwrites) continue;
      if (values[i].data() != nullptr) write(additions_[i], values[i], headers);
    }
  }
}

}  // namespace outrider
