#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "codec/headers.h"
#include "formatter/format.h"
#include "formatter/stream_info.h"
#include "formatter/time_format.h"

namespace outrider {

// What one step of a format prints. Numbers stand between FirstNumber and LastNumber.
enum class FormatOp : uint8_t {
  Literal,
  // From headers
  RequestHeader,
  RequestHeaderWithoutQuery,
  ResponseHeader,
  ResponseTrailer,
  Path,
  QueryParameter,
  QueryParameters,
  RequestedServerName,
  ForwardedCertificate,
  StreamId,
  GrpcStatus,
  // Times
  StartTime,
  EmitTime,
  // Names and reasons
  Protocol,
  UpstreamProtocol,
  ResponseCodeDetails,
  ConnectionTerminationDetails,
  ResponseFlags,
  ResponseFlagsLong,
  RouteName,
  VirtualClusterName,
  UpstreamCluster,
  UpstreamClusterRaw,
  UpstreamTransportFailureReason,
  DownstreamTransportFailureReason,
  UpstreamLocalCloseReason,
  DownstreamLocalCloseReason,
  UpstreamCloseType,
  DownstreamCloseType,
  ListenerName,
  FilterChainName,
  LocalReplyBody,
  AccessLogType,
  UniqueId,
  TraceId,
  SpanId,
  // Addresses; `part` says how
  UpstreamHostName,
  UpstreamRemote,
  UpstreamLocal,
  DownstreamRemote,
  DownstreamLocal,
  DownstreamDirectRemote,
  DownstreamDirectLocal,
  AttemptedHosts,
  AttemptedHostNames,
  AttemptedConnectionIds,
  // A value of a Metadata message, of any JSON type
  Metadata,
  // The first of several that has a value
  Coalesce,
  // No such fact exists on a plain connection, or anywhere yet
  Nothing,
  // What TLS tells of the two connections; the option is a TlsText
  DownstreamTls,
  UpstreamTls,

  FirstNumber,
  ResponseCode = FirstNumber,
  GrpcStatusNumber,
  BytesReceived,
  BytesSent,
  Zero,  // retransmissions, which only QUIC counts
  RequestHeadersBytes,
  ResponseHeadersBytes,
  ResponseTrailersBytes,
  DownstreamWireBytesReceived,
  DownstreamWireBytesSent,
  DownstreamHeaderBytesReceived,
  DownstreamHeaderBytesSent,
  UpstreamWireBytesReceived,
  UpstreamWireBytesSent,
  UpstreamHeaderBytesReceived,
  UpstreamHeaderBytesSent,
  AttemptCount,
  ConnectionId,
  UpstreamConnectionId,
  RoundTripMs,
  RouteResolutionCount,
  RouteResolutionUs,
  Duration,  // between `from` and `to`, in `precision`
  Port,      // of the address in `address`
  LastNumber = Port,
};

constexpr bool is_number(FormatOp op) { return op >= FormatOp::FirstNumber && op <= FormatOp::LastNumber; }

enum class AddressPart : uint8_t { Whole, WithoutPort, Masked, EndpointId };
enum class GrpcStyle : uint8_t { CamelCase, SnakeCase };
enum class PathSource : uint8_t { OriginalOrCurrent, Original, Current };
enum class ServerNameSource : uint8_t { SniOnly, SniFirst, HostFirst };
enum class MetadataSource : uint8_t {
  Dynamic,
  Cluster,
  Route,
  UpstreamHost,
  Listener,
  FilterChain,
  VirtualHost,
};
enum class DurationUnit : uint8_t { Milliseconds, Microseconds, Nanoseconds };

// Points in time that durations stand between.
enum class TimePoint : uint8_t {
  Start,
  RequestEnd,
  UpstreamRequestStart,
  UpstreamPoolReady,
  UpstreamConnectStart,
  UpstreamConnectEnd,
  UpstreamHandshakeEnd,
  UpstreamSendStart,
  UpstreamSendEnd,
  UpstreamReceiveStart,
  UpstreamReceiveBodyStart,
  UpstreamReceiveEnd,
  ResponseStart,
  ResponseEnd,
  StreamEndOrNow,
  ConnectionStart,
  ConnectionHandshakeEnd,
  ConnectionEnd,
  Never,  // a name of somebody's own that nothing here sets
};

// What rarely is there.
struct FormatStepExtra {
  std::vector<std::string> path;  // Metadata: namespace and keys
  std::unique_ptr<TimeFormat> time;
  std::vector<struct FormatStep> operators;  // Coalesce
};

// One step of a Format: small, since a line runs through twenty of them.
struct FormatStep {
  FormatOp op = FormatOp::Literal;
  // What it means is the operator's affair: each reads its own.
  union {
    uint8_t option = 0;
    AddressPart part;
    GrpcStyle grpc;
    PathSource path_source;
    ServerNameSource server_name;
    MetadataSource metadata;
    DurationUnit unit;
    FormatOp address;
    bool decoded;
    bool keep_spaces;
  };
  union {
    uint8_t option2 = 0;
    PathSource host_source;
    TimePoint from;
    bool without_query;
  };
  union {
    uint8_t option3 = 0;
    TimePoint to;
    uint8_t mask_bits;
  };
  HeaderId header = HeaderId::None;
  HeaderId alternative = HeaderId::None;
  uint32_t max_length = no_limit;
  std::string text;              // literal, or a header's or parameter's name
  std::string alternative_text;  // the header that stands in
  std::unique_ptr<FormatStepExtra> extra;

  static constexpr uint32_t no_limit = UINT32_MAX;
};

// One "%NAME(parameter):length%", taken apart.
struct OperatorText {
  std::string_view name;
  std::string_view parameter;  // empty where there is none
  uint32_t max_length = FormatStep::no_limit;
  bool has_length = false;
};

// The step for an operator. The error has no column yet.
Result<FormatStep> read_operator(const OperatorText& text, const FormatExtensions& extensions);

// Appends the step's value, cut to its length. False when there is none, and `out` is as it was.
bool write_step(const FormatStep& step, const FormatContext& context, std::string& out);

// The value of a Metadata step, to print by its type.
ConfigView metadata_value(const FormatStep& step, const FormatContext& context);

}  // namespace outrider
