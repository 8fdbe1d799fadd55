#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cidr_set.h"
#include "base/config_view.h"
#include "base/result.h"
#include "formatter/stream_info.h"

namespace outrider {

// Chooses among the filter chains of a listener (envoy.config.listener.v3.FilterChainMatch), in Envoy's way: one
// condition after the other, each leaving those chains whose value is the most specific one that fits; a chain
// without the condition fits where no other does. There is no way back from such a choice. Immutable.
class FilterChainMatcher {
 public:
  static constexpr uint32_t none = UINT32_MAX;

  // The next chain; they are numbered as they come.
  Result<bool> add(ConfigView match);
  // The number of the chain, or `none`.
  uint32_t find(const ConnectionInfo& info) const;

 private:
  enum class SourceType : uint8_t { Any, Local, External };
  struct Rule {
    uint16_t destination_port = 0;  // 0: any
    CidrSet destinations;
    std::vector<std::string>
        server_names;  // lower case; those that begin with '.' fit every name with that end
    std::string transport_protocol;
    std::vector<std::string> application_protocols;
    CidrSet direct_sources;
    SourceType source_type = SourceType::Any;
    CidrSet sources;
    std::vector<uint16_t> source_ports;
    bool unconditional = true;
  };
  struct Facts;
  using Score = int (*)(const Rule& rule, const Facts& facts);

  static const Score scores[];

  std::vector<Rule> rules_;
  bool trivial_ = true;  // one chain, for everybody
};

}  // namespace outrider
