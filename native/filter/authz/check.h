#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_match.h"
#include "codec/header_map.h"
#include "formatter/stream_info.h"

namespace outrider {

// One header that an authorization service sets.
struct HeaderChange {
  enum class Action : uint8_t { Add, AddIfAbsent, Set, SetIfExists, AppendIfExists };
  std::string name;  // lower case
  std::string value;
  Action action = Action::Set;

  void apply(HeaderMap& headers) const;
  // A name and a value that may stand in a message.
  bool valid() const;
};

// What an authorization service said of a request. A value.
struct CheckResult {
  enum class Decision : uint8_t { Allowed, Denied, Error };
  Decision decision = Decision::Error;
  uint16_t status = 403;  // of a denied request's answer
  std::string body;
  std::vector<HeaderChange> request;  // of an allowed request
  std::vector<std::string> removals;
  std::vector<HeaderChange> response;  // of the answer, allowed or denied
  std::vector<std::pair<std::string, std::string>> query_sets;
  std::vector<std::string> query_removals;
  bool invalid = false;  // a header could not be used
};

// What is asked. Views are valid during the call.
struct CheckQuestion {
  const HeaderMap& headers;
  const StreamInfo& info;
  std::string_view body = {};
  bool has_body = false;  // with_request_body: `body` is its beginning
  bool body_is_partial = false;
  bool body_as_bytes = false;
  bool raw_headers = false;
  bool peer_certificate = false;
  bool tls_session = false;
  const StringMatchers* allowed = nullptr;     // null: every header
  const StringMatchers* disallowed = nullptr;  // null: none
  const std::vector<std::pair<std::string, std::string>>* extensions = nullptr;

  bool passes(std::string_view name) const;
};

// Appends envoy.service.auth.v3.CheckRequest.
void write_check_request(const CheckQuestion& question, std::string& out);
// Reads envoy.service.auth.v3.CheckResponse; Error where it is none.
CheckResult read_check_response(std::string_view message);

}  // namespace outrider
