#include "codec/http1/framing.h"

#include "codec/http1/errors.h"
#include "codec/http1/text.h"

namespace outrider::http1 {
namespace {

bool fail(ParseError* error, const ParseError& why) {
  *error = why;
  return false;
}

// Reads both lengths; repeated fields were joined to a list, which neither reading accepts.
// Leaves head->framing None, Length or Chunked.
bool read_lengths(const Options& options, HeaderMap& map, Head* head, ParseError* error) {
  const Header* coding = map.find(HeaderId::TransferEncoding);
  const Header* length = map.find(HeaderId::ContentLength);
  if (coding == nullptr && length == nullptr) return true;
  const bool chunked = coding != nullptr && equals_ignoring_case(coding->text(), "chunked");
  if (length != nullptr && length->text().find(',') != std::string_view::npos) {
    return fail(error, errors::bad_content_length);
  }
  if (length != nullptr && coding != nullptr) {
    if (!chunked || !options.allow_chunked_length) return fail(error, errors::both_lengths);
    map.remove(HeaderId::ContentLength);
  } else if (length != nullptr && !read_decimal(length->text(), &head->content_length)) {
    return fail(error, errors::bad_content_length);
  }
  if (coding != nullptr && !chunked) return fail(error, errors::unknown_transfer_encoding);
  head->framing = chunked ? Framing::Chunked : head->content_length != 0 ? Framing::Length : Framing::None;
  return true;
}

// Connection without the named members. Rare, so it may allocate in the arena.
void drop_from_connection(HeaderMap& map, std::string_view first, std::string_view second) {
  std::string_view rest = map.get(HeaderId::Connection);
  char* const start = static_cast<char*>(map.arena().allocate(rest.size() + 1, 1));
  if (start == nullptr) return;
  char* to = start;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view member = trim(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (equals_ignoring_case(member, first) || equals_ignoring_case(member, second)) continue;
    if (to != start) *to++ = ',';
    std::memcpy(to, member.data(), member.size());
    to += member.size();
  }
  if (to == start) {
    map.remove(HeaderId::Connection);
  } else {
    map.set_ref(HeaderId::Connection, {start, static_cast<size_t>(to - start)});
  }
}

// True when the request asks to leave HTTP/1.1. An offer of h2c is ignored and not passed on.
bool asks_for_upgrade(HeaderMap& map) {
  if (!map.has(HeaderId::Connection)) return false;
  if (!is_upgrade(map)) {
    if (map.has(HeaderId::Http2Settings)) drop_from_connection(map, "http2-settings", {});
    return false;
  }
  if (!equals_ignoring_case(map.get(HeaderId::Upgrade), "h2c")) return true;
  drop_from_connection(map, "upgrade", "http2-settings");
  map.remove(HeaderId::Upgrade);
  map.remove(HeaderId::Http2Settings);
  return false;
}

}  // namespace

bool is_upgrade(const HeaderMap& map) {
  const Header* connection = map.find(HeaderId::Connection);
  return connection != nullptr && map.has(HeaderId::Upgrade) && list_has(connection->text(), "upgrade");
}

bool keeps_alive(uint8_t minor_version, const HeaderMap& map) {
  const Header* connection = map.find(HeaderId::Connection);
  if (minor_version == 0) {
    if (connection == nullptr || !list_has(connection->text(), "keep-alive")) return false;
  } else if (connection != nullptr && list_has(connection->text(), "close")) {
    return false;
  }
  const Header* proxy = map.find(HeaderId::ProxyConnection);
  return proxy == nullptr || !list_has(proxy->text(), "close");
}

bool frame_request(const Options& options, HeaderMap& map, Head* head, ParseError* error) {
  if (!read_lengths(options, map, head, error)) return false;
  if (head->connect) {
    if (map.has(HeaderId::TransferEncoding)) return fail(error, errors::unknown_transfer_encoding);
    if (head->content_length != 0) return fail(error, errors::body_disallowed);
    map.remove(HeaderId::ContentLength);
    head->framing = Framing::Tunnel;
    return true;
  }
  head->upgrade = asks_for_upgrade(map);
  if (head->upgrade) head->framing = Framing::Tunnel;
  return true;
}

bool frame_response(const Options& options, const ResponseContext& context, HeaderMap& map, Head* head,
                    ParseError* error) {
  if (!read_lengths(options, map, head, error)) return false;
  const bool interim = head->status < 200;
  if (interim || head->status == 204) {
    if (head->framing != Framing::None) return fail(error, errors::body_in_bodiless_response);
    map.remove(HeaderId::ContentLength);
  }
  // Envoy also takes other statuses with an Upgrade field for a tunnel; RFC 9110 §7.8 has 101 only.
  head->upgrade = head->status == 101 && context.upgrade_requested && is_upgrade(map);
  if (head->upgrade || (context.connect_request && head->status / 100 == 2)) {
    head->framing = Framing::Tunnel;
  } else if (context.head_request || interim || head->status == 204 || head->status == 304) {
    head->framing = Framing::None;
  } else if (head->framing == Framing::None && !map.has(HeaderId::ContentLength)) {
    head->framing = Framing::UntilClose;
  }
  return true;
}

}  // namespace outrider::http1
