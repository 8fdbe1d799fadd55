#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace outrider {

// The well-known header names: HeaderId, its lower-case text. A new one is one line here.
// Pseudo headers stand first (is_pseudo() relies on it). At most 254 names.
#define OUTRIDER_HEADERS(X)                                                             \
  X(Method, ":method")                                                                  \
  X(Path, ":path")                                                                      \
  X(Scheme, ":scheme")                                                                  \
  X(Authority, ":authority")                                                            \
  X(Status, ":status")                                                                  \
  X(Protocol, ":protocol")                                                              \
  X(Host, "host")                                                                       \
  X(Connection, "connection")                                                           \
  X(KeepAlive, "keep-alive")                                                            \
  X(ProxyConnection, "proxy-connection")                                                \
  X(TransferEncoding, "transfer-encoding")                                              \
  X(ContentLength, "content-length")                                                    \
  X(ContentType, "content-type")                                                        \
  X(ContentEncoding, "content-encoding")                                                \
  X(ContentRange, "content-range")                                                      \
  X(ContentLanguage, "content-language")                                                \
  X(ContentDisposition, "content-disposition")                                          \
  X(Upgrade, "upgrade")                                                                 \
  X(UpgradeInsecureRequests, "upgrade-insecure-requests")                               \
  X(Te, "te")                                                                           \
  X(Trailer, "trailer")                                                                 \
  X(Expect, "expect")                                                                   \
  X(Date, "date")                                                                       \
  X(Server, "server")                                                                   \
  X(Via, "via")                                                                         \
  X(UserAgent, "user-agent")                                                            \
  X(Referer, "referer")                                                                 \
  X(Origin, "origin")                                                                   \
  X(Cookie, "cookie")                                                                   \
  X(SetCookie, "set-cookie")                                                            \
  X(Location, "location")                                                               \
  X(Accept, "accept")                                                                   \
  X(AcceptEncoding, "accept-encoding")                                                  \
  X(AcceptLanguage, "accept-language")                                                  \
  X(AcceptRanges, "accept-ranges")                                                      \
  X(Authorization, "authorization")                                                     \
  X(ProxyAuthorization, "proxy-authorization")                                          \
  X(ProxyAuthenticate, "proxy-authenticate")                                            \
  X(ProxyStatus, "proxy-status")                                                        \
  X(WwwAuthenticate, "www-authenticate")                                                \
  X(CacheControl, "cache-control")                                                      \
  X(Pragma, "pragma")                                                                   \
  X(Expires, "expires")                                                                 \
  X(Age, "age")                                                                         \
  X(Etag, "etag")                                                                       \
  X(IfMatch, "if-match")                                                                \
  X(IfNoneMatch, "if-none-match")                                                       \
  X(IfModifiedSince, "if-modified-since")                                               \
  X(IfUnmodifiedSince, "if-unmodified-since")                                           \
  X(IfRange, "if-range")                                                                \
  X(LastModified, "last-modified")                                                      \
  X(Range, "range")                                                                     \
  X(Vary, "vary")                                                                       \
  X(Allow, "allow")                                                                     \
  X(AltSvc, "alt-svc")                                                                  \
  X(EarlyData, "early-data")                                                            \
  X(Link, "link")                                                                       \
  X(RetryAfter, "retry-after")                                                          \
  X(StrictTransportSecurity, "strict-transport-security")                               \
  X(Forwarded, "forwarded")                                                             \
  X(ForwardedFor, "x-forwarded-for")                                                    \
  X(ForwardedProto, "x-forwarded-proto")                                                \
  X(ForwardedHost, "x-forwarded-host")                                                  \
  X(ForwardedPort, "x-forwarded-port")                                                  \
  X(ForwardedClientCert, "x-forwarded-client-cert")                                     \
  X(RequestId, "x-request-id")                                                          \
  X(ClientTraceId, "x-client-trace-id")                                                 \
  X(EnvoyAttemptCount, "x-envoy-attempt-count")                                         \
  X(EnvoyCluster, "x-envoy-cluster")                                                    \
  X(EnvoyDecoratorOperation, "x-envoy-decorator-operation")                             \
  X(EnvoyDegraded, "x-envoy-degraded")                                                  \
  X(EnvoyDownstreamServiceCluster, "x-envoy-downstream-service-cluster")                \
  X(EnvoyDownstreamServiceNode, "x-envoy-downstream-service-node")                      \
  X(EnvoyExpectedRequestTimeoutMs, "x-envoy-expected-rq-timeout-ms")                    \
  X(EnvoyExternalAddress, "x-envoy-external-address")                                   \
  X(EnvoyForceTrace, "x-envoy-force-trace")                                             \
  X(EnvoyHedgeOnPerTryTimeout, "x-envoy-hedge-on-per-try-timeout")                      \
  X(EnvoyImmediateHealthCheckFail, "x-envoy-immediate-health-check-fail")               \
  X(EnvoyInternal, "x-envoy-internal")                                                  \
  X(EnvoyIpTags, "x-envoy-ip-tags")                                                     \
  X(EnvoyIsTimeoutRetry, "x-envoy-is-timeout-retry")                                    \
  X(EnvoyLocalOverloaded, "x-envoy-local-overloaded")                                   \
  X(EnvoyLogicalHost, "x-envoy-logical-host")                                           \
  X(EnvoyMaxRetries, "x-envoy-max-retries")                                             \
  X(EnvoyNotForwarded, "x-envoy-not-forwarded")                                         \
  X(EnvoyOriginalDstHost, "x-envoy-original-dst-host")                                  \
  X(EnvoyOriginalHost, "x-envoy-original-host")                                         \
  X(EnvoyOriginalMethod, "x-envoy-original-method")                                     \
  X(EnvoyOriginalPath, "x-envoy-original-path")                                         \
  X(EnvoyOriginalUrl, "x-envoy-original-url")                                           \
  X(EnvoyOverloaded, "x-envoy-overloaded")                                              \
  X(EnvoyDropOverload, "x-envoy-drop-overload")                                         \
  X(EnvoyUnconditionalDropOverload, "x-envoy-unconditional-drop-overload")              \
  X(EnvoyPeerMetadata, "x-envoy-peer-metadata")                                         \
  X(EnvoyPeerMetadataId, "x-envoy-peer-metadata-id")                                    \
  X(EnvoyRateLimited, "x-envoy-ratelimited")                                            \
  X(EnvoyRetriableHeaderNames, "x-envoy-retriable-header-names")                        \
  X(EnvoyRetriableStatusCodes, "x-envoy-retriable-status-codes")                        \
  X(EnvoyRetryGrpcOn, "x-envoy-retry-grpc-on")                                          \
  X(EnvoyRetryOn, "x-envoy-retry-on")                                                   \
  X(EnvoyUpstreamAltStatName, "x-envoy-upstream-alt-stat-name")                         \
  X(EnvoyUpstreamCanary, "x-envoy-upstream-canary")                                     \
  X(EnvoyUpstreamHealthCheckedCluster, "x-envoy-upstream-healthchecked-cluster")        \
  X(EnvoyUpstreamRequestPerTryTimeoutMs, "x-envoy-upstream-rq-per-try-timeout-ms")      \
  X(EnvoyUpstreamRequestTimeoutAltResponse, "x-envoy-upstream-rq-timeout-alt-response") \
  X(EnvoyUpstreamRequestTimeoutMs, "x-envoy-upstream-rq-timeout-ms")                    \
  X(EnvoyUpstreamServiceTime, "x-envoy-upstream-service-time")                          \
  X(EnvoyUpstreamStreamDurationMs, "x-envoy-upstream-stream-duration-ms")               \
  X(EnvoyOriginalUpgrade, "x-envoy-original-upgrade")                                   \
  X(GrpcStatus, "grpc-status")                                                          \
  X(GrpcMessage, "grpc-message")                                                        \
  X(GrpcTimeout, "grpc-timeout")                                                        \
  X(GrpcEncoding, "grpc-encoding")                                                      \
  X(GrpcAcceptEncoding, "grpc-accept-encoding")                                         \
  X(GrpcStatusDetailsBin, "grpc-status-details-bin")                                    \
  X(GrpcWeb, "x-grpc-web")                                                              \
  X(Http2Settings, "http2-settings")                                                    \
  X(SecWebsocketKey, "sec-websocket-key")                                               \
  X(SecWebsocketAccept, "sec-websocket-accept")                                         \
  X(SecWebsocketVersion, "sec-websocket-version")                                       \
  X(SecWebsocketProtocol, "sec-websocket-protocol")                                     \
  X(SecWebsocketExtensions, "sec-websocket-extensions")                                 \
  X(SecFetchDest, "sec-fetch-dest")                                                     \
  X(SecFetchMode, "sec-fetch-mode")                                                     \
  X(SecFetchSite, "sec-fetch-site")                                                     \
  X(SecFetchUser, "sec-fetch-user")                                                     \
  X(SecChUa, "sec-ch-ua")                                                               \
  X(SecChUaMobile, "sec-ch-ua-mobile")                                                  \
  X(SecChUaPlatform, "sec-ch-ua-platform")                                              \
  X(AccessControlAllowOrigin, "access-control-allow-origin")                            \
  X(AccessControlAllowMethods, "access-control-allow-methods")                          \
  X(AccessControlAllowHeaders, "access-control-allow-headers")                          \
  X(AccessControlAllowCredentials, "access-control-allow-credentials")                  \
  X(AccessControlAllowPrivateNetwork, "access-control-allow-private-network")           \
  X(AccessControlExposeHeaders, "access-control-expose-headers")                        \
  X(AccessControlMaxAge, "access-control-max-age")                                      \
  X(AccessControlRequestMethod, "access-control-request-method")                        \
  X(AccessControlRequestHeaders, "access-control-request-headers")                      \
  X(AccessControlRequestPrivateNetwork, "access-control-request-private-network")       \
  X(B3TraceId, "x-b3-traceid")                                                          \
  X(B3SpanId, "x-b3-spanid")                                                            \
  X(B3ParentSpanId, "x-b3-parentspanid")                                                \
  X(B3Sampled, "x-b3-sampled")                                                          \
  X(B3Flags, "x-b3-flags")                                                              \
  X(OtSpanContext, "x-ot-span-context")                                                 \
  X(TraceParent, "traceparent")                                                         \
  X(TraceState, "tracestate")

enum class HeaderId : uint8_t {
  None,
#define OUTRIDER_HEADER_ID(id, text) id,
  OUTRIDER_HEADERS(OUTRIDER_HEADER_ID)
#undef OUTRIDER_HEADER_ID
};

inline constexpr std::string_view header_names[] = {{},
#define OUTRIDER_HEADER_NAME(id, text) text,
                                                    OUTRIDER_HEADERS(OUTRIDER_HEADER_NAME)
#undef OUTRIDER_HEADER_NAME
};
#undef OUTRIDER_HEADERS

inline constexpr size_t header_id_count = std::size(header_names);  // None included
static_assert(header_id_count <= 255);

constexpr std::string_view header_name(HeaderId id) { return header_names[static_cast<size_t>(id)]; }
constexpr bool is_pseudo(HeaderId id) { return id >= HeaderId::Method && id <= HeaderId::Protocol; }

namespace intern {

inline constexpr size_t slot_count = 1024;  // sparse, so that an unknown name mostly meets an empty slot

// Length, the ends and the middle tell the names apart. The multipliers were searched for: with them no two
// names share a slot. A new name may clash, which costs one more probe.
constexpr size_t hash(const char* name, size_t length) {
  const auto byte = [name](size_t at) { return static_cast<uint32_t>(static_cast<uint8_t>(name[at])); };
  const uint32_t bytes =
      byte(0) | byte(length - 1) << 8 | byte(length / 2) << 16 | byte(length * 3 / 4) << 24;
  return (((bytes | 0x20202020u) ^ static_cast<uint32_t>(length) * 0xb24d34e9u) * 0x8ed3cea1u) >> 22;
}

constexpr std::array<uint8_t, slot_count> build() {
  std::array<uint8_t, slot_count> slots{};
  for (size_t id = 1; id < header_id_count; id++) {
    size_t slot = hash(header_names[id].data(), header_names[id].size());
    while (slots[slot] != 0) slot = (slot + 1) % slot_count;
    slots[slot] = static_cast<uint8_t>(id);
  }
  return slots;
}
inline constexpr std::array<uint8_t, slot_count> slots = build();

// Is `name`, in whatever case, the known name `lower`, which has only letters, digits, "-" and ":"? The tokens
// that share such a byte up to bit 0x20 are all letters. Not a call: memcmp() took 8% of the parser's time.
inline bool same_name(const char* lower, const char* name, size_t length) {
  const auto same = [lower, name](size_t at, auto word) {
    auto other = word;
    std::memcpy(&word, lower + at, sizeof(word));
    std::memcpy(&other, name + at, sizeof(other));
    return word == (other | static_cast<decltype(word)>(0x2020202020202020u));
  };
  if (length >= 8) {
    for (size_t i = 0; i + 8 < length; i += 8) {
      if (!same(i, uint64_t{})) return false;
    }
    return same(length - 8, uint64_t{});
  }
  if (length >= 4) return same(0, uint32_t{}) && same(length - 4, uint32_t{});
  for (size_t i = 0; i < length; i++) {
    if (!same(i, uint8_t{})) return false;
  }
  return true;
}

}  // namespace intern

// The id of a name, or None. The name is a token (RFC 9110 §5.6.2) or a pseudo header's, in any case.
inline HeaderId header_id(std::string_view name) {
  if (name.empty()) return HeaderId::None;
  size_t slot = intern::hash(name.data(), name.size());
  for (uint8_t id = intern::slots[slot]; id != 0;
       id = intern::slots[slot = (slot + 1) % intern::slot_count]) {
    const std::string_view known = header_names[id];
    if (known.size() == name.size() && intern::same_name(known.data(), name.data(), known.size())) {
      return static_cast<HeaderId>(id);
    }
  }
  return HeaderId::None;
}

}  // namespace outrider
