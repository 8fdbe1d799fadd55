#include "formatter/operators.h"

#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "codec/header_map.h"
#include "formatter/address_text.h"
#include "formatter/grpc_status.h"
#include "formatter/json_text.h"
#include "formatter/log_type.h"
#include "formatter/query_text.h"
#include "formatter/response_flags.h"
#include "formatter/tls_text.h"

namespace outrider {

namespace {

using Op = FormatOp;

bool write_text(std::string_view text, std::string& out) {
  out += text;
  return !text.empty();
}

bool write_number(uint64_t value, std::string& out) {
  char text[20];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
  return true;
}

bool write_signed(int64_t value, std::string& out) {
  if (value < 0) out += '-';
  return write_number(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value), out);
}

uint64_t byte_size(const HeaderMap* headers) { return headers == nullptr ? 0 : headers->byte_size(); }

// --- headers ---

const Header* find_header(const HeaderMap& headers, HeaderId id, std::string_view name) {
  if (id != HeaderId::None) return headers.find(id);
  return name.empty() ? nullptr : headers.find(name);
}

const Header* find_header(const FormatStep& step, const HeaderMap* headers) {
  if (headers == nullptr) return nullptr;
  const Header* header = find_header(*headers, step.header, step.text);
  return header != nullptr ? header : find_header(*headers, step.alternative, step.alternative_text);
}

bool write_header(const FormatStep& step, const HeaderMap* headers, std::string& out) {
  const Header* header = find_header(step, headers);
  if (header != nullptr) out += header->text();
  return header != nullptr;
}

bool write_header_without_query(const FormatStep& step, const HeaderMap* headers, std::string& out) {
  const Header* header = find_header(step, headers);
  if (header != nullptr) out += drop_query(header->text());
  return header != nullptr;
}

// The header that the proxy keeps the original in, or the current one, or the first of both that there is.
const Header* find_source(PathSource source, HeaderId original, HeaderId current, const HeaderMap* headers) {
  if (headers == nullptr) return nullptr;
  const Header* found = source == PathSource::Current ? nullptr : headers->find(original);
  return found != nullptr || source == PathSource::Original ? found : headers->find(current);
}

bool write_path(const FormatStep& step, const HeaderMap* headers, std::string& out) {
  const Header* path = find_source(step.path_source, HeaderId::EnvoyOriginalPath, HeaderId::Path, headers);
  if (path == nullptr) return false;
  out += step.without_query ? drop_query(path->text()) : path->text();
  return true;
}

bool write_query_parameter(const FormatStep& step, const HeaderMap* headers, std::string& out) {
  return headers != nullptr && append_query_parameter(headers->get(HeaderId::Path), step.text, out);
}

bool write_query(const FormatStep& step, const HeaderMap* headers, std::string& out) {
  if (headers == nullptr) return false;
  const std::string_view path = headers->get(HeaderId::Path);
  const size_t mark = path.find('?');
  if (mark == std::string_view::npos) return false;
  const std::string_view query = path.substr(mark + 1);
  if (step.decoded) {
    append_decoded_query(query, out);
  } else {
    out += query;
  }
  return true;
}

bool write_server_name(const FormatStep& step, const FormatContext& context, std::string& out) {
  const ConnectionInfo* connection = context.info->connection;
  const std::string_view sni = connection == nullptr ? std::string_view{} : connection->requested_server_name;
  if (step.server_name != ServerNameSource::HostFirst && !sni.empty()) return write_text(sni, out);
  if (step.server_name == ServerNameSource::SniOnly) return false;
  const Header* host = find_source(step.host_source, HeaderId::EnvoyOriginalHost, HeaderId::Authority,
                                   context.request_headers);
  if (host != nullptr) return write_text(host->text(), out);
  return step.server_name == ServerNameSource::HostFirst && write_text(sni, out);
}

bool write_certificate(const FormatStep& step, const HeaderMap* headers, std::string& out) {
  return headers != nullptr &&
         append_certificate_value(headers->get(HeaderId::ForwardedClientCert), step.text, out);
}

bool write_tls(const FormatStep& step, const TlsFacts* facts, std::string& out) {
  const auto what = static_cast<TlsText>(step.option);
  if (step.extra == nullptr) return write_tls_text(what, facts, out);
  int64_t seconds = 0;
  if (!tls_time(what, facts, seconds)) return false;
  step.extra->time->append(seconds * 1'000'000'000, out);
  return true;
}

bool write_grpc(const FormatStep& step, const FormatContext& context, std::string& out) {
  const std::optional<int64_t> status = grpc_status(context);
  if (!status) return false;
  const std::string_view name = step.op == Op::GrpcStatusNumber     ? std::string_view{}
                                : step.grpc == GrpcStyle::SnakeCase ? grpc_status_snake_name(*status)
                                                                    : grpc_status_camel_name(*status);
  return name.empty() ? write_signed(*status, out) : write_text(name, out);
}

// --- times ---

int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

uint64_t connection_point(TimePoint point, const ConnectionInfo* connection) {
  if (connection == nullptr) return 0;
  if (point == TimePoint::ConnectionStart) return connection->start_ns;
  return point == TimePoint::ConnectionEnd ? connection->end_ns : connection->handshake_complete_ns;
}

// 0: not reached.
uint64_t time_of(TimePoint point, const StreamInfo& info) {
  const StreamTiming& timing = info.timing;
  switch (point) {
    case TimePoint::Start:
      return timing.start_ns;
    case TimePoint::RequestEnd:
      return timing.last_downstream_rx_byte_ns;
    case TimePoint::UpstreamRequestStart:
      return timing.upstream_request_start_ns;
    case TimePoint::UpstreamPoolReady:
      return timing.upstream_pool_ready_ns;
    case TimePoint::UpstreamConnectStart:
      return timing.upstream_connect_start_ns;
    case TimePoint::UpstreamConnectEnd:
      return timing.upstream_connect_complete_ns;
    case TimePoint::UpstreamHandshakeEnd:
      return timing.upstream_handshake_complete_ns;
    case TimePoint::UpstreamSendStart:
      return timing.first_upstream_tx_byte_ns;
    case TimePoint::UpstreamSendEnd:
      return timing.last_upstream_tx_byte_ns;
    case TimePoint::UpstreamReceiveStart:
      return timing.first_upstream_rx_byte_ns;
    case TimePoint::UpstreamReceiveBodyStart:
      return timing.first_upstream_rx_body_byte_ns;
    case TimePoint::UpstreamReceiveEnd:
      return timing.last_upstream_rx_byte_ns;
    case TimePoint::ResponseStart:
      return timing.first_downstream_tx_byte_ns;
    case TimePoint::ResponseEnd:
      return timing.last_downstream_tx_byte_ns;
    // A log line in the middle of a stream counts up to now; the loop's clock is CLOCK_MONOTONIC.
    case TimePoint::StreamEndOrNow:
      return timing.end_ns != 0 ? timing.end_ns : static_cast<uint64_t>(clock_ns(CLOCK_MONOTONIC));
    case TimePoint::ConnectionStart:
    case TimePoint::ConnectionHandshakeEnd:
    case TimePoint::ConnectionEnd:
      return connection_point(point, info.connection);
    case TimePoint::Never:
      return 0;
  }
  return 0;
}

bool write_duration(const FormatStep& step, const StreamInfo& info, std::string& out) {
  const uint64_t from = time_of(step.from, info);
  const uint64_t to = time_of(step.to, info);
  if (from == 0 || to == 0 || to < from) return false;
  static constexpr uint64_t units[] = {1'000'000, 1'000, 1};
  return write_number((to - from) / units[static_cast<size_t>(step.unit)], out);
}

// --- addresses ---

const Address* find_address(FormatOp op, const StreamInfo& info) {
  const ConnectionInfo* connection = info.connection;
  switch (op) {
    case Op::UpstreamRemote:
      return info.upstream_remote;
    case Op::UpstreamLocal:
      return info.upstream_local;
    case Op::DownstreamRemote:
      if (info.downstream_remote != nullptr) return info.downstream_remote;
      return connection == nullptr ? nullptr : &connection->direct_remote;
    case Op::DownstreamDirectRemote:
      return connection == nullptr ? nullptr : &connection->direct_remote;
    case Op::DownstreamLocal:
      return connection == nullptr ? nullptr : &connection->local;
    case Op::DownstreamDirectLocal:
      if (connection == nullptr) return nullptr;
      return connection->direct_local.valid() ? &connection->direct_local : &connection->local;
    default:
      return nullptr;
  }
}

void append_part(const FormatStep& step, const Address& address, std::string& out) {
  switch (step.part) {
    case AddressPart::Whole:
      return append_address(address, out);
    case AddressPart::WithoutPort:
      return append_address_without_port(address, out);
    case AddressPart::Masked:
      return append_masked_address(address, step.mask_bits, out);
    case AddressPart::EndpointId:
      return;  // only Envoy's internal addresses have one
  }
}

bool write_address(const FormatStep& step, const StreamInfo& info, std::string& out) {
  const Address* address = find_address(step.op, info);
  if (address == nullptr || !address->valid()) return false;
  append_part(step, *address, out);
  return true;
}

bool write_port(const FormatStep& step, const StreamInfo& info, std::string& out) {
  const Address* address = find_address(step.address, info);
  return address != nullptr && address->is_ip() && write_number(address->port(), out);
}

std::string_view without_port(std::string_view host) {
  const size_t colon = host.rfind(':');
  const bool one = colon != std::string_view::npos && host.find(':') == colon;
  return one || (colon != std::string_view::npos && colon > 0 && host[colon - 1] == ']')
             ? host.substr(0, colon)
             : host;
}

void append_host_name(const FormatStep& step, std::string_view name, const Address* address,
                      std::string& out) {
  if (!name.empty()) {
    out += step.part == AddressPart::WithoutPort ? without_port(name) : name;
  } else if (address != nullptr) {
    append_part(step, *address, out);
  }
}

bool write_host_name(const FormatStep& step, const StreamInfo& info, std::string& out) {
  if (info.upstream_remote == nullptr) return false;
  append_host_name(step, info.upstream_host_name, info.upstream_remote, out);
  return true;
}

bool write_attempts(const FormatStep& step, const StreamInfo& info, std::string& out) {
  const size_t start = out.size();
  for (const AttemptedHost* host = info.first_attempt; host != nullptr; host = host->next) {
    if (step.op == Op::AttemptedConnectionIds && host->connection_id == 0) continue;
    if (out.size() > start) out += ',';
    if (step.op == Op::AttemptedConnectionIds) {
      write_number(host->connection_id, out);
    } else {
      append_host_name(step, step.op == Op::AttemptedHostNames ? host->hostname : std::string_view{},
                       host->address, out);
    }
  }
  return out.size() > start;
}

// --- the rest ---

std::string_view protocol_name(Protocol protocol) {
  static constexpr std::string_view names[] = {"", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"};
  return names[static_cast<size_t>(protocol)];
}

// Details become one word, so that a line of them can be split at spaces.
bool write_details(const FormatStep& step, std::string_view details, std::string& out) {
  const size_t start = out.size();
  out += details;
  if (!step.keep_spaces) {
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    std::replace_if(out.begin() + static_cast<ptrdiff_t>(start), out.end(), is_space, '_');
  }
  return !details.empty();
}

// A random (version 4) UUID.
bool write_unique_id(std::string& out) {
  uint8_t bytes[16];
  if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) return false;
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  static constexpr char hex[] = "0123456789abcdef";
  for (size_t i = 0; i < sizeof(bytes); i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += hex[bytes[i] >> 4];
    out += hex[bytes[i] & 15];
  }
  return true;
}

bool write_metadata(const FormatStep& step, const FormatContext& context, std::string& out) {
  const ConfigView value = metadata_value(step, context);
  if (!value) return false;
  if (value.kind() == ConfigView::Kind::String) {
    out += value.as_string();
  } else {
    append_json_value(value, out);
  }
  return true;
}

bool write_coalesced(const FormatStep& step, const FormatContext& context, std::string& out) {
  const size_t start = out.size();
  for (const FormatStep& part : step.extra->operators) {
    if (write_step(part, context, out) && out.size() > start) return true;
  }
  return false;
}

bool write_name(const FormatStep& step, const FormatContext& context, std::string& out) {
  const StreamInfo& info = *context.info;
  const ConnectionInfo none;
  const ConnectionInfo& connection = info.connection == nullptr ? none : *info.connection;
  switch (step.op) {
    case Op::Protocol:
      return write_text(protocol_name(info.protocol), out);
    case Op::UpstreamProtocol:
      return write_text(protocol_name(info.upstream_protocol), out);
    case Op::ConnectionTerminationDetails:
      return write_text(connection.termination_details, out);
    case Op::RouteName:
      return write_text(info.route_name, out);
    case Op::VirtualClusterName:
      return write_text(info.virtual_cluster_name, out);
    case Op::UpstreamCluster:
      return write_text(info.upstream_cluster_name, out);
    case Op::UpstreamClusterRaw:
      return write_text(info.upstream_cluster_raw_name, out);
    case Op::UpstreamTransportFailureReason:
      return write_text(info.upstream_transport_failure_reason, out);
    case Op::DownstreamTransportFailureReason:
      return write_text(connection.transport_failure_reason, out);
    case Op::UpstreamLocalCloseReason:
      return write_text(info.upstream_local_close_reason, out);
    case Op::DownstreamLocalCloseReason:
      return write_text(connection.local_close_reason, out);
    case Op::UpstreamCloseType:
      return info.upstream_remote != nullptr && write_text(info.upstream_detected_close_type, out);
    case Op::DownstreamCloseType:
      return write_text(connection.detected_close_type, out);
    case Op::ListenerName:
      return write_text(connection.listener_name, out);
    case Op::FilterChainName:
      return write_text(connection.filter_chain_name, out);
    case Op::AccessLogType:
      return write_text(log_type_name(context.log_type), out);
    case Op::TraceId:
      return write_text(info.trace_id, out);
    case Op::SpanId:
      return write_text(info.span_id, out);
    default:
      return false;
  }
}

bool write_count(const FormatStep& step, const FormatContext& context, std::string& out) {
  const StreamInfo& info = *context.info;
  switch (step.op) {
    case Op::ResponseCode:
      return write_number(info.response_code, out);
    case Op::BytesReceived:
      return write_number(info.bytes_received, out);
    case Op::BytesSent:
      return write_number(info.bytes_sent, out);
    case Op::Zero:
      return write_number(0, out);
    case Op::RequestHeadersBytes:
      return write_number(byte_size(context.request_headers), out);
    case Op::ResponseHeadersBytes:
      return write_number(byte_size(context.response_headers), out);
    case Op::ResponseTrailersBytes:
      return write_number(byte_size(context.response_trailers), out);
    case Op::DownstreamWireBytesReceived:
      return write_number(info.downstream_wire.received, out);
    case Op::DownstreamWireBytesSent:
      return write_number(info.downstream_wire.sent, out);
    case Op::DownstreamHeaderBytesReceived:
      return write_number(info.downstream_wire.header_received, out);
    case Op::DownstreamHeaderBytesSent:
      return write_number(info.downstream_wire.header_sent, out);
    case Op::UpstreamWireBytesReceived:
      return write_number(info.upstream_wire.received, out);
    case Op::UpstreamWireBytesSent:
      return write_number(info.upstream_wire.sent, out);
    case Op::UpstreamHeaderBytesReceived:
      return write_number(info.upstream_wire.header_received, out);
    case Op::UpstreamHeaderBytesSent:
      return write_number(info.upstream_wire.header_sent, out);
    case Op::AttemptCount:
      return write_number(info.attempt_count, out);
    case Op::ConnectionId:
      return write_number(info.connection == nullptr ? 0 : info.connection->id, out);
    case Op::UpstreamConnectionId:
      return write_number(info.upstream_connection_id, out);
    case Op::RoundTripMs:
      return write_number(info.connection == nullptr ? 0 : info.connection->round_trip_ms, out);
    case Op::RouteResolutionCount:
      return write_number(info.route_resolution_count, out);
    case Op::RouteResolutionUs:
      return info.route_resolution_count > 0 && write_number(info.route_resolution_ns / 1000, out);
    default:
      return false;
  }
}

bool write_whole(const FormatStep& step, const FormatContext& context, std::string& out) {
  const StreamInfo& info = *context.info;
  switch (step.op) {
    case Op::Literal:
      out += step.text;
      return true;
    case Op::RequestHeader:
      return write_header(step, context.request_headers, out);
    case Op::RequestHeaderWithoutQuery:
      return write_header_without_query(step, context.request_headers, out);
    case Op::ResponseHeader:
      return write_header(step, context.response_headers, out);
    case Op::ResponseTrailer:
      return write_header(step, context.response_trailers, out);
    case Op::Path:
      return write_path(step, context.request_headers, out);
    case Op::QueryParameter:
      return write_query_parameter(step, context.request_headers, out);
    case Op::QueryParameters:
      return write_query(step, context.request_headers, out);
    case Op::RequestedServerName:
      return write_server_name(step, context, out);
    case Op::ForwardedCertificate:
      return write_certificate(step, context.request_headers, out);
    case Op::StreamId:
      return context.request_headers != nullptr &&
             write_text(context.request_headers->get(HeaderId::RequestId), out);
    case Op::GrpcStatus:
    case Op::GrpcStatusNumber:
      return write_grpc(step, context, out);
    case Op::StartTime:
      step.extra->time->append(static_cast<int64_t>(info.start_wall_us) * 1000, out);
      return true;
    case Op::EmitTime:
      step.extra->time->append(clock_ns(CLOCK_REALTIME), out);
      return true;
    case Op::ResponseCodeDetails:
      return write_details(step, info.response_code_details, out);
    case Op::ResponseFlags:
      append_response_flags(info.response_flags, FlagStyle::Code, out);
      return true;
    case Op::ResponseFlagsLong:
      append_response_flags(info.response_flags, FlagStyle::Name, out);
      return true;
    case Op::LocalReplyBody:
      out += context.local_reply_body;
      return true;
    case Op::UniqueId:
      return write_unique_id(out);
    case Op::UpstreamHostName:
      return write_host_name(step, info, out);
    case Op::UpstreamRemote:
    case Op::UpstreamLocal:
    case Op::DownstreamRemote:
    case Op::DownstreamLocal:
    case Op::DownstreamDirectRemote:
    case Op::DownstreamDirectLocal:
      return write_address(step, info, out);
    case Op::AttemptedHosts:
    case Op::AttemptedHostNames:
    case Op::AttemptedConnectionIds:
      return write_attempts(step, info, out);
    case Op::Metadata:
      return write_metadata(step, context, out);
    case Op::Coalesce:
      return write_coalesced(step, context, out);
    case Op::Nothing:
      return false;
    case Op::DownstreamTls:
      return write_tls(step, info.connection == nullptr ? nullptr : info.connection->tls, out);
    case Op::UpstreamTls:
      return write_tls(step, info.upstream_tls, out);
    case Op::Duration:
      return write_duration(step, info, out);
    case Op::Port:
      return write_port(step, info, out);
    default:
      return is_number(step.op) ? write_count(step, context, out) : write_name(step, context, out);
  }
}

ConfigView metadata_of(MetadataSource source, const StreamInfo& info) {
  switch (source) {
    case MetadataSource::Dynamic:
      return info.dynamic_metadata;
    case MetadataSource::Cluster:
      return info.cluster_metadata;
    case MetadataSource::Route:
      return info.route_metadata;
    case MetadataSource::UpstreamHost:
      return info.host_metadata;
    case MetadataSource::Listener:
      return info.listener_metadata;
    case MetadataSource::FilterChain:
      return info.filter_chain_metadata;
    case MetadataSource::VirtualHost:
      return info.virtual_host_metadata;
  }
  return {};
}

}  // namespace

bool write_step(const FormatStep& step, const FormatContext& context, std::string& out) {
  const size_t start = out.size();
  if (!write_whole(step, context, out)) {
    out.resize(start);
    return false;
  }
  if (step.max_length < out.size() - start) out.resize(start + step.max_length);
  return true;
}

ConfigView metadata_value(const FormatStep& step, const FormatContext& context) {
  if (step.extra->path.empty()) return {};
  ConfigView value = metadata_of(step.metadata, *context.info)["filter_metadata"];
  for (const std::string& key : step.extra->path) value = value[key];
  return value;
}

}  // namespace outrider
