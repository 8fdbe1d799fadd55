#include "router/route_table.h"

#include <algorithm>

namespace outrider {

// Where the port of a host begins, at its colon; npos when it has none.
static size_t port_start(std::string_view host) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  const bool inside_ipv6 =
      colon != std::string_view::npos && bracket != std::string_view::npos && bracket > colon;
  return inside_ipv6 ? std::string_view::npos : colon;
}

const VirtualHost* RouteTable::find_host(const HeaderMap& headers) const {
  uint32_t found = domains_.any();
  if (!domains_.only_any()) {
    const Header* const line =
        vhost_header_.empty() ? headers.find(HeaderId::Authority) : headers.find(vhost_header_);
    if (line == nullptr) return nullptr;
    std::string_view host = line->text();
    if (ignore_port_) host = host.substr(0, port_start(host));
    found = domains_.find(host);
  }
  return found == DomainIndex::none ? nullptr : &virtual_hosts_[found];
}

const RouteEntry* RouteTable::find_route(const VirtualHost& host, const RouteRequest& request) const {
  std::string_view path = matched_path(request.headers.get(HeaderId::Path));
  if (ignore_path_parameters_) path = path_without_parameters(path);
  PathIndex::Candidates candidates(paths_, host.routes, path);
  while (candidates.next()) {
    const RouteEntry& entry = routes_[candidates.route()];
    if (candidates.certain()) return &entry;
    if (!entry.path.confirm(path, request.headers)) continue;
    if (entry.conditions == nullptr || entry.conditions->hold(request)) return &entry;
  }
  return nullptr;
}

// False when there is none, which is only so when the runtime has set all weights to 0.
bool RouteTable::choose_cluster(const RouteRequest& request, RouteResult& result) {
  const RouteEntry& route = *result.route;
  result.cluster = route.cluster;
  result.cluster_name = route.cluster_name;
  if (route.cluster_choice == ClusterChoice::Fixed) return true;
  if (route.cluster_choice == ClusterChoice::Header) {
    result.cluster_name = request.headers.get(route.cluster_header);
    return true;
  }
  const WeightedTarget* const target = route.weighted->choose(request);
  if (target == nullptr) return false;
  result.target = target;
  result.cluster = target->cluster;
  result.cluster_name =
      target->cluster_header.empty() ? target->cluster_name : request.headers.get(target->cluster_header);
  return true;
}

static bool lacks_tls(const VirtualHost& host, const HeaderMap& headers) {
  if (headers.get(HeaderId::ForwardedProto) == "https") return false;
  return host.require_tls == TlsRequirement::All || headers.get(HeaderId::EnvoyInternal) != "true";
}

RouteResult RouteTable::route(const RouteRequest& request) const {
  RouteResult result;
  result.virtual_host = find_host(request.headers);
  if (result.virtual_host == nullptr) return result;
  if (result.virtual_host->require_tls != TlsRequirement::None &&
      lacks_tls(*result.virtual_host, request.headers)) {
    result.outcome = RouteOutcome::TlsRequired;
    return result;
  }
  result.route = find_route(*result.virtual_host, request);
  if (result.route == nullptr) return result;
  if (result.route->kind == RouteKind::Forward && !choose_cluster(request, result)) {
    result.route = nullptr;
    return result;
  }
  result.outcome = RouteOutcome::Found;
  return result;
}

const VirtualCluster* RouteTable::virtual_cluster(const VirtualHost& host, const HeaderMap& headers) {
  const auto at = std::find_if(host.virtual_clusters.begin(), host.virtual_clusters.end(),
                               [&headers](const VirtualCluster& c) { return c.headers.match_all(headers); });
  return at == host.virtual_clusters.end() ? nullptr : &*at;
}

size_t RouteTable::filter_configs(const RouteResult& result, std::string_view filter_name,
                                  std::span<ConfigView, 4> out) const {
  const ConfigView levels[] = {config_,
                               result.virtual_host == nullptr ? ConfigView() : result.virtual_host->config,
                               result.route == nullptr ? ConfigView() : result.route->config,
                               result.target == nullptr ? ConfigView() : result.target->config};
  size_t count = 0;
  for (const ConfigView level : levels) {
    const ConfigView found = level["typed_per_filter_config"][filter_name];
    if (found) out[count++] = found;
  }
  return count;
}

ConfigView RouteTable::filter_config(const RouteResult& result, std::string_view filter_name) const {
  ConfigView found[4];
  const size_t count = filter_configs(result, filter_name, found);
  return count == 0 ? ConfigView() : found[count - 1];
}

}  // namespace outrider
