#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "codec/header_map.h"
#include "downstream/hcm_config.h"
#include "formatter/stream_info.h"

namespace outrider {

// What the connection manager knows beside the headers themselves.
struct RequestFacts {
  const ConnectionInfo& connection;
  Random& random;        // the worker's
  std::string& scratch;  // the worker's, for early_header_mutation_extensions
  const std::vector<std::string>* internal_only_headers = nullptr;  // of the route configuration, lower case
  bool tls = false;
  // The element of x-forwarded-client-cert that stands for the client's certificate ("By=...;Hash=..."), as
  // set_current_client_cert_details wants it; empty without mutual TLS.
  std::string_view client_cert = {};
  bool local_address_restored = false;  // connection.local came from the PROXY header or original_dst
};

enum class RequestVerdict : uint8_t {
  Continue,
  Reply,     // local reply with `status`, `details` and `body`
  Redirect,  // the same with `location: <:path>`
};

// Which statistic a verdict counts, beside those of the reply: downstream_rq_...
enum class RequestFault : uint8_t {
  None,
  NonRelativePath,               // non_relative_path
  FailedPathNormalization,       // failed_path_normalization
  RedirectedWithNormalizedPath,  // redirected_with_normalized_path
  RejectedViaIpDetection,        // rejected_via_ip_detection
};

struct RequestRulesResult {
  RequestVerdict verdict = RequestVerdict::Continue;
  RequestFault fault = RequestFault::None;
  uint16_t status = 0;
  // Envoy's codec would have refused this: flag DPE, and the connection ends.
  bool protocol_error = false;
  bool internal_request = false;
  bool edge_request = false;
  uint16_t stripped_port = 0;     // of a CONNECT request's authority; 0: none was stripped
  std::string_view details = {};  // static text: the response code details
  std::string_view body = {};     // static text
};

// Everything that happens to the head of a request before it is routed, in Envoy's order: checks, path and
// host normalisation, client address, x-forwarded-*, x-envoy-* cleaning, identity headers, request id, via.
// Sets info.downstream_remote (its address lives in the connection or the map's arena); info.protocol must
// be set. Header values are views of the configuration, of static text or of the arena.
[[nodiscard]] RequestRulesResult apply_request_rules(const HcmConfig& config, const RequestFacts& facts,
                                                     HeaderMap& headers, StreamInfo& info);

}  // namespace outrider
