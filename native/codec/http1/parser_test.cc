#include "codec/http1/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/http1/recorded_requests.h"
#include "codec/http1/recorded_responses.h"
#include "codec/http1/replay.h"

namespace outrider::http1 {
namespace {

Options options_of(std::string_view name) {
  Options options;
  if (name == "h10") options = {.accept_http_10 = true, .default_host_for_http_10 = "dh"};
  if (name == "noabs") options.allow_absolute_url = false;
  if (name == "acl") options.allow_chunked_length = true;
  if (name == "tr") options.enable_trailers = true;
  if (name == "cm") options.allow_custom_methods = true;
  if (name == "ur") options.headers_with_underscores_action = UnderscoresAction::RejectRequest;
  if (name == "ud") options.headers_with_underscores_action = UnderscoresAction::DropHeader;
  return options;
}

std::string outcome(const Replay& replay, const RecordedRequest& expected) {
  if (!replay.error.empty()) return replay.error;
  return expected.outcome == "head" && replay.heads > 0 ? "head" : replay.forwarded;
}

TEST(Parser, RequestsHaveTheOutcomeThatEnvoyGivesThem) {
  for (const RecordedRequest& request : recorded_requests) {
    Replay replay(Replay::Side::Request, options_of(request.options));
    replay.feed(request.bytes);
    EXPECT_EQ(outcome(replay, request), request.outcome)
        << request.options << ": " << testing::PrintToString(request.bytes);
  }
}

TEST(Parser, ResponsesHaveTheOutcomeThatEnvoyGivesThem) {
  for (const RecordedResponse& response : recorded_responses) {
    const ResponseContext context{.head_request = response.request == "head",
                                  .connect_request = response.request == "connect"};
    Replay replay(Replay::Side::Response, options_of(response.options), context);
    replay.feed(response.bytes);
    if (response.then_close) replay.end();
    EXPECT_EQ(replay.error.empty() ? replay.forwarded : "error", response.outcome)
        << response.request << ": " << testing::PrintToString(response.bytes) << replay.error;
  }
}

}  // namespace
}  // namespace outrider::http1
