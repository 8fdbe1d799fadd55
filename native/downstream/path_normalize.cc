#include "downstream/path_normalize.h"

#include <array>
#include <cstring>

namespace outrider {
namespace {

// What the WHATWG URL rules, which Envoy follows, do with a character of a path.
enum class PathChar : uint8_t {
  Keep,
  Unescape,   // unreserved: stands as itself also where it came escaped
  Escape,     // is written as %XX
  Dot,        // may begin a dot segment
  Backslash,  // is a slash
  Percent,
};

constexpr std::array<PathChar, 256> build_path_chars() {
  std::array<PathChar, 256> chars{};
  for (size_t c = 0; c < 256; c++) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool plain = letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '~';
    chars[c] = plain ? PathChar::Unescape : c <= ' ' || c >= 0x7f ? PathChar::Escape : PathChar::Keep;
  }
  for (char c : {'"', '<', '>', '^', '`', '{', '|', '}'}) chars[static_cast<uint8_t>(c)] = PathChar::Escape;
  chars['.'] = PathChar::Dot;
  chars['\\'] = PathChar::Backslash;
  chars['%'] = PathChar::Percent;
  return chars;
}
constexpr std::array<PathChar, 256> path_chars = build_path_chars();

PathChar kind(char c) { return path_chars[static_cast<uint8_t>(c)]; }
bool is_slash(char c) { return c == '/' || c == '\\'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte that stands escaped at `at`, or -1.
int escaped_byte(std::string_view text, size_t at) {
  if (text.size() - at < 3) return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Bytes of a "." or "%2e" at `at`; 0: there is none.
size_t dot_bytes(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  if (text[at] == '.') return 1;
  return text[at] == '%' && escaped_byte(text, at) == '.' ? 3 : 0;
}

// Writes the canonical form of one path. `out` has room for three times its bytes.
class Canonical {
 public:
  Canonical(std::string_view path, char* out) : path_(path), out_(out) {}

  // Bytes written; 0: refused.
  size_t write() {
    for (at_ = 0; at_ < path_.size();) {
      if (!step()) return 0;
    }
    return used_;
  }

 private:
  bool step() {
    const char c = path_[at_];
    if (const size_t dot = dot_bytes(path_, at_); dot != 0) {
      write_dot(dot);
      return true;
    }
    if (kind(c) == PathChar::Percent) return write_escape();
    at_++;
    if (kind(c) == PathChar::Escape) {
      put_escaped(static_cast<uint8_t>(c));
    } else {
      put(c == '\\' ? '/' : c);
    }
    return true;
  }

  void write_dot(size_t dot) {
    if (used_ == 0 || out_[used_ - 1] != '/') return put_dot(dot);
    const size_t second = dot_bytes(path_, at_ + dot);
    const size_t end = at_ + dot + second;
    if (end < path_.size() && !is_slash(path_[end])) return put_dot(dot);
    if (second != 0) back_up();
    at_ = end < path_.size() ? end + 1 : end;
  }

  void put_dot(size_t bytes) {
    at_ += bytes;
    put('.');
  }

  // To behind the slash before the last segment.
  void back_up() {
    if (used_ <= 1) return;
    used_--;
    while (used_ > 1 && out_[used_ - 1] != '/') used_--;
  }

  bool write_escape() {
    const int byte = escaped_byte(path_, at_);
    if (byte < 0) {
      stray_percent_ = used_ + 1;
      at_++;
      put('%');
      return true;
    }
    if (byte == 0) return false;
    if (kind(static_cast<char>(byte)) == PathChar::Unescape) {
      put(static_cast<char>(byte));
    } else {
      for (size_t i = 0; i < 3; i++) put(path_[at_ + i]);
    }
    at_ += 3;
    return true;
  }

  // What came escaped may complete a stray "%": "%2%65" must not become "%2e", so that "%" is escaped.
  void put(char c) {
    out_[used_++] = c;
    if (stray_percent_ == 0 || stray_percent_ + 2 != used_ || escaped_byte({out_, used_}, used_ - 3) < 0)
      return;
    std::memmove(out_ + used_, out_ + used_ - 2, 2);
    std::memcpy(out_ + used_ - 2, "25", 2);
    used_ += 2;
  }
  void put_escaped(uint8_t c) {
    static constexpr char digits[] = "0123456789ABCDEF";
    put('%');
    put(digits[c >> 4]);
    put(digits[c & 15]);
  }

  std::string_view path_;
  char* out_;
  size_t at_ = 0;
  size_t used_ = 0;
  size_t stray_percent_ = 0;  // 1 + where the last "%" that begins no escape was written; 0: none
};

// True when the path is sure to be its own canonical form.
bool is_canonical(std::string_view path) {
  for (size_t i = 0; i < path.size(); i++) {
    const PathChar c = kind(path[i]);
    if (c == PathChar::Keep || c == PathChar::Unescape) continue;
    if (c != PathChar::Dot || path[i - (i > 0)] == '/') return false;
  }
  return true;
}

struct SplitPath {
  std::string_view path;
  std::string_view query;  // with its "?"
};

SplitPath split(std::string_view target) {
  const size_t query = target.find('?');
  if (query == std::string_view::npos) return {target, {}};
  return {target.substr(0, query), target.substr(query)};
}

// Puts what was written at `out` and the query in place; `out` has room for it.
void set_path(HeaderMap& headers, char* out, size_t bytes, std::string_view query) {
  if (!query.empty()) std::memcpy(out + bytes, query.data(), query.size());
  headers.set_ref(HeaderId::Path, {out, bytes + query.size()});
}

char* room(HeaderMap& headers, size_t bytes) {
  return static_cast<char*>(headers.arena().allocate(bytes, 1));
}

int escaped_slash(std::string_view path, size_t at) {
  const int byte = path[at] == '%' ? escaped_byte(path, at) : -1;
  return byte == '/' || byte == '\\' ? byte : -1;
}

// True when there were any; :path has them as slashes then.
bool unescape_slashes(HeaderMap& headers) {
  const SplitPath target = split(headers.get(HeaderId::Path));
  size_t at = target.path.find('%');
  while (at != std::string_view::npos && escaped_slash(target.path, at) < 0) {
    at = target.path.find('%', at + 1);
  }
  if (at == std::string_view::npos) return false;
  char* const out = room(headers, target.path.size() + target.query.size());
  if (out == nullptr) return true;
  std::memcpy(out, target.path.data(), at);
  size_t used = at;
  while (at < target.path.size()) {
    const int slash = escaped_slash(target.path, at);
    out[used++] = slash < 0 ? target.path[at] : static_cast<char>(slash);
    at += slash < 0 ? 1 : 3;
  }
  set_path(headers, out, used, target.query);
  return true;
}

// False: the path must be refused.
bool canonicalise(HeaderMap& headers) {
  const SplitPath target = split(headers.get(HeaderId::Path));
  if (is_canonical(target.path)) return true;
  char* const out = room(headers, target.path.size() * 3 + target.query.size());
  if (out == nullptr) return true;
  const size_t bytes = Canonical(target.path, out).write();
  if (bytes == 0) return false;
  set_path(headers, out, bytes, target.query);
  return true;
}

// A path of nothing but slashes becomes "//", as in Envoy.
void merge_slashes(HeaderMap& headers) {
  const SplitPath target = split(headers.get(HeaderId::Path));
  if (target.path.find("//") == std::string_view::npos) return;
  char* const out = room(headers, target.path.size() + target.query.size());
  if (out == nullptr) return;
  size_t used = 0;
  for (char c : target.path) {
    if (c != '/' || used == 0 || out[used - 1] != '/') out[used++] = c;
  }
  if (used == 1) out[used++] = '/';
  set_path(headers, out, used, target.query);
}

}  // namespace

PathVerdict normalize_path(const HcmConfig& config, HeaderMap& headers) {
  PathVerdict verdict = PathVerdict::Continue;
  const std::string_view target = headers.get(HeaderId::Path);
  if (target.empty()) return verdict;
  if (std::memchr(target.data(), '#', target.size()) != nullptr) return PathVerdict::Reject;
  if (config.escaped_slashes != EscapedSlashes::KeepUnchanged && unescape_slashes(headers)) {
    if (config.escaped_slashes == EscapedSlashes::RejectRequest) return PathVerdict::Reject;
    if (config.escaped_slashes == EscapedSlashes::UnescapeAndRedirect) verdict = PathVerdict::Redirect;
  }
  if (config.normalize_path && !canonicalise(headers)) return PathVerdict::Reject;
  // After normalisation, so that an escaped dot segment cannot leave two slashes.
  if (config.merge_slashes) merge_slashes(headers);
  return verdict;
}

}  // namespace outrider
