// RouteTable::build(): reads a RouteConfiguration into the flat arrays of a table.
#include "router/route_table.h"

namespace outrider {

class RouteTableBuilder {
 public:
  RouteTableBuilder(ConfigView config, RouteBuildContext& context)
      : config_(config),
        context_(context),
        body_bytes_max_(config.uint("max_direct_response_body_size_bytes", 4096)),
        table_(new RouteTable()) {}

  Result<std::unique_ptr<RouteTable>> build() {
    if (Fault found = read_table()) return *found;
    const ConfigView hosts = config_["virtual_hosts"];
    reserve(hosts);
    for (uint32_t i = 0; i < hosts.size(); i++) {
      if (Fault found = add_host(hosts[i])) return below("virtual_hosts[" + std::to_string(i) + "]", *found);
    }
    table_->target_count_ = targets_;
    table_->virtual_cluster_count_ = virtual_clusters_;
    return std::move(table_);
  }

 private:
  static ConfigError below(const std::string& parent, const ConfigError& error) {
    const bool dot = !error.path.empty() && error.path[0] != '[';
    return {parent + (dot ? "." : "") + error.path, error.reason};
  }

  Fault read_table() {
    RouteTable& table = *table_;
    if (config_["route_specifiers"].size() != 0) return ConfigError{"route_specifiers", "is not supported"};
    table.config_ = config_;
    table.name_ = config_.string("name");
    table.vhost_header_ = request_header_name(config_.string("vhost_header"));
    table.ignore_port_ = config_.boolean("ignore_port_in_host_matching");
    table.ignore_path_parameters_ = config_.boolean("ignore_path_parameters_in_path_matching");
    table.most_specific_wins_ = config_.boolean("most_specific_header_mutations_wins");
    for (const ConfigView name : config_.list("internal_only_headers")) {
      table.internal_only_headers_.push_back(request_header_name(name.as_string()));
    }
    return read_header_edits(config_, table.edits_);
  }

  // Entries point at each other, so the arrays must not move while they grow.
  void reserve(ConfigView hosts) {
    size_t routes = 0;
    for (const ConfigView host : hosts) routes += host["routes"].size();
    table_->virtual_hosts_.reserve(hosts.size());
    table_->routes_.reserve(routes);
  }

  Fault add_host(ConfigView config) {
    for (const std::string_view field : {"matcher", "retry_policy_typed_config", "route_specifiers"}) {
      const bool given = field == "route_specifiers" ? config[field].size() != 0 : config.has(field);
      if (given) return ConfigError{std::string(field), "is not supported"};
    }
    VirtualHost& host = table_->virtual_hosts_.emplace_back();
    host.id = static_cast<uint32_t>(table_->virtual_hosts_.size() - 1);
    host.config = config;
    host.name = config.string("name");
    host.include_request_attempt_count = config.boolean("include_request_attempt_count");
    host.include_attempt_count_in_response = config.boolean("include_attempt_count_in_response");
    host.include_is_timeout_retry_header = config.boolean("include_is_timeout_retry_header");
    if (config.string("require_tls") == "ALL") host.require_tls = TlsRequirement::All;
    if (config.string("require_tls") == "EXTERNAL_ONLY") host.require_tls = TlsRequirement::ExternalOnly;
    if (Fault found = add_domains(host)) return found;
    if (Fault found = read_header_edits(config, host.edits)) return found;
    if (Fault found = read_retry_policy(config, host.retry)) return found;
    if (Fault found = add_virtual_clusters(host)) return found;
    return add_routes(host);
  }

  Fault add_domains(const VirtualHost& host) {
    const ConfigView domains = host.config["domains"];
    for (uint32_t i = 0; i < domains.size(); i++) {
      const std::string_view domain = domains[i].as_string();
      if (table_->domains_.add(domain, host.id)) continue;
      return ConfigError{
          "domains[" + std::to_string(i) + "]",
          "\"" + std::string(domain) + "\" is in another place of this route configuration too"};
    }
    return {};
  }

  Fault add_virtual_clusters(VirtualHost& host) {
    const ConfigView list = host.config["virtual_clusters"];
    for (uint32_t i = 0; i < list.size(); i++) {
      Result<HeaderMatchers> headers = HeaderMatchers::read(list[i]["headers"]);
      if (!headers) {
        return below("virtual_clusters[" + std::to_string(i) + "].headers", headers.error());
      }
      const std::string_view name = list[i].string("name");
      host.virtual_clusters.push_back(
          {virtual_clusters_++, name, std::move(headers.value()), virtual_cluster_stats(host, name)});
    }
    if (list.size() > 0) host.other_stats = virtual_cluster_stats(host, "other");
    return {};
  }

  StatScope<VirtualClusterStat> virtual_cluster_stats(const VirtualHost& host, std::string_view name) {
    StatsRegistry* const registry = context_.stats_registry();
    if (registry == nullptr) return {};
    const std::string prefix = "vhost." + std::string(host.name) + ".vcluster." + std::string(name) + ".";
    return registry->add_scope<VirtualClusterStat>(prefix);
  }

  StatScope<RouteStat> route_stats(const VirtualHost& host, ConfigView config) {
    StatsRegistry* const registry = context_.stats_registry();
    const std::string_view name = config.string("stat_prefix");
    if (registry == nullptr || name.empty()) return {};
    return registry->add_scope<RouteStat>("vhost." + std::string(host.name) + ".route." + std::string(name) +
                                          ".");
  }

  Fault add_routes(VirtualHost& host) {
    const ConfigView routes = host.config["routes"];
    std::vector<PathIndex::Rule> rules;
    rules.reserve(routes.size());
    for (uint32_t i = 0; i < routes.size(); i++) {
      if (Fault found = add_route(routes[i], host, rules)) {
        return below("routes[" + std::to_string(i) + "]", *found);
      }
    }
    host.routes = table_->paths_.add(std::move(rules));
    return {};
  }

  Fault add_route(ConfigView config, const VirtualHost& host, std::vector<PathIndex::Rule>& rules) {
    RouteEntry& entry = table_->routes_.emplace_back();
    entry.id = static_cast<uint32_t>(table_->routes_.size() - 1);
    entry.virtual_host = &host;
    entry.stats = route_stats(host, config);
    Result<PathMatch> path = PathMatch::read(config["match"]);
    if (!path) return below("match", path.error());
    entry.path = std::move(path.value());
    entry.path.ignore_parameters = table_->ignore_path_parameters_;
    Result<std::unique_ptr<RouteConditions>> conditions = RouteConditions::read(config["match"]);
    if (!conditions) return below("match", conditions.error());
    entry.conditions = std::move(conditions.value());
    PathIndex::Rule rule = entry.path.rule();
    rule.route = entry.id;
    const bool text = entry.path.kind <= PathKind::SeparatedPrefix;
    // A text without bytes would also fit a request that has no path.
    rule.certain = text && !rule.text.empty() && entry.conditions == nullptr;
    rules.push_back(std::move(rule));
    if (Fault found = read_route_action(config, body_bytes_max_, context_, targets_, entry)) return found;
    if (entry.kind != RouteKind::Forward || !entry.mirrors.empty()) return {};
    return read_mirrors(config_["request_mirror_policies"], context_, entry);
  }

  ConfigView config_;
  RouteBuildContext& context_;
  size_t body_bytes_max_;
  std::unique_ptr<RouteTable> table_;
  uint32_t targets_ = 0;
  uint32_t virtual_clusters_ = 0;
};

Result<std::unique_ptr<RouteTable>> RouteTable::build(ConfigView config, RouteBuildContext& context) {
  return RouteTableBuilder(config, context).build();
}

}  // namespace outrider
