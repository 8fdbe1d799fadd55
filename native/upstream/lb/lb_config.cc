#include "upstream/lb/lb_config.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

namespace outrider {
namespace {

using Read = Result<LbConfig>;

ConfigError unsupported(std::string path, std::string_view what) {
  return {std::move(path), std::string(what) + " is not supported yet"};
}

double active_request_bias(ConfigView runtime_double) {
  const double bias = runtime_double.number("default_value", 1.0);
  return bias >= 0 && std::isfinite(bias) ? bias : 1.0;
}

void read_consistent_hashing(ConfigView view, LbConfig& out) {
  out.hash_by_hostname = view.boolean("use_hostname_for_hashing", out.hash_by_hostname);
  out.hash_balance_factor = static_cast<uint32_t>(view.uint("hash_balance_factor"));
}

// The fields of LocalityLbConfig, which common_lb_config has too.
void read_locality(ConfigView view, LbConfig& out) {
  out.locality_weighted = out.locality_weighted || view.has("locality_weighted_lb_config");
  out.fail_traffic_on_panic = view["zone_aware_lb_config"].boolean("fail_traffic_on_panic");
}

void read_least_request(ConfigView view, LbConfig& out) {
  out.kind = LbPolicyKind::LeastRequest;
  out.choice_count = static_cast<uint32_t>(view.uint("choice_count", out.choice_count));
  out.active_request_bias = active_request_bias(view["active_request_bias"]);
  out.active_request_bias_key = view["active_request_bias"].string("runtime_key");
  out.full_scan = view.boolean("enable_full_scan") || view.string("selection_method") == "FULL_SCAN";
}

void read_ring_hash(ConfigView view, LbConfig& out) {
  out.kind = LbPolicyKind::RingHash;
  out.murmur_hash_2 = view.string("hash_function") == "MURMUR_HASH_2";
  out.ring_size_min = view.uint("minimum_ring_size", out.ring_size_min);
  out.ring_size_max = view.uint("maximum_ring_size", out.ring_size_max);
  out.hash_by_hostname = view.boolean("use_hostname_for_hashing");
}

void read_maglev(ConfigView view, LbConfig& out) {
  out.kind = LbPolicyKind::Maglev;
  out.maglev_table_size = view.uint("table_size", out.maglev_table_size);
}

Read read_policies(ConfigView load_balancing_policy, const std::string& path, LbConfig base);

// TypeScript has checked these, with the place in the file; here they would be an endless loop.
bool is_prime(uint64_t n) {
  for (uint64_t divisor = 2; divisor * divisor <= n; ++divisor) {
    if (n % divisor == 0) return false;
  }
  return n > 1;
}

// One typed_extension_config; false where the type is none that we have, so that the next one is tried.
Result<bool> read_extension(ConfigView config, const std::string& path, LbConfig& out) {
  constexpr std::string_view kPackage = "envoy.extensions.load_balancing_policies.";
  std::string_view type = config.type_name();
  if (!type.starts_with(kPackage)) return false;
  type.remove_prefix(kPackage.size());
  if (config.has("slow_start_config")) return unsupported(path + ".slow_start_config", "slow start");

  if (type == "wrr_locality.v3.WrrLocality") {
    out.locality_weighted = true;
    Read inner = read_policies(config["endpoint_picking_policy"], path + ".endpoint_picking_policy", out);
    if (!inner) return inner.error();
    out = inner.value();
    return true;
  }
  if (type == "round_robin.v3.RoundRobin") {
    out.kind = LbPolicyKind::RoundRobin;
  } else if (type == "least_request.v3.LeastRequest") {
    read_least_request(config, out);
  } else if (type == "random.v3.Random") {
    out.kind = LbPolicyKind::Random;
  } else if (type == "ring_hash.v3.RingHash") {
    read_ring_hash(config, out);
  } else if (type == "maglev.v3.Maglev") {
    read_maglev(config, out);
  } else {
    return false;
  }
  read_locality(config["locality_lb_config"], out);
  read_locality(config, out);  // RingHash and Maglev have locality_weighted_lb_config themselves
  read_consistent_hashing(config["consistent_hashing_lb_config"], out);
  return true;
}

// The first policy that is known counts, as in Envoy.
Read read_policies(ConfigView load_balancing_policy, const std::string& path, LbConfig out) {
  std::string seen;
  uint32_t index = 0;
  for (ConfigView policy : load_balancing_policy["policies"]) {
    const ConfigView config = policy["typed_extension_config"]["typed_config"];
    const std::string place =
        path + ".policies[" + std::to_string(index++) + "].typed_extension_config.typed_config";
    Result<bool> read = read_extension(config, place, out);
    if (!read) return read.error();
    if (read.value()) return out;
    seen += (seen.empty() ? "" : ", ") + std::string(config.type_name());
  }
  return ConfigError{path, "no policy that is supported among: " + seen};
}

Read read_old_fields(ConfigView cluster, LbConfig out) {
  const std::string_view policy = cluster.string("lb_policy", "ROUND_ROBIN");
  const ConfigView common = cluster["common_lb_config"];
  if (cluster["lb_subset_config"].size() > 0) return unsupported("lb_subset_config", "subset balancing");
  read_locality(common, out);
  read_consistent_hashing(common["consistent_hashing_lb_config"], out);
  const LbConfig shared = out;

  if (policy == "ROUND_ROBIN") {
    if (cluster["round_robin_lb_config"].has("slow_start_config")) {
      return unsupported("round_robin_lb_config.slow_start_config", "slow start");
    }
  } else if (policy == "LEAST_REQUEST") {
    if (cluster["least_request_lb_config"].has("slow_start_config")) {
      return unsupported("least_request_lb_config.slow_start_config", "slow start");
    }
    read_least_request(cluster["least_request_lb_config"], out);
  } else if (policy == "RANDOM") {
    out.kind = LbPolicyKind::Random;
  } else if (policy == "RING_HASH") {
    read_ring_hash(cluster["ring_hash_lb_config"], out);
    // Older than the policy's own message: XX_HASH is its default here as well.
    out.hash_by_hostname = shared.hash_by_hostname;
  } else if (policy == "MAGLEV") {
    read_maglev(cluster["maglev_lb_config"], out);
  } else {
    return unsupported("lb_policy", policy);
  }
  return out;
}

Read checked(Read read) {
  if (!read || is_prime(read.value().maglev_table_size)) return read;
  return ConfigError{"table_size", "the table size of maglev must be a prime number"};
}

}  // namespace

Result<LbConfig> LbConfig::read(ConfigView cluster) {
  LbConfig base;
  const double threshold = cluster["common_lb_config"].has("healthy_panic_threshold")
                               ? cluster["common_lb_config"]["healthy_panic_threshold"].number("value")
                               : 50;
  base.panic_threshold = static_cast<uint32_t>(std::clamp(std::round(threshold), 0.0, 100.0));
  if (cluster.has("load_balancing_policy") && cluster.string("lb_policy") != "CLUSTER_PROVIDED") {
    return checked(read_policies(cluster["load_balancing_policy"], "load_balancing_policy", base));
  }
  return checked(read_old_fields(cluster, base));
}

}  // namespace outrider
