#pragma once
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/random.h"
#include "codec/header_map.h"
#include "codec/stream_codec.h"
#include "router/retry_policy.h"
#include "upstream/lb/lb_policy.h"

namespace outrider {

// What is left of a request's right to be tried again: the route's policy and what the request's own headers add.
// Lives in the stream's arena, and only where something may be retried.
class RetryState final : public HostPredicate {
 public:
  // Takes the headers that steer retries off the request. Null when nothing asks for retries.
  static RetryState* create(const RetryPolicy* policy, HeaderMap& request, Arena& arena);

  // Is such an answer, or such an end of a try, to be retried? Does not look at what is left.
  bool wants(const HeaderMap& response, uint16_t status) const;
  bool wants(ResetReason reason, bool request_started) const;

  // Takes one retry; false when none is left.
  bool take() {
    if (left_ == 0) return false;
    --left_;
    return true;
  }

  struct Pause {
    uint64_t ms = 0;
    bool told = false;  // by a reset header of the answer
  };
  // How long to wait before the retry that was just taken. `response` is null after a reset.
  Pause next_pause(const HeaderMap* response, Random& random, uint64_t wall_s);

  // A host that failed; it is avoided where the policy says so.
  void remember(const HostState* host, Arena& arena);
  bool refuses(const Host& host) const override;
  uint32_t host_attempts_max() const { return policy_->host_attempts_max + 1; }

 private:
  struct Tried {
    const HostState* host;  // compared only
    const Tried* next;
  };

  RetryState(const RetryPolicy& policy, uint32_t on) : policy_(&policy), on_(on), left_(policy.retries) {}
  uint64_t told_pause_ms(const HeaderMap& response, uint64_t wall_s) const;
  bool has_status_code(uint16_t status) const;
  bool has_header(const HeaderMap& response) const;
  bool has_grpc_status(const HeaderMap& response) const;

  const RetryPolicy* policy_;
  uint32_t on_;
  uint32_t left_;
  uint64_t back_off_ms_ = 0;       // the next one's bound; 0: the policy's
  std::string_view status_codes_;  // of the request's headers, between commas
  std::string_view header_names_;
  const Tried* tried_ = nullptr;
};

}  // namespace outrider
