#include "base/regex.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>

namespace outrider {

static re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }
static std::string_view view(const re2::StringPiece& text) { return {text.data(), text.size()}; }

Regex::Regex(std::unique_ptr<re2::RE2> re) : re_(std::move(re)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern) {
  auto re = std::make_unique<re2::RE2>(piece(pattern), re2::RE2::Quiet);
  if (!re->ok()) return ConfigError{"", "\"" + std::string(pattern) + "\" does not compile: " + re->error()};
  return Regex(std::move(re));
}

Result<Regex> Regex::read(ConfigView matcher) {
  Result<Regex> regex = compile(matcher.string("regex"));
  if (!regex) return ConfigError{"regex", regex.error().reason};
  return regex;
}

bool Regex::full_match(std::string_view text) const { return re2::RE2::FullMatch(piece(text), *re_); }
bool Regex::partial_match(std::string_view text) const { return re2::RE2::PartialMatch(piece(text), *re_); }

bool Regex::full_match(std::string_view text, std::string_view* groups, uint32_t count) const {
  re2::StringPiece found[groups_max + 1];
  const uint32_t wanted = std::min({count, group_count(), groups_max});
  if (!re_->Match(piece(text), 0, text.size(), re2::RE2::ANCHOR_BOTH, found, static_cast<int>(wanted) + 1)) {
    return false;
  }
  for (uint32_t i = 0; i < count; i++) groups[i] = i < wanted ? view(found[i + 1]) : std::string_view{};
  return true;
}

uint32_t Regex::group_count() const { return static_cast<uint32_t>(re_->NumberOfCapturingGroups()); }
std::string_view Regex::pattern() const { return re_->pattern(); }

// Could a "|" stand outside of all groups? With classes in the pattern the answer is a guess: yes.
static bool may_have_alternatives(std::string_view pattern) {
  if (pattern.find('|') == std::string_view::npos) return false;
  if (pattern.find('[') != std::string_view::npos || pattern.find("\\Q") != std::string_view::npos)
    return true;
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); i++) {
    if (pattern[i] == '\\')
      i++;
    else if (pattern[i] == '(')
      depth++;
    else if (pattern[i] == ')')
      depth--;
    else if (pattern[i] == '|' && depth == 0)
      return true;
  }
  return false;
}

std::string Regex::literal_prefix() const {
  std::string_view rest = re_->pattern();
  std::string prefix;
  if (may_have_alternatives(rest)) return prefix;
  if (rest.starts_with('^')) rest.remove_prefix(1);
  while (!rest.empty()) {
    const bool escaped = rest[0] == '\\' && rest.size() > 1 && ispunct(static_cast<unsigned char>(rest[1]));
    const char c = escaped ? rest[1] : rest[0];
    // Bytes of UTF-8 end it too: a "?" after them would take back more than one byte.
    if (static_cast<unsigned char>(c) >= 0x80) break;
    if (!escaped && std::string_view("\\.[]()*+?{}|^$").find(c) != std::string_view::npos) break;
    prefix += c;
    rest.remove_prefix(escaped ? 2 : 1);
  }
  if (!prefix.empty() && !rest.empty() && std::string_view("*?{").find(rest[0]) != std::string_view::npos) {
    prefix.pop_back();
  }
  return prefix;
}

void Regex::replace_all(std::string_view text, std::string_view substitution, std::string& out) const {
  out.assign(text);
  re2::RE2::GlobalReplace(&out, *re_, piece(substitution));
}

Result<RegexRewrite> RegexRewrite::read(ConfigView config) {
  Result<Regex> pattern = Regex::read(config["pattern"]);
  if (!pattern) return ConfigError{"pattern." + pattern.error().path, pattern.error().reason};
  return RegexRewrite{std::move(pattern.value()), std::string(config.string("substitution"))};
}

}  // namespace outrider
