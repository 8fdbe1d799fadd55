#include "router/uri_template.h"

#include <algorithm>
#include <cctype>

namespace outrider {

namespace {

constexpr size_t variables_max = 5;
constexpr size_t variable_name_bytes_max = 16;
// RFC 3986 pchar, as one RE2 class.
constexpr std::string_view segment_class = "[a-zA-Z0-9\\-._~%!$&'()*+,;:@=]";
constexpr std::string_view path_class = "[a-zA-Z0-9\\-._~%!$&'()*+,;:@=/]";

bool is_literal(char c) {
  return isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._~%!$&'()+,;:@=").find(c) != std::string_view::npos;
}

bool is_path(std::string_view text) {
  return text.find("//") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_literal(c) || c == '/'; });
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= variable_name_bytes_max &&
         isalpha(static_cast<unsigned char>(name[0])) && std::all_of(name.begin(), name.end(), [](char c) {
           return isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

// Turns a template into an RE2 pattern; the variables become groups. A segment is literal text with at most one
// operator or variable in it. read() and its parts answer the reason of a fault, nothing when all is well.
class TemplateReader {
 public:
  std::string pattern;
  std::vector<std::string> variables;

  std::string read(std::string_view text) {
    if (!text.starts_with('/')) return "must begin with /";
    while (!text.empty()) {
      text.remove_prefix(1);
      pattern += '/';
      const size_t size = std::min(segment_size(text), text.size());
      // Only the last segment may be empty.
      if (size == 0 && !text.empty()) return "has an empty segment";
      std::string why = read_segment(text.substr(0, size));
      if (!why.empty()) return why;
      text.remove_prefix(size);
    }
    return {};
  }

 private:
  // Up to the next "/" outside of braces.
  static size_t segment_size(std::string_view text) {
    size_t size = 0;
    for (bool inside = false; size < text.size() && (inside || text[size] != '/'); size++) {
      if (text[size] == '{') inside = true;
      if (text[size] == '}') inside = false;
    }
    return size;
  }

  std::string read_segment(std::string_view text) {
    const size_t special = std::min(text.find_first_of("*{"), text.size());
    std::string why = add_literal(text.substr(0, special));
    text.remove_prefix(special);
    if (!why.empty() || text.empty()) return why;
    if (text[0] == '*' && special != 0) return "has a * behind other text";
    why = text[0] == '*' ? read_operator(text) : read_variable(text);
    return why.empty() ? add_literal(text) : why;
  }

  std::string add_literal(std::string_view text) {
    for (const char c : text) {
      if (!is_literal(c)) return "has a \"" + std::string(1, c) + "\" where it must not be";
      if (isalnum(static_cast<unsigned char>(c)) == 0) pattern += '\\';
      pattern += c;
    }
    return {};
  }

  // "*" is one segment or its beginning, "**" any number of segments.
  std::string read_operator(std::string_view& text) {
    const bool rest = text.starts_with("**");
    text.remove_prefix(rest ? 2 : 1);
    if (after_rest_) return "has an operator or a variable after **";
    after_rest_ = rest;
    pattern.append(rest ? path_class : segment_class).append(rest ? "*" : "+");
    return {};
  }

  std::string read_variable(std::string_view& text) {
    const size_t end = text.find('}');
    if (end == std::string_view::npos) return "has an unclosed {";
    const std::string_view inner = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    const size_t equals = inner.find('=');
    const std::string name(inner.substr(0, equals));
    if (!is_name(name)) return "has a bad variable name \"" + name + "\"";
    if (variables.size() == variables_max) return "has more than 5 variables";
    if (std::find(variables.begin(), variables.end(), name) != variables.end())
      return "has " + name + " twice";
    variables.push_back(name);
    return read_variable_pattern(equals == std::string_view::npos ? "*" : inner.substr(equals + 1));
  }

  // Segments that are an operator or literal.
  std::string read_variable_pattern(std::string_view inner) {
    pattern += '(';
    for (;;) {
      const size_t size = std::min(inner.find('/'), inner.size());
      std::string_view segment = inner.substr(0, size);
      if (segment.empty()) return "has an empty segment in a variable";
      const bool is_operator = segment[0] == '*';
      std::string why = is_operator ? read_operator(segment) : add_literal(segment);
      if (!why.empty()) return why;
      if (is_operator && !segment.empty()) return "has text behind * in a variable";
      if (size == inner.size()) break;
      pattern += '/';
      inner.remove_prefix(size + 1);
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
    if (!is_path(literal)) return fail("has \"" + std::string(literal) + "\", which is no text of a path");
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
