#include "codec/http1/encoder.h"

#include "codec/http1/framing.h"
#include "codec/http1/reason.h"

namespace outrider::http1 {
namespace {

// Added to every head: the start line's fixed parts, and the lines that the encoder itself adds.
constexpr size_t fixed_bytes = 128;
constexpr size_t line_bytes = 4;  // ": " and CRLF
constexpr std::string_view empty_last_chunk = "0\r\n\r\n";

class Writer {
 public:
  Writer(char* out, const HeaderMap& map, const EncoderOptions& options)
      : out_(out), map_(map), options_(options) {}

  void text(std::string_view text) {
    if (!text.empty()) std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }

  void line(std::string_view lower_name, std::string_view value) {
    if (options_.key_format == KeyFormat::None) {
      text(lower_name);
    } else {
      formatted(lower_name);
    }
    text(": ");
    text(value);
    text("\r\n");
  }

  // All lines but the pseudo headers and those that frame the body. Lines that stand as they came, one
  // behind the other in the head that was read, go in one copy.
  void lines() {
    const bool as_it_came = options_.key_format == KeyFormat::None;
    std::string_view run;
    for (const Header& header : map_) {
      if (is_pseudo(header.id) || header.id == HeaderId::Host || header.id == HeaderId::TransferEncoding)
        continue;
      if (!as_it_came || !(header.flags & Header::WholeLine)) {
        text(run);
        run = {};
        line(header.key(), header.text());
        continue;
      }
      const size_t bytes = header.name_len + size_t{header.value_len} + line_bytes;
      if (header.name == run.data() + run.size()) {
        run = {run.data(), run.size() + bytes};
      } else {
        text(run);
        run = {header.name, bytes};
      }
    }
    text(run);
  }

  char* at() const { return out_; }

 private:
  void formatted(std::string_view lower_name) {
    if (options_.key_format == KeyFormat::PreserveCase) {
      const std::string_view original = map_.original_case(lower_name);
      if (original.data() != lower_name.data() || options_.key_format_of_own != KeyFormat::ProperCase) {
        return text(original);
      }
    }
    bool upper = true;  // at the beginning and after anything that is no letter or digit
    for (const char c : lower_name) {
      const bool letter = c >= 'a' && c <= 'z';
      *out_++ = letter && upper ? static_cast<char>(c - 0x20) : c;
      upper = !letter && (c < '0' || c > '9');
    }
  }

  char* out_;
  const HeaderMap& map_;
  const EncoderOptions& options_;
};

bool is_absolute(std::string_view path) {
  return !path.empty() && path.front() != '/' && path.front() != '*';
}

size_t head_bytes_max(const HeaderMap& map) {
  return fixed_bytes + map.byte_size() + map.count() * line_bytes;
}

void write_request_line(const HeaderMap& map, bool connect, const EncoderOptions& options, Writer* writer) {
  const std::string_view path = map.get(HeaderId::Path);
  writer->text(map.get(HeaderId::Method));
  writer->text(" ");
  if (connect && path.empty()) {
    writer->text(map.get(HeaderId::Authority));
  } else {
    if (options.send_fully_qualified_url && !connect && !is_absolute(path)) {
      writer->text(map.has(HeaderId::Scheme) ? map.get(HeaderId::Scheme) : std::string_view("http"));
      writer->text("://");
      writer->text(map.get(HeaderId::Authority));
    }
    writer->text(path);
  }
  writer->text(" HTTP/1.1\r\n");
}

// Methods whose requests rarely have a body, so its absence needs no word (RFC 9110 §8.6).
bool is_bodiless(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "TRACE";
}

// Decides the framing and writes the line that tells it.
Framing frame_body(bool has_length, bool end_stream, bool tell_empty, bool can_chunk, Writer* writer) {
  if (has_length) return end_stream ? Framing::None : Framing::Length;
  if (end_stream) {
    if (tell_empty) writer->line("content-length", "0");
    return Framing::None;
  }
  if (!can_chunk) return Framing::UntilClose;
  writer->line("transfer-encoding", "chunked");
  return Framing::Chunked;
}

}  // namespace

size_t request_head_bytes_max(const HeaderMap& map, const EncoderOptions& options) {
  const size_t twice = map.get(HeaderId::Authority).size();  // in the target and as Host
  return head_bytes_max(map) + (options.send_fully_qualified_url || !map.has(HeaderId::Path) ? twice : 0);
}

size_t response_head_bytes_max(const HeaderMap& map, std::string_view reason) {
  return head_bytes_max(map) + reason.size();
}

Encoded write_request_head(const HeaderMap& map, EndStream end_stream, const EncoderOptions& options,
                           char* out, size_t* written) {
  const std::string_view method = map.get(HeaderId::Method);
  const bool connect = method == "CONNECT";
  *written = 0;
  if (method.empty() || !map.has(connect ? HeaderId::Authority : HeaderId::Path)) return {.failed = true};
  Writer writer(out, map, options);
  write_request_line(map, connect, options, &writer);
  const char* const fields = writer.at();
  if (map.has(HeaderId::Authority)) writer.line("host", map.get(HeaderId::Authority));
  writer.lines();
  Encoded encoded;
  if (connect || is_upgrade(map)) {
    encoded.framing = Framing::Tunnel;
  } else {
    const bool length = map.has(HeaderId::ContentLength);
    encoded.framing = frame_body(length, end_stream == EndStream::Yes, !is_bodiless(method), true, &writer);
  }
  encoded.field_bytes = static_cast<uint32_t>(writer.at() - fields);
  writer.text("\r\n");
  *written = static_cast<size_t>(writer.at() - out);
  return encoded;
}

Encoded write_response_head(const HeaderMap& map, EndStream end_stream, const RequestFacts& request,
                            const EncoderOptions& options, std::string_view reason, char* out,
                            size_t* written) {
  const std::string_view code = map.get(HeaderId::Status);
  *written = 0;
  if (code.size() != 3) return {.failed = true};
  const auto status = static_cast<uint16_t>((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
  Writer writer(out, map, options);
  writer.text(request.minor_version == 0 ? "HTTP/1.0 " : "HTTP/1.1 ");
  writer.text(code);
  writer.text(" ");
  writer.text(reason.empty() ? reason_phrase(status) : reason);
  writer.text("\r\n");
  const char* const fields = writer.at();
  writer.lines();

  const bool interim = status < 200;
  const bool tunnel = (status == 101 && request.upgrade_requested && is_upgrade(map)) ||
                      (request.connect_request && status / 100 == 2);
  Encoded encoded;
  if (tunnel) {
    encoded.framing = Framing::Tunnel;
  } else if (!interim && status != 204 && status != 304) {
    // To HEAD the answer says what GET would have got: chunked, unless a length is known.
    const bool ends = end_stream == EndStream::Yes && !request.head_request;
    encoded.framing =
        frame_body(map.has(HeaderId::ContentLength), ends, true, request.minor_version == 1, &writer);
    if (request.head_request) encoded.framing = Framing::None;
  }
  encoded.field_bytes = static_cast<uint32_t>(writer.at() - fields);
  writer.text("\r\n");
  *written = static_cast<size_t>(writer.at() - out);
  return encoded;
}

size_t write_chunk_header(uint64_t data_bytes, char* out) {
  char digits[16];
  size_t count = 0;
  for (; data_bytes != 0; data_bytes >>= 4) digits[count++] = "0123456789abcdef"[data_bytes & 15];
  for (size_t i = 0; i < count; i++) out[i] = digits[count - 1 - i];
  out[count] = '\r';
  out[count + 1] = '\n';
  return count + 2;
}

size_t last_chunk_bytes_max(const HeaderMap* trailers) {
  constexpr size_t empty = empty_last_chunk.size();
  return trailers == nullptr ? empty : empty + trailers->byte_size() + trailers->count() * line_bytes;
}

size_t write_last_chunk(const HeaderMap* trailers, const EncoderOptions& options, char* out) {
  if (trailers == nullptr || !options.enable_trailers) {
    std::memcpy(out, empty_last_chunk.data(), empty_last_chunk.size());
    return empty_last_chunk.size();
  }
  Writer writer(out, *trailers, options);
  writer.text("0\r\n");
  for (const Header& header : *trailers) writer.line(header.key(), header.text());
  writer.text("\r\n");
  return static_cast<size_t>(writer.at() - out);
}

}  // namespace outrider::http1
