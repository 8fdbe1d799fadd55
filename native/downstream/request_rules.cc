#include "downstream/request_rules.h"

#include <algorithm>

#include "base/ascii.h"
#include "downstream/forwarded_for.h"
#include "downstream/hop_by_hop.h"
#include "downstream/host_rules.h"
#include "downstream/path_normalize.h"
#include "downstream/referer.h"
#include "downstream/request_id.h"
#include "downstream/text_list.h"
#include "downstream/upgrade.h"

namespace outrider {
namespace {

using enum HeaderId;

// Taken off at the edge: what a client must not claim about itself.
constexpr HeaderId edge_headers[] = {
    EnvoyDecoratorOperation, EnvoyDownstreamServiceCluster, EnvoyDownstreamServiceNode, EnvoyOriginalPath,
    EnvoyOriginalHost,
};
// Taken off everything that is not internal: what steers the router.
constexpr HeaderId external_headers[] = {
    EnvoyRetriableStatusCodes,
    EnvoyRetriableHeaderNames,
    EnvoyRetryOn,
    EnvoyRetryGrpcOn,
    EnvoyMaxRetries,
    EnvoyUpstreamAltStatName,
    EnvoyUpstreamRequestTimeoutMs,
    EnvoyUpstreamRequestPerTryTimeoutMs,
    EnvoyUpstreamRequestTimeoutAltResponse,
    EnvoyExpectedRequestTimeoutMs,
    EnvoyForceTrace,
    EnvoyIpTags,
    EnvoyOriginalUrl,
    EnvoyHedgeOnPerTryTimeout,
};
constexpr HeaderId hop_headers[] = {EnvoyInternal, KeepAlive, ProxyConnection, TransferEncoding};

// Mostly there is nothing to remove: one byte is looked at, and no call made.
inline void drop(HeaderMap& headers, HeaderId id) {
  if (headers.has(id)) headers.remove(id);
}
template <size_t n>
inline void drop_all(HeaderMap& headers, const HeaderId (&ids)[n]) {
  for (HeaderId id : ids) drop(headers, id);
}

RequestRulesResult refuse(uint16_t status, std::string_view details) {
  return {.verdict = RequestVerdict::Reply, .status = status, .details = details};
}

// What Envoy's HTTP/1 codec refuses itself: its answers carry a text.
RequestRulesResult refuse_as_codec(uint16_t status, std::string_view details, std::string_view body) {
  RequestRulesResult result = refuse(status, details);
  result.protocol_error = true;
  result.body = body;
  return result;
}

RequestRulesResult check_http1(const HcmConfig& config, const RequestFacts& facts, HeaderMap& headers) {
  // :scheme stands only for an absolute-form target. At the edge it must not claim TLS.
  if (headers.has(Scheme) && config.use_remote_address && config.xff_num_trusted_hops == 0 && !facts.tls &&
      equals_lower(headers.get(Scheme), "https")) {
    return refuse_as_codec(403, "http1.https_url_on_plaintext_connection", "Forbidden");
  }
  const bool nominates = headers.has(Connection) && !is_upgrade(headers) && !is_connect(headers);
  if (nominates && remove_nominated_headers(headers) == Nominated::Rejected) {
    return refuse_as_codec(400, "http1.connection_header_rejected", "Bad Request");
  }
  return {};
}

RequestRulesResult check_target(const HeaderMap& headers) {
  if (!headers.has(Authority)) return refuse(400, "missing_host_header");
  const std::string_view path = headers.get(Path);
  if (path.empty()) {
    return is_connect(headers) && !headers.has(Path) ? RequestRulesResult{}
                                                     : refuse(404, "missing_path_rejected");
  }
  if (path.front() == '/') return {};
  RequestRulesResult result = refuse(404, "absolute_path_rejected");
  result.fault = RequestFault::NonRelativePath;
  return result;
}

bool is_grpc(std::string_view content_type) {
  constexpr std::string_view grpc = "application/grpc";
  return content_type.starts_with(grpc) &&
         (content_type.size() == grpc.size() || content_type[grpc.size()] == '+');
}

RequestRulesResult check_path(const HcmConfig& config, HeaderMap& headers) {
  const PathVerdict verdict = normalize_path(config, headers);
  if (verdict == PathVerdict::Continue) return {};
  // gRPC clients do not follow redirects.
  const bool redirect = verdict == PathVerdict::Redirect && !is_grpc(headers.get(ContentType));
  RequestRulesResult result = refuse(redirect ? 307 : 400, "path_normalization_failed");
  if (redirect) result.verdict = RequestVerdict::Redirect;
  result.fault =
      redirect ? RequestFault::RedirectedWithNormalizedPath : RequestFault::FailedPathNormalization;
  return result;
}

void apply_early_mutations(const HcmConfig& config, const RequestFacts& facts, HeaderMap& headers,
                           const StreamInfo& info) {
  FormatContext context;
  context.info = &info;
  context.request_headers = &headers;
  for (const MutationRules& rules : config.early_mutations) rules.apply(headers, context, facts.scratch);
}

void clean_te(HeaderMap& headers) {
  std::string_view list = headers.get_joined(Te);
  for (std::string_view member; next_member(list, member);) {
    if (member == "trailers") return headers.set_ref(Te, "trailers");
  }
  headers.remove(Te);
}

void remove_hop_by_hop(HeaderMap& headers) {
  if (!is_upgrade(headers)) {
    drop(headers, Connection);
    drop(headers, Upgrade);
  }
  drop_all(headers, hop_headers);
  if (headers.has(Te)) clean_te(headers);
  if (headers.has(Referer) && !is_valid_referer(headers.get_joined(Referer))) headers.remove(Referer);
}

std::string_view connection_scheme(const HcmConfig& config, const RequestFacts& facts) {
  if (facts.local_address_restored) {
    const uint16_t port = facts.connection.local.port();
    const auto has = [port](const std::vector<uint16_t>& ports) {
      return std::find(ports.begin(), ports.end(), port) != ports.end();
    };
    if (has(config.https_destination_ports)) return "https";
    if (has(config.http_destination_ports)) return "http";
  }
  return facts.tls ? "https" : "http";
}

void set_forwarded_port(const RequestFacts& facts, HeaderMap& headers) {
  if (!facts.connection.local.is_ip()) return;
  headers.set_number(ForwardedPort, facts.connection.local.port());
}

// The peer's word on protocol and port counts only where the peer is a trusted proxy.
void set_forwarded(const HcmConfig& config, const RequestFacts& facts, HeaderMap& headers) {
  const bool distrusts = config.use_remote_address && config.xff_num_trusted_hops == 0;
  if (distrusts || !headers.has(ForwardedProto)) {
    headers.set_ref(ForwardedProto, connection_scheme(config, facts));
  }
  if (config.append_x_forwarded_port && (distrusts || !headers.has(ForwardedPort))) {
    set_forwarded_port(facts, headers);
  }
}

void lower_scheme(HeaderMap& headers) {
  const std::string_view scheme = headers.get(Scheme);
  if (scheme == "http" || scheme == "https") return;
  char* const lower = headers.arena().copy(scheme);
  if (lower == nullptr) return;
  for (size_t i = 0; i < scheme.size(); i++) lower[i] = lower_case(lower[i]);
  headers.set_ref(Scheme, {lower, scheme.size()});
}

void set_scheme(const HcmConfig& config, const RequestFacts& facts, HeaderMap& headers) {
  if (!config.scheme_to_overwrite.empty()) {
    headers.set_ref(Scheme, config.scheme_to_overwrite);
    headers.set_ref(ForwardedProto, config.scheme_to_overwrite);
    return;
  }
  if (headers.has(Scheme)) return lower_scheme(headers);
  const std::string_view told = headers.get(ForwardedProto);
  if (equals_lower(told, "http")) return headers.set_ref(Scheme, "http");
  if (equals_lower(told, "https")) return headers.set_ref(Scheme, "https");
  headers.set_ref(Scheme, facts.tls ? "https" : "http");
}

void clean_untrusted(const RequestFacts& facts, bool edge, HeaderMap& headers) {
  if (edge) drop_all(headers, edge_headers);
  drop_all(headers, external_headers);
  if (facts.internal_only_headers == nullptr) return;
  for (const std::string& name : *facts.internal_only_headers) headers.remove(name);
}

void add_user_agent(const HcmConfig& config, HeaderMap& headers) {
  headers.set_ref(EnvoyDownstreamServiceCluster, config.user_agent);
  if (headers.get(UserAgent).empty()) headers.set_ref(UserAgent, config.user_agent);
  if (!config.node_id.empty()) headers.set_ref(EnvoyDownstreamServiceNode, config.node_id);
}

void set_external_address(const Address& client, HeaderMap& headers) {
  char text[46];
  const std::string_view ip = write_ip(client, text);
  if (!ip.empty()) headers.set(EnvoyExternalAddress, ip);
}

void reset_trace_reason(HeaderMap& headers) {
  const std::string_view id = headers.get(RequestId);
  if (id.size() != uuid_bytes) return;
  char* const copy = headers.arena().copy(id);
  if (copy == nullptr) return;
  set_trace_reason(copy, TraceReason::NotTraceable);
  headers.set_ref(RequestId, {copy, uuid_bytes});
}

void set_request_id(const HcmConfig& config, const RequestFacts& facts, bool edge, HeaderMap& headers) {
  const bool present = !headers.get(RequestId).empty();
  if (present && !edge) return;
  if (present && config.preserve_external_request_id) {
    if (config.pack_trace_reason) reset_trace_reason(headers);
    return;
  }
  char* const text = static_cast<char*>(headers.arena().allocate(uuid_bytes, 1));
  if (text == nullptr) return;
  write_uuid(facts.random, text);
  headers.set_ref(RequestId, {text, uuid_bytes});
}

void forward_client_cert(const HcmConfig& config, const RequestFacts& facts, HeaderMap& headers) {
  const ForwardClientCert mode = config.forward_client_cert;
  if (mode == ForwardClientCert::AlwaysForwardOnly) return;
  if (mode == ForwardClientCert::Sanitize || facts.client_cert.empty())
    return drop(headers, ForwardedClientCert);
  if (mode == ForwardClientCert::SanitizeSet) headers.set(ForwardedClientCert, facts.client_cert);
  if (mode == ForwardClientCert::AppendForward) headers.append(ForwardedClientCert, facts.client_cert, ",");
}

RequestRulesResult mutate(const HcmConfig& config, const RequestFacts& facts, HeaderMap& headers,
                          StreamInfo& info) {
  RequestRulesResult result;
  if (!config.early_mutations.empty()) apply_early_mutations(config, facts, headers, info);
  remove_hop_by_hop(headers);

  const ClientAddress client = config.use_remote_address
                                   ? client_from_connection(config, facts.connection, headers)
                                   : detect_client(config, facts.connection, headers);
  if (client.reject_status != 0) {
    result = refuse(client.reject_status, "rejecting_because_detection_failed");
    result.fault = RequestFault::RejectedViaIpDetection;
    return result;
  }
  set_forwarded(config, facts, headers);
  set_scheme(config, facts, headers);

  result.internal_request =
      client.may_be_internal && client.address != nullptr && is_internal_address(config, *client.address);
  result.edge_request = !result.internal_request && config.use_remote_address;
  info.downstream_remote = client.address != nullptr ? client.address : &facts.connection.direct_remote;
  if (result.internal_request) {
    headers.set_ref(EnvoyInternal, "true");
  } else {
    clean_untrusted(facts, result.edge_request, headers);
  }
  if (!config.user_agent.empty()) add_user_agent(config, headers);
  if (!config.via.empty()) headers.append(Via, config.via, ", ");
  if (result.edge_request) set_external_address(*info.downstream_remote, headers);
  if (config.generate_request_id) set_request_id(config, facts, result.edge_request, headers);
  forward_client_cert(config, facts, headers);
  return result;
}

}  // namespace

RequestRulesResult apply_request_rules(const HcmConfig& config, const RequestFacts& facts, HeaderMap& headers,
                                       StreamInfo& info) {
  info.downstream_remote = &facts.connection.direct_remote;
  if (info.protocol < Protocol::Http2) {
    const RequestRulesResult result = check_http1(config, facts, headers);
    if (result.verdict != RequestVerdict::Continue) return result;
  }
  RequestRulesResult result = check_target(headers);
  if (result.verdict != RequestVerdict::Continue) return result;
  result = check_path(config, headers);
  if (result.verdict != RequestVerdict::Continue) return result;
  const uint16_t port = normalize_host(config, facts.connection.local.port(), headers);
  result = mutate(config, facts, headers, info);
  if (port != 0 && is_connect(headers)) result.stripped_port = port;
  return result;
}

}  // namespace outrider
