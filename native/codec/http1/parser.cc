#include "codec/http1/parser.h"

#include "codec/http1/errors.h"
#include "codec/http1/fields.h"
#include "codec/http1/framing.h"
#include "codec/http1/scan.h"
#include "codec/http1/target.h"
#include "codec/http1/text.h"

namespace outrider::http1 {

// More than nearly all heads have; a longer input may be mostly body, which would be copied for nothing.
constexpr size_t at_once_bytes_max = 2048;

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;  // empty: HTTP/0.9
  std::string_view rest;     // a fourth word, which is one too many
  size_t bytes = 0;          // with the line end; 0: not looked for
};

namespace {

// The first line of `text` without its line end; CRs at the end are dropped, as Envoy drops them.
std::string_view first_line(std::string_view text) {
  const char* const end = text.data() + text.size();
  std::string_view line(text.data(), static_cast<size_t>(scan::find_lf(text.data(), end) - text.data()));
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Cuts the next word off `line`; words stand apart by blanks.
std::string_view next_word(std::string_view* line) {
  size_t start = 0;
  while (start < line->size() && scan::is_blank((*line)[start])) start++;
  size_t end = start;
  while (end < line->size() && !scan::is_blank((*line)[end])) end++;
  const std::string_view word = line->substr(start, end - start);
  line->remove_prefix(end);
  return word;
}

// The line as nearly all clients write it: one blank between the words, HTTP/1.1, CRLF. `bytes` is 0
// when it is anything else.
RequestLine read_plain_request_line(std::string_view text) {
  constexpr std::string_view tail = " HTTP/1.1\r\n";
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin;
  while (p != end && scan::is_token(*p)) p++;
  if (p == end || *p != ' ') return {};
  const char* const target = p + 1;
  const char* const target_end = scan::find_invisible(target, end);
  if (target_end == target || static_cast<size_t>(end - target_end) < tail.size()) return {};
  if (std::memcmp(target_end, tail.data(), tail.size()) != 0) return {};
  return {.method = {begin, static_cast<size_t>(p - begin)},
          .target = {target, static_cast<size_t>(target_end - target)},
          .version = {target_end + 1, 8},
          .rest = {},
          .bytes = static_cast<size_t>(target_end - begin) + tail.size()};
}

// Any request line: words apart by blanks, a line end of LF with any CRs in front.
RequestLine read_request_line(std::string_view text) {
  RequestLine parts = read_plain_request_line(text);
  if (parts.bytes != 0) return parts;
  std::string_view line = first_line(text);
  parts.bytes = static_cast<size_t>(scan::find_lf(text.data(), text.data() + text.size()) - text.data()) + 1;
  parts.method = next_word(&line);
  parts.target = next_word(&line);
  parts.version = next_word(&line);
  parts.rest = next_word(&line);
  return parts;
}

bool has_control(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* const stop = scan::find_stop(text.data(), end);
  return stop != end && *stop != '\r';
}

// "HTTP/" DIGIT "." DIGIT
bool is_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && text[5] >= '0' && text[5] <= '9' &&
         text[6] == '.' && text[7] >= '0' && text[7] <= '9';
}

}  // namespace

void Parser::start() {
  empty_lines_ = scanned_ = 0;
  line_checked_ = false;
  head_ = Head{};
}

ParseStatus Parser::fail(const ParseError& error) {
  error_ = error;
  return ParseStatus::Error;
}

char* Parser::take_head(std::string_view input, HeaderMap& map, ParseStatus* status, size_t* bytes) {
  *bytes = find_end(input, &scanned_);
  const size_t seen = *bytes != 0 ? *bytes : input.size();
  if (seen > options_->header_bytes_max) {
    *status = fail(errors::headers_too_large);
  } else if (*bytes == 0) {
    *status = ParseStatus::NeedMore;
  } else {
    char* const copy = copy_padded(map.arena(), input.substr(0, *bytes));
    if (copy != nullptr) return copy;
    *status = fail(errors::headers_too_large);
  }
  return nullptr;
}

bool Parser::check_request_line(const RequestLine& line) {
  if (!is_method(line.method, options_->allow_custom_methods)) {
    fail(errors::bad_method);
  } else if (has_control(line.target)) {
    fail(errors::invalid_characters);
  } else if (!is_target(line.target, line.method == "CONNECT")) {
    fail(errors::bad_target);
  } else if (!line.rest.empty() || (!line.version.empty() && !is_version(line.version))) {
    fail(errors::bad_version);
  } else {
    return true;
  }
  return false;
}

bool Parser::read_request_version(std::string_view version) {
  head_.minor_version = version == "HTTP/1.1" ? 1 : 0;  // whatever it is, it is served as 1.0
  if (head_.minor_version == 1 || options_->accept_http_10) return true;
  fail(errors::low_version);
  return false;
}

// Most heads are whole at the first look, and reading them tells where they end; to search for the end
// beforehand took a tenth of the time. Whatever goes wrong here is left to the careful way.
template <typename Read>
bool Parser::read_at_once(std::string_view input, HeaderMap& map, const Read& read) {
  if (scanned_ != 0 || input.size() < 16 || input.size() > at_once_bytes_max) return false;
  map.prepare();
  char* const copy = copy_padded(map.arena(), input);
  if (copy == nullptr) return false;
  if (read(copy) == ParseStatus::Head && head_.bytes <= options_->header_bytes_max) {
    map.arena().trim(copy + input.size() + section_padding, input.size() - head_.bytes);
    head_.bytes += empty_lines_;
    return true;
  }
  map.clear();
  head_ = Head{};
  return false;
}

ParseStatus Parser::parse_request(std::string_view input, HeaderMap& map) {
  while (empty_lines_ < input.size() && (input[empty_lines_] == '\r' || input[empty_lines_] == '\n')) {
    if (++empty_lines_ > options_->header_bytes_max) return fail(errors::headers_too_large);
  }
  input.remove_prefix(empty_lines_);
  if (input.empty()) return ParseStatus::NeedMore;
  if (!scan::is_token(input.front())) return fail(errors::no_request_line);

  if (read_at_once(input, map, [&](char* copy) { return read_request(input, copy, input.size(), map); })) {
    return ParseStatus::Head;
  }
  ParseStatus status;
  size_t bytes;
  char* const copy = take_head(input, map, &status, &bytes);
  if (copy != nullptr) {
    const ParseStatus read = read_request(input, copy, bytes, map);
    head_.bytes += empty_lines_;
    return read;
  }
  // A wrong first line is told at once, so that a client of another protocol does not wait.
  if (status == ParseStatus::NeedMore && !line_checked_ && input.find('\n') != std::string_view::npos) {
    line_checked_ = true;
    if (!check_request_line(read_request_line(input))) return ParseStatus::Error;
  }
  return status;
}

// Reads the head at the beginning of `input`, whose first `bytes` are copied to `copy`.
ParseStatus Parser::read_request(std::string_view input, char* copy, size_t bytes, HeaderMap& map) {
  RequestLine line = read_request_line(input.substr(0, bytes));
  if (!check_request_line(line)) return ParseStatus::Error;
  if (line.bytes > bytes) return fail(errors::ended_early);
  line.method = {copy + (line.method.data() - input.data()), line.method.size()};
  line.target = {copy + (line.target.data() - input.data()), line.target.size()};
  head_.connect = line.method == "CONNECT";
  map.add_ref(HeaderId::Method, line.method);

  const Section section{input.data() + line.bytes, input.data() + input.size(), copy + line.bytes,
                        bytes - line.bytes};
  size_t fields_bytes = 0;
  if (!read_fields(section, *options_, map, &fields_bytes, &head_.dropped_underscore_headers, &error_) ||
      !apply_target(line.target, line.method, *options_, map, &error_) ||
      !read_request_version(line.version)) {
    return ParseStatus::Error;
  }
  head_.bytes = static_cast<uint32_t>(line.bytes + fields_bytes);
  if (head_.minor_version == 0 && !map.has(HeaderId::Authority) &&
      !options_->default_host_for_http_10.empty()) {
    map.set(HeaderId::Authority, options_->default_host_for_http_10);
  }
  if (!is_authority(map.get(HeaderId::Authority))) return fail(errors::invalid_authority);
  if (!frame_request(*options_, map, &head_, &error_)) return ParseStatus::Error;
  head_.keep_alive = keeps_alive(head_.minor_version, map);
  head_.expect_continue = equals_ignoring_case(map.get(HeaderId::Expect), "100-continue");
  return map.arena().failed() ? fail(errors::headers_too_large) : ParseStatus::Head;
}

ParseStatus Parser::parse_response(std::string_view input, const ResponseContext& context, HeaderMap& map) {
  if (input.empty()) return ParseStatus::NeedMore;
  if (input.front() != 'H') return fail(errors::bad_status_line);
  const auto read = [&](char* copy) { return read_response(input, copy, input.size(), context, map); };
  if (read_at_once(input, map, read)) return ParseStatus::Head;
  ParseStatus status;
  size_t bytes;
  char* const copy = take_head(input, map, &status, &bytes);
  return copy == nullptr ? status : read_response(input, copy, bytes, context, map);
}

ParseStatus Parser::read_response(std::string_view input, char* copy, size_t bytes,
                                  const ResponseContext& context, HeaderMap& map) {
  std::string_view line = first_line({copy, bytes});
  const size_t fields_at =
      static_cast<size_t>(scan::find_lf(line.data() + line.size(), copy + bytes) - copy) + 1;
  if (fields_at > bytes) return fail(errors::ended_early);
  if (line.find('\r') != std::string_view::npos) return fail(errors::bad_status_line);
  if (has_control(line)) return fail(errors::invalid_characters);
  const std::string_view version = next_word(&line);
  const std::string_view code = next_word(&line);
  uint64_t number = 0;
  if (!is_version(version) || code.size() != 3 || !read_decimal(code, &number) || number < 100) {
    return fail(errors::bad_status_line);
  }
  head_.minor_version = version == "HTTP/1.1" ? 1 : 0;
  head_.status = static_cast<uint16_t>(number);
  head_.reason = trim(line);
  map.add_ref(HeaderId::Status, code);

  const Section section{input.data() + fields_at, input.data() + input.size(), copy + fields_at,
                        bytes - fields_at};
  size_t fields_bytes = 0;
  if (!read_fields(section, *options_, map, &fields_bytes, &head_.dropped_underscore_headers, &error_) ||
      !frame_response(*options_, context, map, &head_, &error_)) {
    return ParseStatus::Error;
  }
  head_.bytes = static_cast<uint32_t>(fields_at + fields_bytes);
  // Whoever answers 101 speaks another protocol from then on, asked or not.
  head_.keep_alive = head_.status != 101 && keeps_alive(head_.minor_version, map);
  return map.arena().failed() ? fail(errors::headers_too_large) : ParseStatus::Head;
}

}  // namespace outrider::http1
