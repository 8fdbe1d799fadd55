#include "filter/network/all.gen.h"

namespace outrider {
namespace {

struct Config {};

// envoy.filters.network.sni_cluster: the TCP proxy behind it takes the cluster that has the name of the client's SNI.
// Config: envoy.extensions.filters.network.sni_cluster.v3.SniCluster
class SniCluster final : public NetworkFilter {
 public:
  SniCluster(NetworkWorker&, const Config&) {}

  NetworkStatus on_new_connection(NetworkStream& stream) override {
    const std::string_view name = stream.info().requested_server_name;
    if (!name.empty()) stream.info().make_facts().set("envoy.tcp_proxy.cluster", std::string(name));
    return NetworkStatus::Continue;
  }
};

Result<Config> read_config(ConfigView, NetworkBuildContext&) { return Config{}; }

}  // namespace

const NetworkFilterType sni_cluster = network_filter_type<SniCluster, Config, read_config>(
    "envoy.extensions.filters.network.sni_cluster.v3.SniCluster");

}  // namespace outrider
