#include "router/retry_state.h"

#include <gtest/gtest.h>

#include <string>

#include "base/ref.h"
#include "upstream/host.h"

namespace outrider {
namespace {

struct Retries {
  std::unique_ptr<ConfigTree> tree;
  std::unique_ptr<RetryPolicy> policy;
  ConfigError error;
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap request{arena, HeaderMapKind::Request};
  Random random{7};

  // `json`: a RetryPolicy in which ' stands for ".
  explicit Retries(std::string json) {
    for (char& c : json) c = c == '\'' ? '"' : c;
    tree = ConfigTree::parse(json);
    Result<std::unique_ptr<RetryPolicy>> read = RetryPolicy::read(tree->root());
    if (read)
      policy = std::move(read.value());
    else
      error = read.error();
  }
  RetryState* state() { return RetryState::create(policy.get(), request, arena); }
  bool wants_status(RetryState* state, uint16_t status,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> lines = {}) {
    HeaderMap response(arena, HeaderMapKind::Response);
    for (const auto& [name, value] : lines) response.add(name, value);
    return state->wants(response, status);
  }
};

TEST(RetryPolicy, WordsThatNobodyKnowsCountForNothing) {
  EXPECT_EQ(retry_on::parse_http("5xx, nonsense ,reset"), retry_on::server_error | retry_on::reset);
  EXPECT_EQ(retry_on::parse_http("cancelled"), 0u);
  EXPECT_EQ(retry_on::parse_grpc(" unavailable,"), retry_on::grpc_unavailable);
}

TEST(RetryPolicy, HasEnvoysDefaults) {
  Retries none("{'retry_on':'5xx'}");
  EXPECT_EQ(none.policy->retries, 1u);
  EXPECT_EQ(none.policy->back_off_ms, 25u);
  EXPECT_EQ(none.policy->back_off_max_ms, 250u);
}

TEST(RetryPolicy, APredicateThatIsNotKnownIsAFaultWithItsPlace) {
  Retries bad("{'retry_host_predicate':[{'typed_config':{'@type':'type.googleapis.com/x.Y'}}]}");
  EXPECT_EQ(bad.policy, nullptr);
  EXPECT_EQ(bad.error.path, "retry_host_predicate[0].typed_config");
}

TEST(RetryState, IsOnlyMadeWhereSomethingMayBeRetried) {
  Retries none("{}");
  EXPECT_EQ(none.state(), nullptr);
  none.request.add(HeaderId::EnvoyRetryOn, "5xx");
  EXPECT_NE(none.state(), nullptr);
  EXPECT_FALSE(none.request.has(HeaderId::EnvoyRetryOn));
}

TEST(RetryState, AHeaderOfTheRequestSetsTheNumberOfRetries) {
  Retries some("{'retry_on':'5xx','num_retries':5}");
  some.request.add(HeaderId::EnvoyMaxRetries, "1");
  RetryState* state = some.state();
  EXPECT_TRUE(state->take());
  EXPECT_FALSE(state->take());
}

TEST(RetryState, RetriesOnlyRequestsThatMatch) {
  Retries some(
      "{'retry_on':'5xx','retriable_request_headers':[{'name':'x-idempotent','present_match':true}]}");
  EXPECT_EQ(some.state(), nullptr);
  some.request.add("x-idempotent", "1");
  EXPECT_NE(some.state(), nullptr);
}

TEST(RetryState, EachConditionWantsItsOwnAnswers) {
  EXPECT_TRUE(Retries("{'retry_on':'5xx'}").state()->wants(ResetReason::ConnectionTermination, true));
  Retries server("{'retry_on':'5xx'}");
  EXPECT_TRUE(server.wants_status(server.state(), 500));
  EXPECT_FALSE(server.wants_status(server.state(), 404));
  Retries gateway("{'retry_on':'gateway-error'}");
  EXPECT_TRUE(gateway.wants_status(gateway.state(), 503));
  EXPECT_FALSE(gateway.wants_status(gateway.state(), 500));
  Retries conflict("{'retry_on':'retriable-4xx'}");
  EXPECT_TRUE(conflict.wants_status(conflict.state(), 409));
  EXPECT_FALSE(conflict.wants_status(conflict.state(), 400));
  Retries codes("{'retry_on':'retriable-status-codes','retriable_status_codes':[418]}");
  codes.request.add(HeaderId::EnvoyRetriableStatusCodes, "400, 401");
  RetryState* state = codes.state();
  EXPECT_TRUE(codes.wants_status(state, 418));
  EXPECT_TRUE(codes.wants_status(state, 401));
  EXPECT_FALSE(codes.wants_status(state, 402));
}

TEST(RetryState, HeadersOfTheAnswerAskForARetry) {
  Retries some("{'retry_on':'retriable-headers','retriable_headers':[{'name':'x-a','present_match':true}]}");
  some.request.add(HeaderId::EnvoyRetriableHeaderNames, "X-B,x-c");
  RetryState* state = some.state();
  EXPECT_TRUE(some.wants_status(state, 200, {{"x-a", "1"}}));
  EXPECT_TRUE(some.wants_status(state, 200, {{"x-b", "1"}}));
  EXPECT_FALSE(some.wants_status(state, 200, {{"x-d", "1"}}));
}

TEST(RetryState, GrpcConditionsReadTheStatusOfTheHead) {
  Retries some("{'retry_on':'unavailable'}");
  EXPECT_TRUE(some.wants_status(some.state(), 200, {{"grpc-status", "14"}}));
  EXPECT_FALSE(some.wants_status(some.state(), 200, {{"grpc-status", "13"}}));
  EXPECT_FALSE(some.wants_status(some.state(), 503));
}

TEST(RetryState, ARateLimitOfAnUpstreamEnvoyCountsOnlyForItsOwnCondition) {
  Retries server("{'retry_on':'5xx'}");
  EXPECT_FALSE(server.wants_status(server.state(), 503, {{"x-envoy-ratelimited", "true"}}));
  Retries limited("{'retry_on':'envoy-ratelimited'}");
  EXPECT_TRUE(limited.wants_status(limited.state(), 429, {{"x-envoy-ratelimited", "true"}}));
}

TEST(RetryState, ACircuitBreakerIsNeverRetried) {
  Retries all("{'retry_on':'5xx,reset,connect-failure,gateway-error'}");
  EXPECT_FALSE(all.state()->wants(ResetReason::Overflow, false));
}

TEST(RetryState, ResetBeforeRequestEndsWithTheFirstByte) {
  Retries some("{'retry_on':'reset-before-request'}");
  EXPECT_TRUE(some.state()->wants(ResetReason::ConnectionFailure, false));
  EXPECT_FALSE(some.state()->wants(ResetReason::ConnectionTermination, true));
}

TEST(RetryState, PausesGrowUpToTheirBound) {
  Retries some("{'retry_on':'5xx','retry_back_off':{'base_interval':'0.010s','max_interval':'0.030s'}}");
  RetryState* state = some.state();
  for (const uint64_t bound : {10u, 20u, 30u, 30u}) {
    const RetryState::Pause pause = state->next_pause(nullptr, some.random, 0);
    EXPECT_LT(pause.ms, bound);
    EXPECT_FALSE(pause.told);
  }
}

TEST(RetryState, AResetHeaderIsWaitedForAndUpToHalfOfItLonger) {
  Retries some(
      "{'retry_on':'5xx','rate_limited_retry_back_off':{'reset_headers':["
      "{'name':'Retry-After','format':'SECONDS'},{'name':'x-reset','format':'UNIX_TIMESTAMP'}],"
      "'max_interval':'60s'}}");
  RetryState* state = some.state();
  HeaderMap response(some.arena, HeaderMapKind::Response);
  response.add("retry-after", "100");  // longer than max_interval: does not count
  response.add("x-reset", "1010");
  const RetryState::Pause pause = state->next_pause(&response, some.random, 1000);
  EXPECT_TRUE(pause.told);
  EXPECT_GE(pause.ms, 10'000u);
  EXPECT_LT(pause.ms, 15'000u);
}

TEST(RetryState, PreviousHostsAndCanariesAreRefusedWhereThePolicySaysSo) {
  Host host;
  host.state = make_ref<HostState>();
  Host canary;
  canary.state = make_ref<HostState>();
  canary.canary = true;
  Retries some(
      "{'retry_on':'5xx','retry_host_predicate':[{'typed_config':{'@type':'type.googleapis.com/"
      "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'}}]}");
  RetryState* state = some.state();
  EXPECT_FALSE(state->refuses(host));
  state->remember(host.state.get(), some.arena);
  EXPECT_TRUE(state->refuses(host));
  EXPECT_FALSE(state->refuses(canary));
  Retries other(
      "{'retry_on':'5xx','retry_host_predicate':[{'typed_config':{'@type':'type.googleapis.com/"
      "envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate'}}]}");
  state = other.state();
  state->remember(host.state.get(), other.arena);
  EXPECT_FALSE(state->refuses(host));
  EXPECT_TRUE(state->refuses(canary));
}

}  // namespace
}  // namespace outrider
