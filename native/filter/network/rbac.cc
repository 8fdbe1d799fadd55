#include <algorithm>
#include <vector>

#include "base/cidr_set.h"
#include "base/string_match.h"
#include "connection/tls_facts.h"
#include "filter/network/all.gen.h"

namespace outrider {
namespace {

// One permission or principal: what must be true of a connection.
struct Condition {
  enum class Kind : uint8_t {
    All,
    Any,
    Not,
    Always,
    LocalIp,
    LocalPorts,
    ServerName,
    RemoteIp,
    Authenticated,  // any certificate that was verified
    PeerName,
  };
  Kind kind = Kind::Always;
  std::vector<Condition> parts = {};
  CidrSet ips = {};
  uint32_t port_first = 0;
  uint32_t port_end = 0;
  std::vector<StringMatcher> name = {};  // one, or none

  bool holds(NetworkStream& stream) const;
};

bool any_name(const std::vector<std::string>& names, const StringMatcher& matcher) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return matcher.matches(name); });
}

// As Envoy: the URI names, or else the DNS names, or else the subject.
bool peer_name_matches(const TlsFacts* tls, const StringMatcher& matcher) {
  const CertificateFacts* peer = tls == nullptr ? nullptr : tls->peer();
  if (peer == nullptr) return false;
  if (!peer->uri_sans.empty()) return any_name(peer->uri_sans, matcher);
  if (!peer->dns_sans.empty()) return any_name(peer->dns_sans, matcher);
  return matcher.matches(peer->subject);
}

bool Condition::holds(NetworkStream& stream) const {
  const ConnectionInfo& info = stream.info();
  const auto part_holds = [&](const Condition& part) { return part.holds(stream); };
  switch (kind) {
    case Kind::All:
      return std::all_of(parts.begin(), parts.end(), part_holds);
    case Kind::Any:
      return std::any_of(parts.begin(), parts.end(), part_holds);
    case Kind::Not:
      return !parts.front().holds(stream);
    case Kind::Always:
      return true;
    case Kind::LocalIp:
      return ips.contains(info.local);
    case Kind::LocalPorts:
      return info.local.is_ip() && info.local.port() >= port_first && info.local.port() < port_end;
    case Kind::RemoteIp:
      return ips.contains(info.direct_remote);
    case Kind::ServerName: {
      const TlsFacts* tls = stream.connection().tls();
      return name.front().matches(tls == nullptr ? info.requested_server_name : tls->server_name());
    }
    case Kind::Authenticated: {
      const TlsFacts* tls = stream.connection().tls();
      return tls != nullptr && tls->peer_validated();
    }
    case Kind::PeerName:
      return peer_name_matches(stream.connection().tls(), name.front());
  }
  return false;
}

Result<Condition> read_condition(ConfigView view);

Result<Condition> read_parts(ConfigView list, Condition::Kind kind) {
  Condition condition{.kind = kind};
  for (const ConfigView item : list) {
    auto part = read_condition(item);
    if (!part) return part.error();
    condition.parts.push_back(std::move(part.value()));
  }
  return condition;
}

Result<Condition> read_range(ConfigView range, Condition::Kind kind) {
  Condition condition{.kind = kind};
  auto ips = CidrSet::read_one(range);
  if (!ips) return ips.error();
  condition.ips = std::move(ips.value());
  return condition;
}

Result<Condition> read_name(ConfigView matcher, Condition::Kind kind) {
  auto name = StringMatcher::read(matcher);
  if (!name) return name.error();
  Condition condition{.kind = kind};
  condition.name.push_back(std::move(name.value()));
  return condition;
}

// envoy.config.rbac.v3.Permission or Principal: their fields do not collide.
Result<Condition> read_condition(ConfigView view) {
  using Kind = Condition::Kind;
  for (const auto& member : view.members()) {
    const ConfigView value = member.value();
    const std::string_view field = member.key;
    if (field == "and_rules") return read_parts(value.list("rules"), Kind::All);
    if (field == "or_rules") return read_parts(value.list("rules"), Kind::Any);
    if (field == "and_ids") return read_parts(value.list("ids"), Kind::All);
    if (field == "or_ids") return read_parts(value.list("ids"), Kind::Any);
    if (field == "any") return Condition{.kind = Kind::Always};
    if (field == "destination_ip") return read_range(value, Kind::LocalIp);
    if (field == "direct_remote_ip" || field == "remote_ip" || field == "source_ip")
      return read_range(value, Kind::RemoteIp);
    if (field == "requested_server_name") return read_name(value, Kind::ServerName);
    if (field == "not_rule" || field == "not_id") {
      auto part = read_condition(value);
      if (!part) return part;
      Condition condition{.kind = Kind::Not};
      condition.parts.push_back(std::move(part.value()));
      return condition;
    }
    if (field == "destination_port") {
      const auto port = static_cast<uint32_t>(value.as_uint());
      return Condition{.kind = Kind::LocalPorts, .port_first = port, .port_end = port + 1};
    }
    if (field == "destination_port_range")
      return Condition{.kind = Kind::LocalPorts,
                       .port_first = static_cast<uint32_t>(value.uint("start")),
                       .port_end = static_cast<uint32_t>(value.uint("end"))};
    if (field == "authenticated") {
      if (!value.has("principal_name")) return Condition{.kind = Kind::Authenticated};
      return read_name(value["principal_name"], Kind::PeerName);
    }
    return ConfigError{std::string(field), "says nothing of a connection, or is not supported there"};
  }
  return ConfigError{"", "says nothing"};
}

// envoy.config.rbac.v3.RBAC
struct Rules {
  enum class Action : uint8_t { Allow, Deny, Log };
  struct Policy {
    std::string name;
    Condition permissions;
    Condition principals;
  };
  Action action = Action::Allow;
  std::vector<Policy> policies;  // by name, as Envoy tries them

  static Result<Rules> read(ConfigView view) {
    Rules rules;
    const std::string_view action = view.string("action");
    rules.action = action == "DENY" ? Action::Deny : action == "LOG" ? Action::Log : Action::Allow;
    for (const auto& member : view["policies"].members()) {
      const std::string place = "policies." + std::string(member.key);
      auto permissions = read_parts(member.value().list("permissions"), Condition::Kind::Any);
      if (!permissions) return ConfigError{place + ".permissions", permissions.error().reason};
      auto principals = read_parts(member.value().list("principals"), Condition::Kind::Any);
      if (!principals) return ConfigError{place + ".principals", principals.error().reason};
      rules.policies.push_back(
          {std::string(member.key), std::move(permissions.value()), std::move(principals.value())});
    }
    std::sort(rules.policies.begin(), rules.policies.end(),
              [](const Policy& a, const Policy& b) { return a.name < b.name; });
    return rules;
  }

  struct Verdict {
    bool allowed;
    const Policy* policy;  // the first that matched
  };
  Verdict judge(NetworkStream& stream) const {
    const auto found = std::find_if(policies.begin(), policies.end(), [&](const Policy& policy) {
      return policy.permissions.holds(stream) && policy.principals.holds(stream);
    });
    const Policy* const policy = found == policies.end() ? nullptr : &*found;
    if (action == Action::Log) return {true, policy};
    return {(policy != nullptr) == (action == Action::Allow), policy};
  }
};

struct Config {
  StatScope<NetworkRbacStat> stats;
  std::unique_ptr<Rules> rules;   // null: everybody may pass
  std::unique_ptr<Rules> shadow;  // null: there are none
  bool continuous = false;
  uint64_t delay_ms = 0;  // before a denied connection is closed
};

// envoy.filters.network.rbac: who may connect, decided when the first bytes come.
// Config: envoy.extensions.filters.network.rbac.v3.RBAC
class Rbac final : public NetworkFilter, Timer {
 public:
  Rbac(NetworkWorker& network, const Config& config) : network_(network), config_(config) {}

  NetworkStatus on_data(NetworkStream& stream, std::string_view) override {
    if (denied_) return NetworkStatus::StopIteration;
    if (judged_ && !config_.continuous) return NetworkStatus::Continue;
    judged_ = true;
    StatsBlock& stats = network_.worker.stats;
    if (config_.shadow != nullptr) {
      const bool allowed = config_.shadow->judge(stream).allowed;
      stats.add(config_.stats, allowed ? NetworkRbacStat::shadow_allowed : NetworkRbacStat::shadow_denied);
    }
    if (config_.rules == nullptr) return NetworkStatus::Continue;
    const Rules::Verdict verdict = config_.rules->judge(stream);
    stats.add(config_.stats, verdict.allowed ? NetworkRbacStat::allowed : NetworkRbacStat::denied);
    if (verdict.allowed) return NetworkStatus::Continue;
    deny(stream, verdict.policy);
    return NetworkStatus::StopIteration;
  }

  void on_close(NetworkStream&) override { cancel(); }

 private:
  void deny(NetworkStream& stream, const Rules::Policy* policy) {
    denied_ = true;
    stream_ = &stream;
    details_ = "rbac_access_denied_matched_policy[" + (policy == nullptr ? "none" : policy->name) + "]";
    if (config_.delay_ms == 0) return stream.close(details_);
    EventLoop& loop = network_.worker.loop;
    loop.timers().arm(*this, loop.now_ms() + config_.delay_ms);
  }
  void on_timer() override { stream_->close(details_); }

  NetworkWorker& network_;
  const Config& config_;
  NetworkStream* stream_ = nullptr;
  std::string details_;
  bool judged_ = false;
  bool denied_ = false;
};

Result<std::unique_ptr<Rules>> read_rules(ConfigView view, const char* field) {
  if (!view.has(field)) return std::unique_ptr<Rules>();
  auto rules = Rules::read(view[field]);
  if (!rules) return ConfigError{std::string(field) + "." + rules.error().path, rules.error().reason};
  return std::make_unique<Rules>(std::move(rules.value()));
}

Result<Config> read_config(ConfigView view, NetworkBuildContext& context) {
  auto rules = read_rules(view, "rules");
  if (!rules) return rules.error();
  auto shadow = read_rules(view, "shadow_rules");
  if (!shadow) return shadow.error();
  const std::string prefix = std::string(view.string("stat_prefix")) + "rbac.";
  return Config{.stats = context.stats.add_scope<NetworkRbacStat>(prefix),
                .rules = std::move(rules.value()),
                .shadow = std::move(shadow.value()),
                .continuous = view.string("enforcement_type") == "CONTINUOUS",
                .delay_ms = static_cast<uint64_t>(view.duration_ms("delay_deny"))};
}

}  // namespace

const NetworkFilterType rbac =
    network_filter_type<Rbac, Config, read_config>("envoy.extensions.filters.network.rbac.v3.RBAC");

}  // namespace outrider
