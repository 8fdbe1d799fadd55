#include "formatter/json_format.h"

#include <algorithm>

#include "formatter/json_text.h"
#include "formatter/operators.h"

namespace outrider {

namespace {

// The value of a step as JSON; false when there is none.
bool append_typed(const FormatStep& step, const FormatContext& context, std::string& out);

bool append_text(const FormatStep& step, const FormatContext& context, std::string& out) {
  const size_t start = out.size();
  out += '"';
  if (write_step(step, context, out)) {
    close_json_string(start + 1, out);
    return true;
  }
  out.resize(start);
  return false;
}

bool append_metadata(const FormatStep& step, const FormatContext& context, std::string& out) {
  const ConfigView value = metadata_value(step, context);
  if (value.kind() == ConfigView::Kind::String) return append_text(step, context, out);
  if (value) append_json_value(value, out);
  return static_cast<bool>(value);
}

bool append_coalesced(const FormatStep& step, const FormatContext& context, std::string& out) {
  const size_t start = out.size();
  for (const FormatStep& part : step.extra->operators) {
    if (append_typed(part, context, out) && std::string_view(out).substr(start) != "\"\"") {
      // Cutting is for text, so a text that is too long is written once more.
      return out[start] != '"' || step.max_length == FormatStep::no_limit ||
             (out.resize(start), append_text(step, context, out));
    }
    out.resize(start);
  }
  return false;
}

bool append_typed(const FormatStep& step, const FormatContext& context, std::string& out) {
  if (is_number(step.op)) return write_step(step, context, out);
  if (step.op == FormatOp::Metadata) return append_metadata(step, context, out);
  if (step.op == FormatOp::Coalesce) return append_coalesced(step, context, out);
  return append_text(step, context, out);
}

}  // namespace

// Walks the configured object once and writes the parts. Where nothing is left out, keys and punctuation melt
// into literals.
struct JsonFormat::Compiler {
  const FormatExtensions& extensions;
  JsonFormat& out;
  std::string path;
  std::optional<ConfigError> error;

  bool omits() const { return out.missing_ == MissingValue::Nothing; }

  uint32_t add(Kind kind, std::string text = {}) {
    out.parts_.push_back({kind, 0, std::move(text), std::nullopt});
    return static_cast<uint32_t>(out.parts_.size() - 1);
  }

  void literal(std::string_view text) {
    if (omits() || out.parts_.empty() || out.parts_.back().kind != Kind::Literal) add(Kind::Literal);
    out.parts_.back().text += text;
  }

  void value(ConfigView view) {
    switch (view.kind()) {
      case ConfigView::Kind::Object:
        return object(view);
      case ConfigView::Kind::List:
        return list(view);
      case ConfigView::Kind::String:
        return string(view.as_string());
      default:
        break;
    }
    std::string text;
    append_json_value(view, text);
    literal(text);
  }

  void string(std::string_view text) {
    Result<Format> format = Format::parse(text, out.missing_, extensions);
    if (!format.ok()) {
      if (!error) error = ConfigError{path, format.error().reason};
      return;
    }
    if (format.value().is_literal()) {
      std::string quoted;
      append_json_string(format.value().literal(), quoted);
      return literal(quoted);
    }
    const uint32_t at = add(format.value().steps().size() == 1 ? Kind::Typed : Kind::Text);
    out.parts_[at].format = std::move(format.value());
  }

  void object(ConfigView view) {
    std::vector<const ConfigView::Member*> members;
    for (const ConfigView::Member& member : view.members()) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    const uint32_t at = open(Kind::Object, "{");
    const size_t outer = path.size();
    for (const ConfigView::Member* member : members) {
      if (outer > 0) path += '.';
      path += member->key;
      std::string key;
      append_json_string(member->key, key);
      field(key + ':', member->value(), member == members.front());
      path.resize(outer);
    }
    close(at, "}");
  }

  void list(ConfigView view) {
    const uint32_t at = open(Kind::List, "[");
    const size_t outer = path.size();
    uint32_t index = 0;
    for (ConfigView item : view) {
      path += '[' + std::to_string(index) + ']';
      field("", item, index == 0);
      path.resize(outer);
      index++;
    }
    close(at, "]");
  }

  void field(std::string_view key, ConfigView view, bool first) {
    if (!omits()) {
      if (!first) literal(",");
      literal(key);
      return value(view);
    }
    if (!view) return;  // a null that is configured is left out too
    const uint32_t at = add(Kind::Field, std::string(key));
    value(view);
    out.parts_[at].end = static_cast<uint32_t>(out.parts_.size());
  }

  uint32_t open(Kind kind, std::string_view bracket) {
    if (omits()) return add(kind);
    literal(bracket);
    return 0;
  }

  void close(uint32_t at, std::string_view bracket) {
    if (!omits()) return literal(bracket);
    out.parts_[at].end = static_cast<uint32_t>(out.parts_.size());
  }
};

Result<JsonFormat> JsonFormat::read(ConfigView object, MissingValue missing,
                                    const FormatExtensions& extensions) {
  JsonFormat format;
  format.missing_ = missing;
  Compiler compiler{extensions, format, {}, {}};
  compiler.object(object);
  if (compiler.error) return *std::move(compiler.error);
  return format;
}

void JsonFormat::append(const FormatContext& context, std::string& out) const {
  if (missing_ == MissingValue::Nothing) {
    append_value(0, context, out);
  } else {
    for (uint32_t at = 0; at < parts_.size(); at++) append_value(at, context, out);
  }
  out += '\n';
}

// False when it is to be left out; then `out` may hold a part of it.
bool JsonFormat::append_value(uint32_t at, const FormatContext& context, std::string& out) const {
  const Part& part = parts_[at];
  switch (part.kind) {
    case Kind::Literal:
      out += part.text;
      return true;
    case Kind::Typed:
      if (append_typed(part.format->steps().front(), context, out)) return true;
      if (missing_ == MissingValue::Dash) out += "null";
      return missing_ == MissingValue::Dash;
    case Kind::Text: {
      out += '"';
      const size_t start = out.size();
      part.format->append(context, out);
      close_json_string(start, out);
      return true;
    }
    case Kind::Object: {
      out += '{';
      const bool any = append_fields(at, context, out);
      out += '}';
      return any;
    }
    case Kind::List:
      out += '[';
      append_fields(at, context, out);
      out += ']';
      return true;
    case Kind::Field:
      return append_value(at + 1, context, out);
  }
  return false;
}

// The fields or items of the object or list at `at`; true when there was one.
bool JsonFormat::append_fields(uint32_t at, const FormatContext& context, std::string& out) const {
  bool any = false;
  for (uint32_t field = at + 1; field < parts_[at].end; field = parts_[field].end) {
    const size_t start = out.size();
    if (any) out += ',';
    out += parts_[field].text;
    if (append_value(field, context, out)) {
      any = true;
    } else {
      out.resize(start);
    }
  }
  return any;
}

}  // namespace outrider
