#include "upstream/host_set.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "base/runtime_values.h"
#include "upstream/cluster.h"

namespace outrider {
namespace {

struct AddressHash {
  size_t operator()(const Address* address) const {
    if (!address->is_ip()) return std::hash<std::string>()(address->text());
    uint8_t bytes[16];
    address->ip_bytes(bytes);
    const std::string_view ip(reinterpret_cast<const char*>(bytes), sizeof bytes);
    return std::hash<std::string_view>()(ip) * 31 + address->port();
  }
};
struct AddressEqual {
  bool operator()(const Address* a, const Address* b) const { return *a == *b; }
};
using HostByAddress = std::unordered_map<const Address*, const Host*, AddressHash, AddressEqual>;

Result<Address> read_address(ConfigView address, const std::string& path) {
  if (address.has("pipe")) {
    const Address pipe = Address::from_pipe(address["pipe"].string("path"));
    if (pipe.valid()) return pipe;
    return ConfigError{path + ".pipe.path", "longer than a Unix socket's path may be"};
  }
  if (!address.has("socket_address")) {
    return ConfigError{path, "only socket_address and pipe are supported"};
  }
  const ConfigView socket = address["socket_address"];
  const Address ip =
      Address::from_ip(socket.string("address"), static_cast<uint16_t>(socket.uint("port_value")));
  if (ip.valid()) return ip;
  return ConfigError{path + ".socket_address.address",
                     "malformed IP address: " + std::string(socket.string("address")) +
                         ". Consider setting the cluster's type to STRICT_DNS or LOGICAL_DNS"};
}

Locality read_locality(ConfigView view) {
  return {std::string(view.string("region")), std::string(view.string("zone")),
          std::string(view.string("sub_zone"))};
}

uint32_t flags_of(std::string_view health_status) {
  if (health_status == "UNHEALTHY" || health_status == "TIMEOUT") {
    return static_cast<uint32_t>(HealthFlag::FailedEdsHealth);
  }
  if (health_status == "DRAINING") return static_cast<uint32_t>(HealthFlag::EdsStatusDraining);
  if (health_status == "DEGRADED") return static_cast<uint32_t>(HealthFlag::DegradedEdsHealth);
  return 0;
}

// Replaces the flags that the endpoint's health_status stands for, and leaves those of health checks.
void set_eds_flags(HostState& state, std::string_view health_status) {
  constexpr uint32_t kEds = static_cast<uint32_t>(HealthFlag::FailedEdsHealth) |
                            static_cast<uint32_t>(HealthFlag::EdsStatusDraining) |
                            static_cast<uint32_t>(HealthFlag::DegradedEdsHealth);
  const uint32_t others = state.health_flags.load(std::memory_order_relaxed) & ~kEds;
  state.health_flags.store(others | flags_of(health_status), std::memory_order_relaxed);
}

// envoy.lb: canary
bool is_canary(ConfigView metadata) { return metadata["filter_metadata"]["envoy.lb"].boolean("canary"); }

void classify(HostClasses& classes, const Host& host, HostIndex index) {
  const uint32_t flags = host.health_flags();
  classes.all.push_back(index);
  if (is_excluded(flags)) ++classes.excluded;
  switch (health_of(flags)) {
    case HostHealth::Healthy:
      classes.healthy.push_back(index);
      break;
    case HostHealth::Degraded:
      classes.degraded.push_back(index);
      break;
    case HostHealth::Unhealthy:
      break;
  }
}

}  // namespace

double LocalityHosts::effective_weight(const std::vector<HostIndex>& usable, uint32_t factor) const {
  const size_t counted = all.size() - excluded;
  if (counted == 0) return 0;
  const double available = static_cast<double>(usable.size()) / static_cast<double>(counted);
  return weight * std::min(1.0, available * factor / 100);
}

// Builds one ClusterEndpoints.
class EndpointsBuilder {
 public:
  EndpointsBuilder(const ClusterConfig& cluster, Ref<const SharedConfig> source,
                   const ClusterEndpoints* previous, StatsRegistry& stats, const RuntimeValues* runtime)
      : cluster_(cluster), source_(std::move(source)), previous_(previous), stats_(stats), runtime_(runtime) {
    if (previous == nullptr) return;
    for (const Ref<const Host>& host : previous->hosts()) known_.emplace(&host->address, host.get());
  }

  Result<bool> read(ConfigView assignment) {
    const ConfigView policy = assignment["policy"];
    out_->overprovisioning_factor_ = static_cast<uint32_t>(policy.uint("overprovisioning_factor", 140));
    out_->weighted_priority_health_ = policy.boolean("weighted_priority_health");
    uint32_t index = 0;
    for (ConfigView group : assignment["endpoints"]) {
      Result<bool> added = add_group(group, "endpoints[" + std::to_string(index++) + "]");
      if (!added) return added;
    }
    return true;
  }

  // Nothing is built after all.
  void give_back() {
    for (const Ref<HostState>& state : made_) stats_.remove_scope(state->stats);
  }

  Ref<const ClusterEndpoints> finish() {
    finish(cluster_, runtime_, *out_);
    return Ref<const ClusterEndpoints>(out_);
  }

  // Sorts the hosts into their sets and computes the load.
  static void finish(const ClusterConfig& cluster, const RuntimeValues* runtime, ClusterEndpoints& out) {
    read_runtime(cluster, runtime, out);
    uint32_t priorities = 1;
    for (const Ref<const Host>& host : out.hosts_) priorities = std::max(priorities, host->priority + 1);
    out.sets_.resize(priorities);
    for (HostIndex i = 0; i < out.hosts_.size(); ++i) {
      const Host& host = *out.hosts_[i];
      HostSet& set = out.sets_[host.priority];
      classify(set, host, i);
      if (cluster.lb.locality_weighted) classify(locality_of(out, set, host), host, i);
    }
    std::vector<PriorityLoad::Availability> availability;
    for (const HostSet& set : out.sets_) availability.push_back(availability_of(out, set));
    out.load_ = PriorityLoad::compute(availability, out.panic_threshold_);
    build_tables(cluster, out);
  }

 private:
  Result<bool> add_group(ConfigView group, const std::string& path) {
    const Locality locality = read_locality(group["locality"]);
    uint32_t index = 0;
    for (ConfigView endpoint : group["lb_endpoints"]) {
      Result<bool> added = add_host(group, endpoint, locality,
                                    path + ".lb_endpoints[" + std::to_string(index++) + "].endpoint");
      if (!added) return added;
    }
    return true;
  }

  Result<bool> add_host(ConfigView group, ConfigView lb_endpoint, const Locality& locality,
                        const std::string& path) {
    const ConfigView endpoint = lb_endpoint["endpoint"];
    Result<Address> address = read_address(endpoint["address"], path + ".address");
    if (!address) return address.error();
    Ref<Host> host = make_ref<Host>();
    host->address = address.value();
    for (ConfigView more : endpoint["additional_addresses"]) {
      Result<Address> other = read_address(more["address"], path + ".additional_addresses");
      if (!other) return other.error();
      host->additional_addresses.push_back(other.value());
    }
    host->hostname = endpoint.string("hostname");
    host->weight = static_cast<uint32_t>(lb_endpoint.uint("load_balancing_weight", 1));
    host->priority = static_cast<uint32_t>(group.uint("priority"));
    host->metadata = lb_endpoint["metadata"];
    host->canary = is_canary(host->metadata);
    host->locality = locality;
    host->locality_weight = static_cast<uint32_t>(group.uint("load_balancing_weight"));
    host->endpoint = lb_endpoint;
    host->source = source_;
    host->state = state_for(*host);
    set_eds_flags(*host->state, lb_endpoint.string("health_status"));
    out_->hosts_.push_back(Ref<const Host>(host));
    return true;
  }

  // A host that has moved to another locality is a new one, as in Envoy.
  Ref<HostState> state_for(const Host& host) {
    if (cluster_.logical_dns && previous_ != nullptr && !previous_->hosts().empty()) {
      return previous_->hosts()[0]->state;
    }
    const auto found = known_.find(&host.address);
    if (found != known_.end() && found->second->locality == host.locality) {
      Ref<HostState> state = found->second->state;
      known_.erase(found);  // a second host of the same address has a state of its own
      return state;
    }
    Ref<HostState> state = make_ref<HostState>();
    state->stats = stats_.add_scope<HostStat>({});
    // No traffic before the first check.
    if (cluster_.health_checked) {
      state->health_flags = static_cast<uint32_t>(HealthFlag::FailedActiveHc) |
                            static_cast<uint32_t>(HealthFlag::PendingActiveHc);
    }
    made_.push_back(state);
    return state;
  }

  static LocalityHosts& locality_of(ClusterEndpoints& out, HostSet& set, const Host& host) {
    for (LocalityHosts& locality : set.localities) {
      if (out.hosts_[locality.all.front()]->locality == host.locality) return locality;
    }
    set.localities.emplace_back().weight = host.locality_weight;
    return set.localities.back();
  }

  static void read_runtime(const ClusterConfig& cluster, const RuntimeValues* runtime,
                           ClusterEndpoints& out) {
    out.panic_threshold_ = cluster.lb.panic_threshold;
    out.active_request_bias_ = cluster.lb.active_request_bias;
    if (runtime == nullptr) return;
    out.panic_threshold_ = static_cast<uint32_t>(std::min<uint64_t>(
        100, runtime->integer("upstream.healthy_panic_threshold", cluster.lb.panic_threshold)));
    const double bias = runtime->number(cluster.lb.active_request_bias_key, cluster.lb.active_request_bias);
    out.active_request_bias_ = bias >= 0 && std::isfinite(bias) ? bias : 1;
  }

  static void build_tables(const ClusterConfig& cluster, ClusterEndpoints& out) {
    if (cluster.lb.kind != LbPolicyKind::RingHash && cluster.lb.kind != LbPolicyKind::Maglev) return;
    for (size_t i = 0; i < out.sets_.size(); ++i) {
      const HostSet& set = out.sets_[i];
      const bool panic = out.load_.shares[i].panic;
      std::vector<HostTable::Entry> entries;
      if (cluster.lb.locality_weighted && !panic) {
        add_localities(cluster, out, set, entries);
      } else {
        add_entries(cluster, out, panic ? set.all : set.healthy, 1, entries);
      }
      out.tables_.push_back(entries.empty() ? nullptr : HostTable::build(cluster.lb, std::move(entries)));
    }
  }

  // Each locality has its share of the table, by its weight and by how many of its hosts are healthy.
  static void add_localities(const ClusterConfig& cluster, const ClusterEndpoints& out, const HostSet& set,
                             std::vector<HostTable::Entry>& entries) {
    double total = 0;
    for (const LocalityHosts& locality : set.localities) {
      total += locality.effective_weight(locality.healthy, out.overprovisioning_factor_);
    }
    for (const LocalityHosts& locality : set.localities) {
      const double weight = locality.effective_weight(locality.healthy, out.overprovisioning_factor_);
      if (weight > 0) add_entries(cluster, out, locality.healthy, weight / total, entries);
    }
  }

  static void add_entries(const ClusterConfig& cluster, const ClusterEndpoints& out,
                          const std::vector<HostIndex>& hosts, double share,
                          std::vector<HostTable::Entry>& entries) {
    double total = 0;
    for (HostIndex index : hosts) total += out.hosts_[index]->weight;
    for (HostIndex index : hosts) {
      const Host& host = *out.hosts_[index];
      entries.push_back({{index, share * host.weight / total}, hash_key(cluster.lb, host)});
    }
  }

  static std::string hash_key(const LbConfig& lb, const Host& host) {
    const std::string_view named = host.metadata["filter_metadata"]["envoy.lb"].string("hash_key");
    if (!named.empty()) return std::string(named);
    return lb.hash_by_hostname ? host.hostname : host.address.text();
  }

  static uint64_t weight_of(const ClusterEndpoints& out, const std::vector<HostIndex>& hosts) {
    if (!out.weighted_priority_health_) return hosts.size();
    uint64_t weight = 0;
    for (HostIndex index : hosts) weight += out.hosts_[index]->weight;
    return weight;
  }

  static uint64_t excluded_weight(const ClusterEndpoints& out, const HostSet& set) {
    if (!out.weighted_priority_health_) return set.excluded;
    uint64_t weight = 0;
    for (HostIndex index : set.all) {
      if (is_excluded(out.hosts_[index]->health_flags())) weight += out.hosts_[index]->weight;
    }
    return weight;
  }

  static PriorityLoad::Availability availability_of(const ClusterEndpoints& out, const HostSet& set) {
    PriorityLoad::Availability availability;
    availability.hosts = static_cast<uint32_t>(set.all.size());
    const size_t counted = set.all.size() - set.excluded;
    const double usable = 100.0 * static_cast<double>(set.healthy.size() + set.degraded.size());
    availability.below_panic_threshold =
        (counted == 0 ? 0.0 : usable / static_cast<double>(counted)) < out.panic_threshold_;
    const uint64_t total = weight_of(out, set.all) - excluded_weight(out, set);
    if (total == 0) return availability;
    auto percent = [&](uint64_t weight) {
      return static_cast<uint32_t>(std::min<uint64_t>(100, out.overprovisioning_factor_ * weight / total));
    };
    availability.healthy = percent(weight_of(out, set.healthy));
    availability.degraded = percent(weight_of(out, set.degraded));
    return availability;
  }

  const ClusterConfig& cluster_;
  Ref<const SharedConfig> source_;
  const ClusterEndpoints* previous_;
  StatsRegistry& stats_;
  const RuntimeValues* runtime_;
  HostByAddress known_;
  std::vector<Ref<HostState>> made_;
  Ref<ClusterEndpoints> out_ = make_ref<ClusterEndpoints>();
};

Result<Ref<const ClusterEndpoints>> ClusterEndpoints::build(
    const ClusterConfig& cluster, Ref<const SharedConfig> source, ConfigView assignment,
    const ClusterEndpoints* previous, StatsRegistry& stats, const RuntimeValues* runtime) {
  EndpointsBuilder builder(cluster, std::move(source), previous, stats, runtime);
  Result<bool> read = builder.read(assignment);
  if (read) return builder.finish();
  builder.give_back();
  return read.error();
}

Ref<const ClusterEndpoints> ClusterEndpoints::rebuild(const ClusterConfig& cluster,
                                                      const RuntimeValues* runtime) const {
  Ref<ClusterEndpoints> out = make_ref<ClusterEndpoints>();
  out->hosts_ = hosts_;
  out->overprovisioning_factor_ = overprovisioning_factor_;
  out->weighted_priority_health_ = weighted_priority_health_;
  EndpointsBuilder::finish(cluster, runtime, *out);
  return Ref<const ClusterEndpoints>(out);
}

bool ClusterEndpoints::same_hosts(const ClusterEndpoints& other) const {
  if (hosts_.size() != other.hosts_.size()) return false;
  auto states = [](const ClusterEndpoints& endpoints) {
    std::vector<const HostState*> out;
    for (const Ref<const Host>& host : endpoints.hosts_) out.push_back(host->state.get());
    std::ranges::sort(out);
    return out;
  };
  return states(*this) == states(other);
}

uint32_t ClusterEndpoints::healthy() const {
  uint32_t count = 0;
  for (const HostSet& set : sets_) count += static_cast<uint32_t>(set.healthy.size());
  return count;
}

uint32_t ClusterEndpoints::degraded() const {
  uint32_t count = 0;
  for (const HostSet& set : sets_) count += static_cast<uint32_t>(set.degraded.size());
  return count;
}

uint32_t ClusterEndpoints::excluded() const {
  uint32_t count = 0;
  for (const HostSet& set : sets_) count += set.excluded;
  return count;
}

}  // namespace outrider
