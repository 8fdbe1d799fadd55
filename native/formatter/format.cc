#include "formatter/format.h"

#include <algorithm>
#include <charconv>

#include "formatter/operators.h"

namespace outrider {

namespace {

bool is_name_character(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// Reads ":10%" or "%" at the start of `text`: the end of an operator. Answers its length, 0 for no end.
size_t read_end(std::string_view text, OperatorText& op) {
  size_t at = 0;
  if (text.starts_with(':')) {
    uint64_t length = 0;
    const auto read = std::from_chars(text.data() + 1, text.data() + text.size(), length);
    if (read.ec != std::errc{}) return 0;
    at = static_cast<size_t>(read.ptr - text.data());
    op.has_length = true;
    op.max_length = static_cast<uint32_t>(std::min<uint64_t>(length, FormatStep::no_limit));
  }
  if (!text.substr(at).starts_with('%')) {
    op.has_length = false;
    op.max_length = FormatStep::no_limit;
    return 0;
  }
  return at + 1;
}

// Reads one operator at the start of `text`, which begins with '%'. The parameter ends at the first ")"
// behind which the operator ends, so it may hold ")" itself. Answers how long it is, 0 when it is none.
size_t read_operator_text(std::string_view text, OperatorText& op) {
  size_t at = 1;
  while (at < text.size() && is_name_character(text[at])) at++;
  op.name = text.substr(1, at - 1);
  if (op.name.empty()) return 0;
  if (at == text.size() || text[at] != '(') {
    const size_t end = read_end(text.substr(at), op);
    return end == 0 ? 0 : at + end;
  }
  const size_t start = at + 1;
  for (at = start; at < text.size() && text[at] != '\n'; at++) {
    if (text[at] != ')') continue;
    op.parameter = text.substr(start, at - start);
    const size_t end = read_end(text.substr(at + 1), op);
    if (end != 0) return at + 1 + end;
  }
  return 0;
}

ConfigError error_at(size_t at, std::string_view text, const std::string& reason) {
  std::string message = "column ";
  message += std::to_string(at + 1);
  message += ": ";
  message += text;
  message += ": ";
  message += reason;
  return ConfigError{"", std::move(message)};
}

void add_literal(std::string_view text, std::vector<FormatStep>& steps) {
  if (steps.empty() || steps.back().op != FormatOp::Literal) steps.emplace_back();
  steps.back().text += text;
}

}  // namespace

Format::Format() = default;
Format::Format(Format&&) noexcept = default;
Format& Format::operator=(Format&&) noexcept = default;
Format::~Format() = default;

Result<Format> Format::parse(std::string_view text, MissingValue missing,
                             const FormatExtensions& extensions) {
  Format format;
  format.missing_ = missing;
  size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (rest[0] != '%') {
      const size_t plain = std::min(rest.find('%'), rest.size());
      add_literal(rest.substr(0, plain), format.steps_);
      at += plain;
      continue;
    }
    if (rest.starts_with("%%")) {
      add_literal("%", format.steps_);
      at += 2;
      continue;
    }
    OperatorText op;
    const size_t length = read_operator_text(rest, op);
    if (length == 0) {
      return error_at(at, rest.substr(0, 40),
                      "not an operator like %NAME(x)% or %NAME:10%; write %% for a percent sign");
    }
    Result<FormatStep> step = read_operator(op, extensions);
    if (!step.ok()) return error_at(at, rest.substr(0, length), step.error().reason);
    if (step.value().op == FormatOp::Literal) {
      add_literal(step.value().text, format.steps_);  // known already: the host's name, the environment
    } else {
      format.steps_.push_back(std::move(step.value()));
    }
    at += length;
  }
  return format;
}

bool Format::is_literal() const {
  return steps_.empty() || (steps_.size() == 1 && steps_[0].op == FormatOp::Literal);
}

std::string_view Format::literal() const { return steps_.empty() ? std::string_view{} : steps_[0].text; }

void Format::append(const FormatContext& context, std::string& out) const {
  for (const FormatStep& step : steps_) {
    if (step.op == FormatOp::Literal) {
      out += step.text;
    } else if (!write_step(step, context, out) && missing_ == MissingValue::Dash) {
      out += '-';
    }
  }
}

}  // namespace outrider
