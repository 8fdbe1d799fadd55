#include <unistd.h>
#include <algorithm>
#include <cstring>

#include <cstdlib>
#include <iterator>

#include "base/ascii.h"
#include "formatter/format.h"
#include "formatter/operators.h"
#include "formatter/tls_text.h"

namespace outrider {

namespace {

using Op = FormatOp;

enum class Parameters : uint8_t {
  None,            // neither a parameter nor a length
  Optional,        // a parameter, no length
  Required,        // a parameter, no length
  OptionalLength,  // both, as one likes
  RequiredLength,  // a parameter; a length, as one likes
};

struct Entry {
  std::string_view name;
  Op op;
  Parameters parameters;
  // Turns the parameter into the step's fields; answers what is wrong with it, or nothing.
  std::string (*read)(std::string_view parameter, FormatStep& step) = nullptr;
  uint8_t option = 0;
  uint8_t option2 = 0;
  uint8_t option3 = 0;
};

using Reason = std::string;
const Reason fine;

constexpr uint8_t byte(auto value) { return static_cast<uint8_t>(value); }

std::string_view take(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

Reason one_of(std::string_view given, std::string_view allowed) {
  return "'" + std::string(given) + "' is not one of " + std::string(allowed);
}

// --- headers ---

bool is_header_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$&'*+-.^_`|~%").find(c) != std::string_view::npos;
}

Reason read_header_name(std::string_view name, FormatOp op, std::string& text, HeaderId& id) {
  const std::string_view visible = name.starts_with(':') ? name.substr(1) : name;
  if (!std::all_of(visible.begin(), visible.end(), is_header_character)) {
    return "'" + std::string(name) + "' is not a header name";
  }
  text = lower_case(name);

  // A request's Host is its :authority, as in Envoy.
  if (text == "host" && op != Op::ResponseHeader && op != Op::ResponseTrailer) text = ":authority";
  id = text.empty() ? HeaderId::None : header_id(text);
  return fine;
}

Reason read_headers(std::string_view parameter, FormatStep& step) {
  const std::string_view main = take(parameter, '?');
  if (parameter.find('?') != std::string_view::npos) return "more than one alternative header";
  const Reason reason = read_header_name(main, step.op, step.text, step.header);
  return reason.empty() ? read_header_name(parameter, step.op, step.alternative_text, step.alternative)
                        : reason;
}

Reason read_path(std::string_view parameter, FormatStep& step) {
  const std::string_view query = take(parameter, ':');
  const std::string_view source = take(parameter, ':');
  if (query != "" && query != "WQ" && query != "NQ") return one_of(query, "WQ, NQ");
  step.without_query = query == "NQ";
  if (source == "ORIG") step.path_source = PathSource::Original;
  if (source == "PATH") step.path_source = PathSource::Current;
  if (source == "" || source == "ORIG_OR_PATH") step.path_source = PathSource::OriginalOrCurrent;
  const bool known = source == "" || source == "ORIG" || source == "PATH" || source == "ORIG_OR_PATH";
  return known ? fine : one_of(source, "ORIG, PATH, ORIG_OR_PATH");
}

Reason read_text(std::string_view parameter, FormatStep& step) {
  step.text.assign(parameter);
  return fine;
}

Reason read_query_style(std::string_view parameter, FormatStep& step) {
  step.decoded = parameter == "DECODED";
  if (parameter == "" || parameter == "ORIG" || step.decoded) return fine;
  return one_of(parameter, "ORIG, DECODED");
}

Reason read_server_name(std::string_view parameter, FormatStep& step) {
  const std::string_view order = take(parameter, ':');
  const std::string_view source = take(parameter, ':');
  step.server_name = ServerNameSource::SniOnly;
  if (order == "SNI_FIRST") step.server_name = ServerNameSource::SniFirst;
  if (order == "HOST_FIRST") step.server_name = ServerNameSource::HostFirst;
  if (order != "" && order != "SNI_ONLY" && step.server_name == ServerNameSource::SniOnly) {
    return one_of(order, "SNI_ONLY, SNI_FIRST, HOST_FIRST");
  }
  step.host_source = PathSource::OriginalOrCurrent;
  if (source == "ORIG") step.host_source = PathSource::Original;
  if (source == "HOST") step.host_source = PathSource::Current;
  const bool known = source == "" || source == "ORIG_OR_HOST" || source == "ORIG" || source == "HOST";
  return known ? fine : one_of(source, "ORIG_OR_HOST, HOST, ORIG");
}

Reason read_certificate_key(std::string_view parameter, FormatStep& step) {
  step.text = lower_case(parameter);
  for (std::string_view key : {"by", "hash", "cert", "chain", "subject", "uri", "dns"}) {
    if (key == step.text) return fine;
  }
  return one_of(parameter, "By, Hash, Cert, Chain, Subject, URI, DNS");
}

Reason read_grpc_style(std::string_view parameter, FormatStep& step) {
  step.grpc = parameter == "SNAKE_STRING" ? GrpcStyle::SnakeCase : GrpcStyle::CamelCase;
  if (parameter == "NUMBER") step.op = Op::GrpcStatusNumber;
  if (parameter == "" || parameter == "CAMEL_STRING" || parameter == "SNAKE_STRING") return fine;
  return parameter == "NUMBER" ? fine : one_of(parameter, "CAMEL_STRING, SNAKE_STRING, NUMBER");
}

Reason read_details_style(std::string_view parameter, FormatStep& step) {
  step.keep_spaces = parameter == "ALLOW_WHITESPACES";
  return fine;  // Envoy takes any other word
}

// --- time ---

Reason read_time(std::string_view parameter, FormatStep& step) {
  // Envoy looks for %n and %1n to %9n only, and so finds "%%n" too.
  for (size_t at = parameter.find('%'); at != std::string_view::npos; at = parameter.find('%', at + 1)) {
    const std::string_view after = parameter.substr(at + 1);
    const bool digit = !after.empty() && after[0] >= '1' && after[0] <= '9';
    if (after.substr(digit ? 1 : 0).starts_with('n')) return "a line break in a time (%n)";
  }
  const auto zone = static_cast<TimeZone>(step.option);
  step.extra = std::make_unique<FormatStepExtra>();
  step.extra->time =
      parameter.empty() ? std::make_unique<TimeFormat>(zone) : std::make_unique<TimeFormat>(parameter, zone);
  return fine;
}

// A certificate's date; the option says which.
Reason read_date(std::string_view parameter, FormatStep& step) {
  const uint8_t which = std::exchange(step.option, byte(TimeZone::Utc));
  Reason reason = read_time(parameter, step);
  step.option = which;
  return reason;
}

struct NamedPoint {
  std::string_view name;
  TimePoint point;
};
constexpr NamedPoint time_points[] = {
    {"DS_RX_BEG", TimePoint::Start},
    {"DS_RX_END", TimePoint::RequestEnd},
    {"US_CX_BEG", TimePoint::UpstreamConnectStart},
    {"US_CX_END", TimePoint::UpstreamConnectEnd},
    {"US_HS_END", TimePoint::UpstreamHandshakeEnd},
    {"US_TX_BEG", TimePoint::UpstreamSendStart},
    {"US_TX_END", TimePoint::UpstreamSendEnd},
    {"US_RX_BEG", TimePoint::UpstreamReceiveStart},
    {"US_RX_BODY_BEG", TimePoint::UpstreamReceiveBodyStart},
    {"US_RX_END", TimePoint::UpstreamReceiveEnd},
    {"DS_TX_BEG", TimePoint::ResponseStart},
    {"DS_TX_END", TimePoint::ResponseEnd},
    {"DS_CX_BEG", TimePoint::ConnectionStart},
    {"DS_CX_END", TimePoint::ConnectionEnd},
};

TimePoint find_point(std::string_view name) {
  for (const NamedPoint& named : time_points) {
    if (named.name == name) return named.point;
  }
  return TimePoint::Never;
}

Reason read_duration(std::string_view parameter, FormatStep& step) {
  const auto colons = std::count(parameter.begin(), parameter.end(), ':');
  if (colons < 1 || colons > 2) return "a duration is START:END or START:END:PRECISION";
  step.from = find_point(take(parameter, ':'));
  step.to = find_point(take(parameter, ':'));
  if (colons == 1) parameter = "ms";
  step.unit = DurationUnit::Milliseconds;
  if (parameter == "us") step.unit = DurationUnit::Microseconds;
  if (parameter == "ns") step.unit = DurationUnit::Nanoseconds;
  return parameter == "ms" || parameter == "us" || parameter == "ns" ? fine : one_of(parameter, "ms, us, ns");
}

// --- addresses ---

// What is no number is no mask; above the address's bits it is all of them; below zero Envoy prints nothing.
Reason read_mask(std::string_view parameter, FormatStep& step) {
  step.part = AddressPart::WithoutPort;
  const bool negative = parameter.starts_with('-');
  const std::string_view digits = negative ? parameter.substr(1) : parameter;
  uint32_t bits = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return fine;
    bits = std::min<uint32_t>(bits * 10 + static_cast<uint32_t>(c - '0'), 128);
  }
  if (digits.empty()) return fine;
  step.part = negative && bits > 0 ? AddressPart::EndpointId : AddressPart::Masked;
  step.mask_bits = byte(bits);
  return fine;
}

// --- metadata ---

Reason read_metadata_path(std::string_view parameter, FormatStep& step) {
  step.extra = std::make_unique<FormatStepExtra>();
  while (!parameter.empty()) step.extra->path.emplace_back(take(parameter, ':'));
  return fine;
}

Reason read_metadata(std::string_view parameter, FormatStep& step) {
  struct Named {
    std::string_view name;
    MetadataSource source;
  };
  static constexpr Named sources[] = {
      {"DYNAMIC", MetadataSource::Dynamic},
      {"CLUSTER", MetadataSource::Cluster},
      {"ROUTE", MetadataSource::Route},
      {"UPSTREAM_HOST", MetadataSource::UpstreamHost},
      {"LISTENER", MetadataSource::Listener},
      {"LISTENER_FILTER_CHAIN", MetadataSource::FilterChain},
      {"VIRTUAL_HOST", MetadataSource::VirtualHost},
  };
  const std::string_view kind = take(parameter, ':');
  for (const Named& named : sources) {
    if (named.name != kind) continue;
    step.metadata = named.source;
    return read_metadata_path(parameter, step);
  }
  return one_of(kind,
                "DYNAMIC, CLUSTER, ROUTE, UPSTREAM_HOST, LISTENER, LISTENER_FILTER_CHAIN, VIRTUAL_HOST");
}

Reason read_filter_state(std::string_view parameter, FormatStep&) {
  const std::string_view key = take(parameter, ':');
  if (key.empty()) return "it needs the key of an object";
  const bool has_style = !parameter.empty();
  const std::string_view style = take(parameter, ':');
  if (has_style && style != "PLAIN" && style != "TYPED" && style != "FIELD") {
    return one_of(style, "PLAIN, TYPED, FIELD");
  }
  if ((style == "FIELD") != !parameter.empty()) return "FIELD and a field's name belong together";
  return fine;
}

// --- what is known when the format is read ---

Reason read_environment(std::string_view parameter, FormatStep& step) {
  const char* value = getenv(std::string(parameter).c_str());
  step.text = value == nullptr ? "-" : value;
  return fine;
}

Reason read_hostname(std::string_view, FormatStep& step);
Reason read_coalesce(std::string_view parameter, FormatStep& step);

Reason refuse_cel(std::string_view, FormatStep&) { return "CEL expressions are not supported"; }

#define DURATION(name, from, to)                                                                            \
  {                                                                                                         \
    name, Op::Duration, Parameters::None, nullptr, byte(DurationUnit::Milliseconds), byte(TimePoint::from), \
        byte(TimePoint::to)                                                                                 \
  }
#define ADDRESS(prefix, op)                                                         \
  {prefix "_ADDRESS", Op::op, Parameters::None, nullptr, byte(AddressPart::Whole)}, \
      {prefix "_ADDRESS_WITHOUT_PORT", Op::op, Parameters::Optional, read_mask}, {  \
    prefix "_PORT", Op::Port, Parameters::None, nullptr, byte(Op::op)               \
  }
#define ENDPOINT(name, op) \
  { name, Op::op, Parameters::None, nullptr, byte(AddressPart::EndpointId) }

constexpr auto whole = byte(AddressPart::Whole);
constexpr auto bare = byte(AddressPart::WithoutPort);

// Every operator of Envoy 1.40; one that is not here is refused.
constexpr Entry entries[] = {
    {"REQ", Op::RequestHeader, Parameters::RequiredLength, read_headers},
    {"REQUEST_HEADER", Op::RequestHeader, Parameters::RequiredLength, read_headers},
    {"RESP", Op::ResponseHeader, Parameters::RequiredLength, read_headers},
    {"RESPONSE_HEADER", Op::ResponseHeader, Parameters::RequiredLength, read_headers},
    {"TRAILER", Op::ResponseTrailer, Parameters::RequiredLength, read_headers},
    {"RESPONSE_TRAILER", Op::ResponseTrailer, Parameters::RequiredLength, read_headers},
    {"PATH", Op::Path, Parameters::OptionalLength, read_path},
    {"QUERY_PARAM", Op::QueryParameter, Parameters::RequiredLength, read_text},
    {"QUERY_PARAMS", Op::QueryParameters, Parameters::OptionalLength, read_query_style},
    {"REQUESTED_SERVER_NAME", Op::RequestedServerName, Parameters::Optional, read_server_name},
    {"XFCC_VALUE", Op::ForwardedCertificate, Parameters::RequiredLength, read_certificate_key},
    {"STREAM_ID", Op::StreamId, Parameters::None},
    {"GRPC_STATUS", Op::GrpcStatus, Parameters::Optional, read_grpc_style},
    {"GRPC_STATUS_NUMBER", Op::GrpcStatusNumber, Parameters::None},

    {"START_TIME", Op::StartTime, Parameters::Optional, read_time, byte(TimeZone::Utc)},
    {"START_TIME_LOCAL", Op::StartTime, Parameters::Optional, read_time, byte(TimeZone::Local)},
    {"EMIT_TIME", Op::EmitTime, Parameters::Optional, read_time, byte(TimeZone::Utc)},
    {"EMIT_TIME_LOCAL", Op::EmitTime, Parameters::Optional, read_time, byte(TimeZone::Local)},
    DURATION("DURATION", Start, StreamEndOrNow),
    DURATION("REQUEST_DURATION", Start, RequestEnd),
    DURATION("REQUEST_TX_DURATION", Start, UpstreamSendEnd),
    DURATION("RESPONSE_DURATION", Start, UpstreamReceiveStart),
    DURATION("RESPONSE_TX_DURATION", UpstreamReceiveStart, ResponseEnd),
    DURATION("ROUNDTRIP_DURATION", Start, Never),
    DURATION("DOWNSTREAM_HANDSHAKE_DURATION", ConnectionStart, ConnectionHandshakeEnd),
    DURATION("UPSTREAM_CONNECTION_POOL_READY_DURATION", UpstreamRequestStart, UpstreamPoolReady),
    {"COMMON_DURATION", Op::Duration, Parameters::Required, read_duration},
    {"ROUTE_RESOLUTION_COUNT", Op::RouteResolutionCount, Parameters::None},
    {"ROUTE_RESOLUTION_TIME_US", Op::RouteResolutionUs, Parameters::None},

    {"PROTOCOL", Op::Protocol, Parameters::None},
    {"UPSTREAM_PROTOCOL", Op::UpstreamProtocol, Parameters::None},
    {"RESPONSE_CODE", Op::ResponseCode, Parameters::None},
    {"RESPONSE_CODE_DETAILS", Op::ResponseCodeDetails, Parameters::Optional, read_details_style},
    {"CONNECTION_TERMINATION_DETAILS", Op::ConnectionTerminationDetails, Parameters::None},
    {"RESPONSE_FLAGS", Op::ResponseFlags, Parameters::None},
    {"RESPONSE_FLAGS_LONG", Op::ResponseFlagsLong, Parameters::None},
    {"CUSTOM_FLAGS", Op::Literal, Parameters::None},  // no filter here sets one
    {"ROUTE_NAME", Op::RouteName, Parameters::None},
    {"VIRTUAL_CLUSTER_NAME", Op::VirtualClusterName, Parameters::None},
    {"UPSTREAM_CLUSTER", Op::UpstreamCluster, Parameters::None},
    {"UPSTREAM_CLUSTER_RAW", Op::UpstreamClusterRaw, Parameters::None},
    {"UPSTREAM_TRANSPORT_FAILURE_REASON", Op::UpstreamTransportFailureReason, Parameters::None},
    {"DOWNSTREAM_TRANSPORT_FAILURE_REASON", Op::DownstreamTransportFailureReason, Parameters::None},
    {"UPSTREAM_LOCAL_CLOSE_REASON", Op::UpstreamLocalCloseReason, Parameters::None},
    {"DOWNSTREAM_LOCAL_CLOSE_REASON", Op::DownstreamLocalCloseReason, Parameters::None},
    {"UPSTREAM_DETECTED_CLOSE_TYPE", Op::UpstreamCloseType, Parameters::None},
    {"DOWNSTREAM_DETECTED_CLOSE_TYPE", Op::DownstreamCloseType, Parameters::None},
    {"LISTENER_NAME", Op::ListenerName, Parameters::None},
    {"FILTER_CHAIN_NAME", Op::FilterChainName, Parameters::None},
    {"LOCAL_REPLY_BODY", Op::LocalReplyBody, Parameters::None},
    {"ACCESS_LOG_TYPE", Op::AccessLogType, Parameters::None},
    {"UNIQUE_ID", Op::UniqueId, Parameters::None},
    {"TRACE_ID", Op::TraceId, Parameters::None},
    {"SPAN_ID", Op::SpanId, Parameters::None},
    {"HOSTNAME", Op::Literal, Parameters::None, read_hostname},
    {"ENVIRONMENT", Op::Literal, Parameters::RequiredLength, read_environment},

    {"BYTES_RECEIVED", Op::BytesReceived, Parameters::None},
    {"BYTES_SENT", Op::BytesSent, Parameters::None},
    {"BYTES_RETRANSMITTED", Op::Zero, Parameters::None},
    {"PACKETS_RETRANSMITTED", Op::Zero, Parameters::None},
    {"REQUEST_HEADERS_BYTES", Op::RequestHeadersBytes, Parameters::None},
    {"RESPONSE_HEADERS_BYTES", Op::ResponseHeadersBytes, Parameters::None},
    {"RESPONSE_TRAILERS_BYTES", Op::ResponseTrailersBytes, Parameters::None},
    {"DOWNSTREAM_WIRE_BYTES_RECEIVED", Op::DownstreamWireBytesReceived, Parameters::None},
    {"DOWNSTREAM_WIRE_BYTES_SENT", Op::DownstreamWireBytesSent, Parameters::None},
    {"DOWNSTREAM_HEADER_BYTES_RECEIVED", Op::DownstreamHeaderBytesReceived, Parameters::None},
    {"DOWNSTREAM_HEADER_BYTES_SENT", Op::DownstreamHeaderBytesSent, Parameters::None},
    {"DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", Op::DownstreamHeaderBytesReceived, Parameters::None},
    {"DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", Op::DownstreamHeaderBytesSent, Parameters::None},
    {"UPSTREAM_WIRE_BYTES_RECEIVED", Op::UpstreamWireBytesReceived, Parameters::None},
    {"UPSTREAM_WIRE_BYTES_SENT", Op::UpstreamWireBytesSent, Parameters::None},
    {"UPSTREAM_HEADER_BYTES_RECEIVED", Op::UpstreamHeaderBytesReceived, Parameters::None},
    {"UPSTREAM_HEADER_BYTES_SENT", Op::UpstreamHeaderBytesSent, Parameters::None},
    {"UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", Op::UpstreamHeaderBytesReceived, Parameters::None},
    {"UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", Op::UpstreamHeaderBytesSent, Parameters::None},

    ADDRESS("DOWNSTREAM_REMOTE", DownstreamRemote),
    ADDRESS("DOWNSTREAM_LOCAL", DownstreamLocal),
    ADDRESS("DOWNSTREAM_DIRECT_REMOTE", DownstreamDirectRemote),
    ADDRESS("DOWNSTREAM_DIRECT_LOCAL", DownstreamDirectLocal),
    ADDRESS("UPSTREAM_REMOTE", UpstreamRemote),
    ADDRESS("UPSTREAM_LOCAL", UpstreamLocal),
    ENDPOINT("DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID", DownstreamLocal),
    ENDPOINT("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID", DownstreamDirectLocal),
    ENDPOINT("UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID", UpstreamRemote),
    {"UPSTREAM_HOST", Op::UpstreamRemote, Parameters::None, nullptr, whole},
    {"UPSTREAM_HOST_NAME", Op::UpstreamHostName, Parameters::None, nullptr, whole},
    {"UPSTREAM_HOST_NAME_WITHOUT_PORT", Op::UpstreamHostName, Parameters::None, nullptr, bare},
    {"UPSTREAM_HOSTS_ATTEMPTED", Op::AttemptedHosts, Parameters::None, nullptr, whole},
    {"UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT", Op::AttemptedHosts, Parameters::None, nullptr, bare},
    {"UPSTREAM_HOST_NAMES_ATTEMPTED", Op::AttemptedHostNames, Parameters::None, nullptr, whole},
    {"UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT", Op::AttemptedHostNames, Parameters::None, nullptr, bare},
    {"UPSTREAM_CONNECTION_IDS_ATTEMPTED", Op::AttemptedConnectionIds, Parameters::None},
    {"UPSTREAM_REQUEST_ATTEMPT_COUNT", Op::AttemptCount, Parameters::None},
    {"CONNECTION_ID", Op::ConnectionId, Parameters::None},
    {"UPSTREAM_CONNECTION_ID", Op::UpstreamConnectionId, Parameters::None},
    {"DOWNSTREAM_CX_RTT", Op::RoundTripMs, Parameters::None},

    {"METADATA", Op::Metadata, Parameters::OptionalLength, read_metadata},
    {"DYNAMIC_METADATA", Op::Metadata, Parameters::RequiredLength, read_metadata_path,
     byte(MetadataSource::Dynamic)},
    {"CLUSTER_METADATA", Op::Metadata, Parameters::Required, read_metadata_path,
     byte(MetadataSource::Cluster)},
    {"UPSTREAM_METADATA", Op::Metadata, Parameters::Required, read_metadata_path,
     byte(MetadataSource::UpstreamHost)},
    {"FILTER_STATE", Op::Nothing, Parameters::OptionalLength, read_filter_state},
    {"UPSTREAM_FILTER_STATE", Op::Nothing, Parameters::OptionalLength, read_filter_state},
    {"COALESCE", Op::Coalesce, Parameters::RequiredLength, read_coalesce},
    {"CEL", Op::Nothing, Parameters::OptionalLength, refuse_cel},
    {"TYPED_CEL", Op::Nothing, Parameters::OptionalLength, refuse_cel},

    {"DOWNSTREAM_PEER_CERT_V_START", Op::DownstreamTls, Parameters::Optional, read_date,
     byte(TlsText::PeerValidFrom)},
    {"DOWNSTREAM_PEER_CERT_V_END", Op::DownstreamTls, Parameters::Optional, read_date,
     byte(TlsText::PeerValidUntil)},
    {"UPSTREAM_PEER_CERT_V_START", Op::UpstreamTls, Parameters::Optional, read_date,
     byte(TlsText::PeerValidFrom)},
    {"UPSTREAM_PEER_CERT_V_END", Op::UpstreamTls, Parameters::Optional, read_date,
     byte(TlsText::PeerValidUntil)},
    {"DOWNSTREAM_LOCAL_DNS_SAN", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::LocalDnsSans)},
    {"DOWNSTREAM_LOCAL_EMAIL_SAN", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::LocalEmailSans)},
    {"DOWNSTREAM_LOCAL_IP_SAN", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::LocalIpSans)},
    {"DOWNSTREAM_LOCAL_OTHERNAME_SAN", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::LocalOtherNameSans)},
    {"DOWNSTREAM_LOCAL_SUBJECT", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::LocalSubject)},
    {"DOWNSTREAM_LOCAL_URI_SAN", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::LocalUriSans)},
    {"DOWNSTREAM_PEER_CERT", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerPem)},
    {"DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::PeerChainSha1)},
    {"DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::PeerChainSha256)},
    {"DOWNSTREAM_PEER_CHAIN_SERIALS", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::PeerChainSerials)},
    {"DOWNSTREAM_PEER_DNS_SAN", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerDnsSans)},
    {"DOWNSTREAM_PEER_EMAIL_SAN", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerEmailSans)},
    {"DOWNSTREAM_PEER_FINGERPRINT_1", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerSha1)},
    {"DOWNSTREAM_PEER_FINGERPRINT_256", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::PeerSha256)},
    {"DOWNSTREAM_PEER_IP_SAN", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerIpSans)},
    {"DOWNSTREAM_PEER_ISSUER", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerIssuer)},
    {"DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::PeerIssuerSha256)},
    {"DOWNSTREAM_PEER_ISSUER_SERIAL", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::PeerIssuerSerial)},
    {"DOWNSTREAM_PEER_OTHERNAME_SAN", Op::DownstreamTls, Parameters::None, nullptr,
     byte(TlsText::PeerOtherNameSans)},
    {"DOWNSTREAM_PEER_SERIAL", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerSerial)},
    {"DOWNSTREAM_PEER_SUBJECT", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerSubject)},
    {"DOWNSTREAM_PEER_URI_SAN", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::PeerUriSans)},
    {"DOWNSTREAM_TLS_CIPHER", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::Cipher)},
    {"DOWNSTREAM_TLS_GROUP", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::Group)},
    {"DOWNSTREAM_TLS_SESSION_ID", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::SessionId)},
    {"DOWNSTREAM_TLS_VERSION", Op::DownstreamTls, Parameters::None, nullptr, byte(TlsText::Version)},
    {"TLS_JA3_FINGERPRINT", Op::Nothing, Parameters::None},
    {"TLS_JA4_FINGERPRINT", Op::Nothing, Parameters::None},
    {"UPSTREAM_LOCAL_DNS_SAN", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::LocalDnsSans)},
    {"UPSTREAM_LOCAL_IP_SAN", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::LocalIpSans)},
    {"UPSTREAM_LOCAL_URI_SAN", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::LocalUriSans)},
    {"UPSTREAM_PEER_CERT", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::PeerPem)},
    {"UPSTREAM_PEER_DNS_SAN", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::PeerDnsSans)},
    {"UPSTREAM_PEER_IP_SAN", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::PeerIpSans)},
    {"UPSTREAM_PEER_ISSUER", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::PeerIssuer)},
    {"UPSTREAM_PEER_SUBJECT", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::PeerSubject)},
    {"UPSTREAM_PEER_URI_SAN", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::PeerUriSans)},
    {"UPSTREAM_SERVER_NAME", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::ServerName)},
    {"UPSTREAM_TLS_CIPHER", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::Cipher)},
    {"UPSTREAM_TLS_GROUP", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::Group)},
    {"UPSTREAM_TLS_SESSION_ID", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::SessionId)},
    {"UPSTREAM_TLS_VERSION", Op::UpstreamTls, Parameters::None, nullptr, byte(TlsText::Version)},
};

// The formatter extension envoy.formatter.req_without_query.
constexpr Entry req_without_query = {"REQ_WITHOUT_QUERY", Op::RequestHeaderWithoutQuery,
                                     Parameters::OptionalLength, read_headers};

const Entry* find_entry(std::string_view name, const FormatExtensions& extensions) {
  if (extensions.req_without_query && name == req_without_query.name) return &req_without_query;
  const auto* found =
      std::find_if(std::begin(entries), std::end(entries), [&](const Entry& e) { return e.name == name; });
  return found == std::end(entries) ? nullptr : found;
}

Reason check_shape(const OperatorText& text, Parameters parameters) {
  const bool required = parameters == Parameters::Required || parameters == Parameters::RequiredLength;
  const bool length_allowed =
      parameters == Parameters::OptionalLength || parameters == Parameters::RequiredLength;
  if (parameters == Parameters::None && (!text.parameter.empty() || text.has_length)) {
    return "it takes no parameter and no length";
  }
  if (required && text.parameter.empty())
    return "it needs a parameter, as in %" + std::string(text.name) + "(x)%";
  if (text.has_length && !length_allowed) return "it takes no length";
  return fine;
}

}  // namespace

Result<FormatStep> read_operator(const OperatorText& text, const FormatExtensions& extensions) {
  const Entry* entry = find_entry(text.name, extensions);
  if (entry == nullptr) return ConfigError{"", "no such operator"};
  Reason reason = check_shape(text, entry->parameters);
  FormatStep step;
  step.op = entry->op;
  step.option = entry->option;
  step.option2 = entry->option2;
  step.option3 = entry->option3;
  step.max_length = text.max_length;
  if (reason.empty() && entry->read != nullptr) reason = entry->read(text.parameter, step);
  if (!reason.empty()) return ConfigError{"", std::move(reason)};
  // What is known now need not be cut for every line.
  if (step.op == Op::Literal && step.text.size() > step.max_length) step.text.resize(step.max_length);
  return step;
}

namespace {

Reason read_hostname(std::string_view, FormatStep& step) {
  char name[256] = {};
  step.text = gethostname(name, sizeof(name) - 1) == 0 ? name : "-";
  return fine;
}

Reason add_coalesced(ConfigView item, FormatStep& step) {
  const bool simple = item.kind() == ConfigView::Kind::String;
  OperatorText text{simple ? item.as_string() : item.string("command"), item.string("param"),
                    FormatStep::no_limit, item.has("max_length")};
  if (!simple && item.kind() != ConfigView::Kind::Object) return "an operator is a name or an object";
  if (text.name.empty()) return "an operator needs a command";
  if (text.has_length) {
    const double length = item.number("max_length", -1);
    if (length < 0 || length > 4e9) return "max_length is no length";
    text.max_length = static_cast<uint32_t>(length);
  }
  Result<FormatStep> read = read_operator(text, {});
  if (!read.ok()) return std::string(text.name) + ": " + read.error().reason;
  step.extra->operators.push_back(std::move(read.value()));
  return fine;
}

Reason read_coalesce(std::string_view parameter, FormatStep& step) {
  const std::unique_ptr<ConfigTree> tree = ConfigTree::parse(parameter);
  if (tree == nullptr) return "its parameter is not JSON";
  const ConfigView operators = tree->root()["operators"];
  if (operators.kind() != ConfigView::Kind::List) return "its JSON has no list named operators";
  if (operators.size() == 0) return "the list of operators is empty";
  step.extra = std::make_unique<FormatStepExtra>();
  for (ConfigView item : operators) {
    if (Reason reason = add_coalesced(item, step); !reason.empty()) return reason;
  }
  return fine;
}

}  // namespace

}  // namespace outrider
