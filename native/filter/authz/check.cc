#include "filter/authz/check.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/proto_wire.h"
#include "connection/tls_facts.h"

namespace outrider {
namespace {

constexpr std::string_view partial_body_header = "x-envoy-auth-partial-body";

void write_address(const Address* address, ProtoWriter& writer) {
  if (address == nullptr || !address->valid()) return;
  const size_t outer = writer.begin(1);
  const size_t inner = writer.begin(address->is_ip() ? 1 : 2);
  if (address->is_ip()) {
    writer.bytes(2, address->ip());
    writer.number(3, address->port());
  } else {
    writer.bytes(1, address->text());
  }
  writer.end(inner);
  writer.end(outer);
}

std::string_view principal_of(const CertificateFacts* certificate) {
  if (certificate == nullptr) return {};
  if (!certificate->uri_sans.empty()) return certificate->uri_sans.front();
  if (!certificate->dns_sans.empty()) return certificate->dns_sans.front();
  return certificate->subject;
}

std::string url_encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<uint8_t>(c);
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return out;
}

void write_source(const CheckQuestion& question, ProtoWriter& writer) {
  const size_t peer = writer.begin(1);
  write_address(question.info.downstream_remote, writer);
  writer.bytes(2, question.headers.get("x-envoy-downstream-service-cluster"));
  const ConnectionInfo* const connection = question.info.connection;
  if (connection != nullptr && connection->tls != nullptr) {
    writer.bytes(4, principal_of(connection->tls->peer()));
    if (question.peer_certificate) writer.bytes(5, url_encoded(connection->tls->peer_pem(false)));
  }
  writer.end(peer);
}

void write_destination(const CheckQuestion& question, ProtoWriter& writer) {
  const size_t peer = writer.begin(2);
  const ConnectionInfo* const connection = question.info.connection;
  if (connection != nullptr) {
    write_address(&connection->local, writer);
    if (connection->tls != nullptr) writer.bytes(4, principal_of(connection->tls->local()));
  }
  writer.end(peer);
}

// Lines of one name stand in one entry, in the place of the first.
void write_headers(const CheckQuestion& question, ProtoWriter& writer) {
  std::string joined;
  for (auto at = question.headers.begin(); at != question.headers.end(); ++at) {
    const std::string_view name = at->key();
    if (name == partial_body_header || !question.passes(name)) continue;
    const Header* const first = question.headers.find(name);
    if (first != &*at) continue;
    const Header* next = question.headers.next_same(first);
    if (next == nullptr) {
      writer.map_entry(3, name, at->text());
      continue;
    }
    joined.assign(first->text());
    for (; next != nullptr; next = question.headers.next_same(next)) joined.append(",").append(next->text());
    writer.map_entry(3, name, joined);
  }
  if (question.has_body) {
    writer.map_entry(3, partial_body_header, question.body_is_partial ? "true" : "false");
  }
}

void write_raw_header(std::string_view name, std::string_view value, ProtoWriter& writer) {
  const size_t item = writer.begin(1);
  writer.bytes(1, name);
  writer.bytes(3, value);
  writer.end(item);
}

void write_raw_headers(const CheckQuestion& question, ProtoWriter& writer) {
  const size_t map = writer.begin(13);
  for (const Header& header : question.headers) {
    if (header.key() == partial_body_header || !question.passes(header.key())) continue;
    write_raw_header(header.key(), header.text(), writer);
  }
  if (question.has_body)
    write_raw_header(partial_body_header, question.body_is_partial ? "true" : "false", writer);
  writer.end(map);
}

std::string_view protocol_name(Protocol protocol) {
  switch (protocol) {
    case Protocol::Http10:
      return "HTTP/1.0";
    case Protocol::Http11:
      return "HTTP/1.1";
    case Protocol::Http2:
      return "HTTP/2";
    case Protocol::Http3:
      return "HTTP/3";
    case Protocol::None:
      break;
  }
  return {};
}

void write_request(const CheckQuestion& question, ProtoWriter& writer) {
  const HeaderMap& headers = question.headers;
  const size_t request = writer.begin(4);
  const size_t time = writer.begin(1);
  writer.number(1, question.info.start_wall_us / 1'000'000);
  writer.number(2, question.info.start_wall_us % 1'000'000 * 1'000);
  writer.end(time);
  const size_t http = writer.begin(2);
  writer.bytes(1, std::to_string(question.info.stream_id));
  writer.bytes(2, headers.get(HeaderId::Method));
  question.raw_headers ? write_raw_headers(question, writer) : write_headers(question, writer);
  writer.bytes(4, headers.get(HeaderId::Path));
  writer.bytes(5, headers.get(HeaderId::Authority));
  writer.bytes(6, headers.get(HeaderId::Scheme));
  writer.number(9, question.info.bytes_received);
  writer.bytes(10, protocol_name(question.info.protocol));
  writer.bytes(question.body_as_bytes ? 12 : 11, question.body);
  writer.end(http);
  writer.end(request);
}

// google.protobuf.BoolValue, google.rpc.Status, envoy.type.v3.HttpStatus: all that counts is field 1.
uint64_t first_number(std::string_view message) {
  uint64_t number = 0;
  for (ProtoReader reader(message); reader.next();) {
    if (reader.field() == 1) number = reader.number();
  }
  return number;
}

std::string first_text(std::string_view message, uint32_t field) {
  std::string text;
  for (ProtoReader reader(message); reader.next();) {
    if (reader.field() == field) text = reader.bytes();
  }
  return text;
}

enum class Place : uint8_t { Request, Response };

// envoy.config.core.v3.HeaderValueOption. What is said of nothing means "set" for requests and "add" for responses.
HeaderChange read_change(std::string_view option, Place place) {
  using Action = HeaderChange::Action;
  constexpr Action by_append_action[] = {Action::Add, Action::AddIfAbsent, Action::Set, Action::SetIfExists};
  HeaderChange change;
  change.action = place == Place::Request ? Action::Set : Action::Add;
  bool has_append = false;
  for (ProtoReader reader(option); reader.next();) {
    if (reader.field() == 1) {
      for (ProtoReader header(reader.bytes()); header.next();) {
        if (header.field() == 1) change.name = lower_case(header.bytes());
        if (header.field() == 2 || header.field() == 3) change.value = header.bytes();
      }
    } else if (reader.field() == 2) {
      has_append = true;
      const bool append = first_number(reader.bytes()) != 0;
      change.action = !append ? Action::Set : place == Place::Request ? Action::AppendIfExists : Action::Add;
    } else if (reader.field() == 3 && !has_append && reader.number() > 0 && reader.number() < 4) {
      change.action = by_append_action[reader.number()];
    }
  }
  return change;
}

void add_change(std::string_view option, Place place, std::vector<HeaderChange>& to, CheckResult& result) {
  HeaderChange change = read_change(option, place);
  if (change.valid()) {
    to.push_back(std::move(change));
  } else {
    result.invalid = true;
  }
}

void read_denied(std::string_view message, CheckResult& result) {
  for (ProtoReader reader(message); reader.next();) {
    if (reader.field() == 1) {
      const uint64_t status = first_number(reader.bytes());
      if (status >= 200 && status <= 599) result.status = static_cast<uint16_t>(status);
    } else if (reader.field() == 2) {
      add_change(reader.bytes(), Place::Request, result.response, result);
    } else if (reader.field() == 3) {
      result.body = reader.bytes();
    }
  }
  // To a denied request's answer, which has no headers yet, "append" adds.
  for (HeaderChange& change : result.response) {
    if (change.action == HeaderChange::Action::AppendIfExists) change.action = HeaderChange::Action::Add;
  }
}

void read_ok(std::string_view message, CheckResult& result) {
  for (ProtoReader reader(message); reader.next();) {
    switch (reader.field()) {
      case 2:
        add_change(reader.bytes(), Place::Request, result.request, result);
        break;
      case 5:
        result.removals.push_back(lower_case(reader.bytes()));
        break;
      case 6:
        add_change(reader.bytes(), Place::Response, result.response, result);
        break;
      case 7:
        result.query_sets.emplace_back(first_text(reader.bytes(), 1), first_text(reader.bytes(), 2));
        break;
      case 8:
        result.query_removals.emplace_back(reader.bytes());
        break;
      default:
        break;
    }
  }
}

}  // namespace

bool HeaderChange::valid() const {
  if (name.empty() || name == ":status") return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool token = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    if (!token && !(i == 0 && c == ':')) return false;
  }
  return value.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos;
}

void HeaderChange::apply(HeaderMap& headers) const {
  switch (action) {
    case Action::Add:
      return headers.add(name, value);
    case Action::AddIfAbsent:
      if (!headers.has(name)) headers.add(name, value);
      return;
    case Action::SetIfExists:
      if (!headers.has(name)) return;
      [[fallthrough]];
    case Action::Set:
      return headers.set(name, value);
    case Action::AppendIfExists:
      if (headers.has(name)) headers.append_comma(name, value);
      return;
  }
}

bool CheckQuestion::passes(std::string_view name) const {
  if (disallowed != nullptr && disallowed->matches_any(name)) return false;
  return allowed == nullptr || allowed->matches_any(name);
}

void write_check_request(const CheckQuestion& question, std::string& out) {
  ProtoWriter writer(out);
  const size_t attributes = writer.begin(1);
  write_source(question, writer);
  write_destination(question, writer);
  write_request(question, writer);
  if (question.extensions != nullptr) {
    for (const auto& [key, value] : *question.extensions) writer.map_entry(10, key, value);
  }
  const ConnectionInfo* const connection = question.info.connection;
  if (question.tls_session && connection != nullptr && connection->tls != nullptr) {
    const size_t session = writer.begin(12);
    writer.bytes(1, connection->tls->server_name());
    writer.end(session);
  }
  writer.end(attributes);
}

CheckResult read_check_response(std::string_view message) {
  CheckResult result;
  uint64_t code = 0;
  std::string_view denied;
  std::string_view ok;
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) code = first_number(reader.bytes());
    if (reader.field() == 2) denied = reader.bytes();
    if (reader.field() == 3) ok = reader.bytes();
  }
  if (reader.failed()) return result;
  result.decision = code == 0 ? CheckResult::Decision::Allowed : CheckResult::Decision::Denied;
  code == 0 ? read_ok(ok, result) : read_denied(denied, result);
  return result;
}

}  // namespace outrider
