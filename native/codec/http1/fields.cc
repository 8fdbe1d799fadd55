#include "codec/http1/fields.h"

#include "codec/http1/errors.h"
#include "codec/http1/scan.h"

namespace outrider::http1 {
namespace {

struct Line {
  char* name;
  size_t name_len;
  char* value;
  size_t value_len;
};

class FieldReader {
 public:
  FieldReader(char* p, char* end, const char* source, const Options& options, HeaderMap& map,
              uint32_t* dropped, ParseError* error)
      : p_(p),
        copy_(p),
        source_(source),
        end_(end),
        count_at_first_(map.count()),
        options_(options),
        map_(map),
        dropped_(dropped),
        error_(error) {}

  bool read() {
    while (!at_empty_line()) {
      Line line;
      if (!read_name(&line) || !read_value(&line) || !take(line)) return false;
    }
    return true;
  }

 private:
  bool at_empty_line() const { return *p_ == '\n' || (*p_ == '\r' && p_[1] == '\n'); }
  bool fail(const ParseError& error) {
    *error_ = error;
    return false;
  }

  bool read_name(Line* line) {
    line->name = p_;
    p_ = scan::lower_name(p_, end_ + fields_padding);
    line->name_len = static_cast<size_t>(p_ - line->name);
    if (*p_ == ':' && line->name_len != 0) {
      p_++;
      return line->name_len <= UINT16_MAX || fail(errors::headers_too_large);
    }
    const bool control = scan::is_stop(*p_) && *p_ != '\r' && *p_ != '\n';
    return fail(control ? errors::invalid_characters : errors::bad_header_name);
  }

  bool read_value(Line* line) {
    while (scan::is_blank(*p_)) p_++;
    line->value = p_;
    char* stop = const_cast<char*>(scan::find_stop(p_, end_ + fields_padding));
    char* value_end = stop;
    if (*stop == '\r' && stop[1] == '\n') stop++;
    if (*stop == '\n' && !scan::is_blank(stop[1])) {
      p_ = stop + 1;
    } else if (!unfold(&value_end)) {
      return false;
    }
    while (value_end != line->value && scan::is_blank(value_end[-1])) value_end--;
    line->value_len = static_cast<size_t>(value_end - line->value);
    return true;
  }

  // A value over several lines (obs-fold), or with CRs inside: as Envoy does, CR and LF are taken out
  // and what stays is the value. Moves the bytes down in place.
  bool unfold(char** value_end) {
    char* to = p_;
    char* from = p_;
    for (;; from++) {
      if (*from == '\n' && !scan::is_blank(from[1])) break;
      if (*from == '\n' || *from == '\r') continue;
      if (scan::is_stop(*from)) return fail(errors::invalid_characters);
      if (to != p_ || !scan::is_blank(*from)) *to++ = *from;
    }
    p_ = from + 1;
    *value_end = to;
    return true;
  }

  bool take(const Line& line) {
    const std::string_view name(line.name, line.name_len);
    if (options_.headers_with_underscores_action != UnderscoresAction::Allow &&
        map_.kind() == HeaderMapKind::Request && name.find('_') != std::string_view::npos) {
      if (options_.headers_with_underscores_action == UnderscoresAction::RejectRequest) {
        return fail(errors::unexpected_underscore);
      }
      ++*dropped_;
      return true;
    }
    HeaderId id = header_id(name);
    if (id == HeaderId::Host && map_.kind() == HeaderMapKind::Request) id = HeaderId::Authority;
    if (id != HeaderId::None && map_.has(id) && map_.joins_when_added(id)) {
      map_.add_ref(id, {line.value, line.value_len});
    } else {
      push(line, id);
    }
    return map_.count() - count_at_first_ <= options_.header_count_max || fail(errors::too_many_headers);
  }

  void push(const Line& line, HeaderId id) {
    if (options_.key_format == KeyFormat::PreserveCase) {
      map_.keep_case({line.name, line.name_len}, {line.name - copy_ + source_, line.name_len});
    }
    if (id == HeaderId::Authority) return map_.add_ref(id, {line.value, line.value_len});
    map_.push({line.name, line.value, static_cast<uint32_t>(line.value_len),
               static_cast<uint16_t>(line.name_len), id, 0});
  }

  char* p_;
  char* const copy_;
  const char* const source_;
  char* const end_;
  const size_t count_at_first_;
  const Options& options_;
  HeaderMap& map_;
  uint32_t* const dropped_;
  ParseError* const error_;
};

}  // namespace

bool read_fields(char* p, char* end, const char* source, const Options& options, HeaderMap& map,
                 uint32_t* dropped_underscores, ParseError* error) {
  return FieldReader(p, end, source, options, map, dropped_underscores, error).read();
}

char* copy_padded(Arena& arena, std::string_view bytes) {
  char* copy = static_cast<char*>(arena.allocate(bytes.size() + fields_padding, 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, bytes.data(), bytes.size());
  std::memset(copy + bytes.size(), '\n', fields_padding);
  return copy;
}

size_t find_end(std::string_view input, uint32_t* scanned) {
  const char* const end = input.data() + input.size();
  const char* p = input.data() + *scanned;
  while (true) {
    const char* lf = scan::find_lf(p, end);
    const char* next = lf + 1;
    if (lf != end && next != end && *next == '\r') next++;
    if (lf == end || next == end) {
      *scanned = static_cast<uint32_t>(lf - input.data());
      return 0;
    }
    if (*next == '\n') return static_cast<size_t>(next + 1 - input.data());
    p = lf + 1;
  }
}

}  // namespace outrider::http1
