#include "codec/http1/fields.h"

#include "codec/http1/errors.h"
#include "codec/http1/scan.h"

namespace outrider::http1 {
namespace {

struct Line {
  const char* source;  // the name as it came
  char* name;
  size_t name_len;
  char* value;
  size_t value_len;
  uint8_t flags;
};

class FieldReader {
 public:
  FieldReader(const Section& section, const Options& options, HeaderMap& map, uint32_t* dropped,
              ParseError* error)
      : section_(section),
        p_(section.source),
        end_(section.source_end),
        to_copy_(section.copy - section.source),
        count_at_first_(map.count()),
        options_(options),
        map_(map),
        dropped_(dropped),
        error_(error) {}

  bool read() {
    while (true) {
      if (end_ - p_ < 64) go_on_in_copy();
      // The padding looks like an empty line, too: then the section is not whole.
      if (at_empty_line()) return bytes_read() <= section_.bytes || fail(errors::ended_early);
      Line line;
      if (!read_name(&line) || !read_value(&line) || !take(line)) return false;
    }
  }

  size_t bytes_read() const {
    const char* const begin = to_copy_ == 0 ? section_.copy : section_.source;
    return static_cast<size_t>(p_ - begin) + (*p_ == '\r' ? 2 : 1);
  }

 private:
  bool at_empty_line() const { return *p_ == '\n' || (*p_ == '\r' && p_[1] == '\n'); }
  bool fail(const ParseError& error) {
    *error_ = error;
    return false;
  }

  // Near the end of what may be read the copy serves, as it has room for whole blocks behind it.
  void go_on_in_copy() {
    if (to_copy_ == 0) return;
    p_ += to_copy_;
    end_ = section_.copy + section_.bytes + section_padding;
    to_copy_ = 0;
  }
  char* copy_of(const char* p) const { return const_cast<char*>(p) + to_copy_; }

  bool read_name(Line* line) {
    line->source = p_;
    line->name = copy_of(p_);
    const char* const name_end = scan::lower_name(p_, end_, line->name);
    line->name_len = static_cast<size_t>(name_end - p_);
    p_ = name_end;
    if (*p_ == ':' && line->name_len != 0) {
      p_++;
      return line->name_len <= UINT16_MAX || fail(errors::headers_too_large);
    }
    const bool control = scan::is_stop(*p_) && *p_ != '\r' && *p_ != '\n';
    return fail(control ? errors::invalid_characters : errors::bad_header_name);
  }

  bool read_value(Line* line) {
    const bool one_blank = *p_ == ' ' && !scan::is_blank(p_[1]);
    while (scan::is_blank(*p_)) p_++;
    line->value = copy_of(p_);
    const char* const stop = scan::find_stop(p_, end_);
    const char* const lf = *stop == '\r' ? stop + 1 : stop;
    if (*lf != '\n' || scan::is_blank(lf[1])) return unfold(line);
    const char* value_end = stop;
    while (value_end != p_ && scan::is_blank(value_end[-1])) value_end--;
    line->value_len = static_cast<size_t>(value_end - p_);
    // As it came it can go on: no blanks about the value but one, and CRLF.
    line->flags = one_blank && value_end == stop && lf != stop ? Header::WholeLine : 0;
    p_ = lf + 1;
    return true;
  }

  // A CR that another reader takes for a line's end must not change where a message ends.
  static bool frames(const Line& line) {
    const HeaderId id = header_id({line.source, line.name_len});
    return id == HeaderId::TransferEncoding || id == HeaderId::ContentLength;
  }

  // A value over several lines (obs-fold), or with CRs inside: as Envoy does, CR and LF are taken out
  // and what stays, trimmed, is the value. Moves the bytes of the copy down.
  bool unfold(Line* line) {
    char* to = line->value;
    for (;; p_++) {
      if (*p_ == '\n' && !scan::is_blank(p_[1])) break;
      if (*p_ == '\r' && p_[1] != '\n' && frames(*line)) return fail(errors::invalid_characters);
      if (*p_ == '\n' || *p_ == '\r') continue;
      if (scan::is_stop(*p_)) return fail(errors::invalid_characters);
      if (to != line->value || !scan::is_blank(*p_)) *to++ = *p_;
    }
    p_++;
    while (to != line->value && scan::is_blank(to[-1])) to--;
    line->value_len = static_cast<size_t>(to - line->value);
    line->flags = 0;
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
    HeaderId id = header_id({line.source, line.name_len});
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
      map_.keep_case({line.name, line.name_len},
                     {line.name - section_.copy + section_.source, line.name_len});
    }
    if (id == HeaderId::Authority) return map_.add_ref(id, {line.value, line.value_len});
    map_.push({line.name, line.name_len}, {line.value, line.value_len}, id, line.flags);
  }

  const Section& section_;
  const char* p_;
  const char* end_;
  ptrdiff_t to_copy_;  // from where lines are found to where they are changed
  const size_t count_at_first_;
  const Options& options_;
  HeaderMap& map_;
  uint32_t* const dropped_;
  ParseError* const error_;
};

}  // namespace

bool read_fields(const Section& section, const Options& options, HeaderMap& map, size_t* bytes_read,
                 uint32_t* dropped_underscores, ParseError* error) {
  FieldReader reader(section, options, map, dropped_underscores, error);
  if (!reader.read()) return false;
  *bytes_read = reader.bytes_read();
  return true;
}

uint64_t field_bytes_received(const HeaderMap& map) {
  constexpr uint64_t colon_and_end = 3;
  uint64_t bytes = map.byte_size() + colon_and_end * map.count();
  for (const HeaderId id : {HeaderId::Method, HeaderId::Path, HeaderId::Scheme, HeaderId::Status}) {
    const Header* const pseudo = map.find(id);
    if (pseudo != nullptr) bytes -= pseudo->name_len + uint64_t{pseudo->value_len} + colon_and_end;
  }
  constexpr uint64_t longer = std::string_view(":authority").size() - std::string_view("host").size();
  if (map.has(HeaderId::Authority)) bytes -= longer;
  return bytes == 0 ? colon_and_end : bytes;
}

char* copy_padded(Arena& arena, std::string_view bytes) {
  char* copy = static_cast<char*>(arena.allocate(bytes.size() + section_padding, 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, bytes.data(), bytes.size());
  std::memset(copy + bytes.size(), '\n', section_padding);
  return copy;
}

size_t find_end(std::string_view input, uint32_t* scanned) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  if (input.size() < 2) return 0;
  const char* p = begin + (*scanned == 0 ? 1 : *scanned);
  while ((p = scan::find_empty_line(p, end)) != end) {
    if (*p == '\n') return static_cast<size_t>(p + 1 - begin);
    if (*p == '\r' && p + 1 != end && p[1] == '\n') return static_cast<size_t>(p + 2 - begin);
    p++;  // a fold, or a stray control that the reading of the fields refuses
  }
  *scanned = static_cast<uint32_t>(input.size() - 1);  // a CR at the very end is looked at again
  return 0;
}

}  // namespace outrider::http1
