#include "downstream/filter_chain_match.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace outrider {

// A rule's score for one condition: below 0 it does not fit, 0 it does not ask, above 0 the more specific the more.
struct FilterChainMatcher::Facts {
  const ConnectionInfo& info;
  std::string_view server_name;
  std::string_view transport_protocol;
  const std::vector<std::string>* application_protocols;  // null: none
  bool local_source;
};

Result<bool> FilterChainMatcher::add(ConfigView match) {
  Rule rule;
  const auto ranges = [&](const std::string& field, CidrSet& out) -> Result<bool> {
    auto read = CidrSet::read(match.list(field));
    if (!read) return ConfigError{field + read.error().path, read.error().reason};
    out = std::move(read.value());
    return true;
  };
  if (auto read = ranges("prefix_ranges", rule.destinations); !read) return read;
  if (auto read = ranges("direct_source_prefix_ranges", rule.direct_sources); !read) return read;
  if (auto read = ranges("source_prefix_ranges", rule.sources); !read) return read;
  rule.destination_port = static_cast<uint16_t>(match.uint("destination_port"));
  for (const ConfigView name : match.list("server_names")) {
    const std::string lower = lower_case(name.as_string());
    rule.server_names.push_back(lower.starts_with("*.") ? lower.substr(1) : lower);
  }
  rule.transport_protocol = match.string("transport_protocol");
  for (const ConfigView name : match.list("application_protocols")) {
    rule.application_protocols.emplace_back(name.as_string());
  }
  const std::string_view type = match.string("source_type");
  if (type == "SAME_IP_OR_LOOPBACK") rule.source_type = SourceType::Local;
  if (type == "EXTERNAL") rule.source_type = SourceType::External;
  for (const ConfigView port : match.list("source_ports")) {
    rule.source_ports.push_back(static_cast<uint16_t>(port.as_uint()));
  }
  rule.unconditional = match.members().begin() == match.members().end();
  trivial_ = rules_.empty() && rule.unconditional;
  rules_.push_back(std::move(rule));
  return true;
}

static int range_score(const CidrSet& ranges, const Address& address) {
  return ranges.empty() ? 0 : ranges.longest_prefix(address);
}

static int name_score(const std::vector<std::string>& names, std::string_view name) {
  if (names.empty()) return 0;
  int best = -1;
  for (const std::string& own : names) {
    if (own == name && !own.empty()) return 1 << 20;
    if (own.starts_with('.') && name.ends_with(own)) best = std::max(best, static_cast<int>(own.size()));
  }
  return best;
}

// The protocol that the client names first counts most.
static int protocol_score(const std::vector<std::string>& own, const std::vector<std::string>* offered) {
  if (own.empty()) return 0;
  if (offered == nullptr) return -1;
  for (size_t i = 0; i < offered->size(); ++i) {
    if (std::find(own.begin(), own.end(), (*offered)[i]) != own.end())
      return static_cast<int>(offered->size() - i);
  }
  return -1;
}

const FilterChainMatcher::Score FilterChainMatcher::scores[] = {
    [](const Rule& rule, const Facts& facts) {
      if (rule.destination_port == 0) return 0;
      return facts.info.local.is_ip() && facts.info.local.port() == rule.destination_port ? 1 : -1;
    },
    [](const Rule& rule, const Facts& facts) { return range_score(rule.destinations, facts.info.local); },
    [](const Rule& rule, const Facts& facts) { return name_score(rule.server_names, facts.server_name); },
    [](const Rule& rule, const Facts& facts) {
      if (rule.transport_protocol.empty()) return 0;
      return rule.transport_protocol == facts.transport_protocol ? 1 : -1;
    },
    [](const Rule& rule, const Facts& facts) {
      return protocol_score(rule.application_protocols, facts.application_protocols);
    },
    [](const Rule& rule, const Facts& facts) {
      return range_score(rule.direct_sources, facts.info.direct_remote);
    },
    [](const Rule& rule, const Facts& facts) {
      if (rule.source_type == SourceType::Any) return 0;
      return (rule.source_type == SourceType::Local) == facts.local_source ? 1 : -1;
    },
    [](const Rule& rule, const Facts& facts) { return range_score(rule.sources, facts.info.direct_remote); },
    [](const Rule& rule, const Facts& facts) {
      if (rule.source_ports.empty()) return 0;
      const Address& from = facts.info.direct_remote;
      const auto found = std::find(rule.source_ports.begin(), rule.source_ports.end(), from.port());
      return from.is_ip() && found != rule.source_ports.end() ? 1 : -1;
    },
};

// As Envoy's isSameIpOrLoopback().
static bool is_local(const ConnectionInfo& info) {
  if (!info.direct_remote.is_ip()) return true;
  uint8_t remote[16];
  uint8_t local[16];
  info.direct_remote.ip_bytes(remote);
  info.local.ip_bytes(local);
  static constexpr uint8_t v6_loopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const bool v4 = info.direct_remote.family() == AF_INET;
  if (v4 ? remote[12] == 127 : std::memcmp(remote, v6_loopback, 16) == 0) return true;
  return info.local.is_ip() && std::memcmp(remote, local, 16) == 0;
}

uint32_t FilterChainMatcher::find(const ConnectionInfo& info) const {
  if (trivial_) return rules_.empty() ? none : 0;
  const ConnectionFacts* const known = info.facts.get();
  const Facts facts{
      .info = info,
      .server_name = known == nullptr ? std::string_view() : std::string_view(known->server_name),
      .transport_protocol = known == nullptr || known->transport_protocol.empty()
                                ? "raw_buffer"
                                : std::string_view(known->transport_protocol),
      .application_protocols = known == nullptr ? nullptr : &known->application_protocols,
      .local_source = is_local(info)};
  std::vector<uint32_t> left(rules_.size());
  for (uint32_t i = 0; i < left.size(); ++i) left[i] = i;
  for (const Score score : scores) {
    int best = -1;
    size_t kept = 0;
    for (const uint32_t i : left) {
      const int own = score(rules_[i], facts);
      if (own < best || own < 0) continue;
      if (own > best) kept = 0;
      best = own;
      left[kept++] = i;
    }
    if (kept == 0) return none;
    left.resize(kept);
  }
  return left.front();
}

}  // namespace outrider
