#include "router/uri_template.h"

#include <algorithm>
#include <cctype>

namespace outrider {

namespace {

constexpr size_t variables_max = 5;
constexpr size_t variable_name_bytes_max = 16;
// RFC 3986 pchar without "*", as one RE2 class.
constexpr std::string_view segment_class = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=]";
constexpr std::string_view path_class = "[a-zA-Z0-9\\-._~%!$&'()+,;:@=/]";

bool is_literal(char c) {
  return isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._~%!$&'()+,;:@=").find(c) != std::string_view::npos;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= variable_name_bytes_max &&
         isalpha(static_cast<unsigned char>(name[0])) && std::all_of(name.begin(), name.end(), [](char c) {
           return isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

// Turns a template into an RE2 pattern; the variables become groups.
class TemplateReader {
 public:
  std::string pattern;
  std::vector<std::string> variables;

  // An empty answer: fine; else the reason.
  std::string read(std::string_view text) {
    if (!text.starts_with('/')) return "must begin with /";
    while (!text.empty()) {
      if (!text.starts_with('/')) return "expected / after a variable or operator";
      text.remove_prefix(1);
      pattern += '/';
      if (text.starts_with('/')) return "has an empty segment";
      while (!text.empty() && text[0] != '/') {
        const std::string why = read_piece(text);
        if (!why.empty()) return why;
      }
    }
    return {};
  }

 private:
  // A literal, an operator or a variable at the beginning of `text`.
  std::string read_piece(std::string_view& text) {
    if (after_rest_) return "** must be the last operator";
    if (text[0] == '*') return read_operator(text);
    if (text[0] == '{') return read_variable(text);
    if (!is_literal(text[0])) return "has an invalid character '" + std::string(1, text[0]) + "'";
    if (isalnum(static_cast<unsigned char>(text[0])) == 0) pattern += '\\';
    pattern += text[0];
    text.remove_prefix(1);
    return {};
  }

  std::string read_operator(std::string_view& text) {
    const bool rest = text.starts_with("**");
    text.remove_prefix(rest ? 2 : 1);
    if (text.starts_with('*')) return "has more than two * in a row";
    if (after_rest_) return "** must be the last operator";
    after_rest_ = rest;
    pattern.append(rest ? path_class : segment_class).append(rest ? "*" : "+");
    return {};
  }

  std::string read_variable(std::string_view& text) {
    const size_t end = text.find('}');
    if (end == std::string_view::npos) return "has an unclosed {";
    std::string_view inner = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    const size_t equals = inner.find('=');
    const std::string name(inner.substr(0, equals));
    if (!is_name(name)) return "has a bad variable name \"" + name + "\"";
    if (variables.size() == variables_max) return "has more than 5 variables";
    if (std::find(variables.begin(), variables.end(), name) != variables.end())
      return "has " + name + " twice";
    variables.push_back(name);
    inner = equals == std::string_view::npos ? std::string_view("*") : inner.substr(equals + 1);
    if (inner.empty()) return "has an empty pattern for " + name;
    return read_variable_pattern(inner);
  }

  std::string read_variable_pattern(std::string_view inner) {
    pattern += '(';
    while (!inner.empty()) {
      if (inner[0] == '{') return "has a variable within a variable";
      if (inner[0] == '/') {
        if (after_rest_) return "** must be the last operator";
        pattern += '/';
        inner.remove_prefix(1);
        continue;
      }
      const std::string why = read_piece(inner);
      if (!why.empty()) return why;
    }
    pattern += ')';
    return {};
  }

  bool after_rest_ = false;
};

}  // namespace

Result<UriTemplate> UriTemplate::parse(std::string_view pattern) {
  TemplateReader reader;
  const std::string why = reader.read(pattern);
  if (!why.empty()) return ConfigError{"", "the template \"" + std::string(pattern) + "\" " + why};
  Result<Regex> regex = Regex::compile(reader.pattern);
  if (!regex) return regex.error();
  UriTemplate made(std::move(regex.value()));
  made.variables_ = std::move(reader.variables);
  return made;
}

uint32_t UriTemplate::group(std::string_view name) const {
  const auto at = std::find(variables_.begin(), variables_.end(), name);
  return at == variables_.end() ? 0 : static_cast<uint32_t>(at - variables_.begin()) + 1;
}

Result<UriTemplateRewrite> UriTemplateRewrite::parse(std::string_view rewrite, const UriTemplate& match) {
  const auto fail = [rewrite](const std::string& why) {
    return ConfigError{"", "the rewrite \"" + std::string(rewrite) + "\" " + why};
  };
  UriTemplateRewrite made;
  made.match_ = &match;
  if (!rewrite.starts_with('/')) return fail("must begin with /");
  for (std::string_view rest = rewrite; !rest.empty();) {
    const size_t open = std::min(rest.find('{'), rest.size());
    const std::string_view literal = rest.substr(0, open);
    if (literal.find('}') != std::string_view::npos) return fail("has a } without {");
    if (!literal.empty()) made.pieces_.push_back({std::string(literal), 0});
    rest.remove_prefix(open);
    if (rest.empty()) break;
    const size_t close = rest.find('}');
    if (close == std::string_view::npos) return fail("has an unclosed {");
    const std::string_view name = rest.substr(1, close - 1);
    const uint32_t group = match.group(name);
    if (group == 0) return fail("uses " + std::string(name) + ", which the match template has not");
    made.pieces_.push_back({{}, group});
    rest.remove_prefix(close + 1);
  }
  return made;
}

bool UriTemplateRewrite::apply(std::string_view path, std::string& out) const {
  std::string_view groups[variables_max];
  if (!match_->regex().full_match(path, groups, variables_max)) return false;
  for (const Piece& piece : pieces_) {
    if (piece.group == 0)
      out += piece.literal;
    else
      out += groups[piece.group - 1];
  }
  return true;
}

}  // namespace outrider
