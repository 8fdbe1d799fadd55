#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "downstream/http_connection_manager.h"
#include "filter/network.h"
#include "transport/tls_factory.h"

namespace outrider {

// envoy.config.listener.v3.FilterChain, read once: immutable, shared by all workers.
class FilterChain {
 public:
  struct BuildContext {
    HcmInstanceContext& hcm;
    NetworkBuildContext& network;
    const TransportBuildContext& transport;
    const Ref<const SharedConfig>& source;  // of the listener
  };
  // `path` says where the chain stands in its listener, for errors.
  static Result<std::unique_ptr<FilterChain>> build(ConfigView chain, const std::string& path,
                                                    BuildContext& context);

  // The connection that serves `info`, and the filters before it.
  DownstreamConnection& make(HttpWorker& http, NetworkWorker& network, DownstreamOwner& owner,
                             const ConnectionInfo& info, uint32_t buffer_limit_bytes) const;

  // Before the connection starts: what stands between it and its socket.
  void prepare(WorkerContext& worker, Connection& connection) const {
    if (transport == nullptr) return;
    connection.set_transport(transport->make(worker, {}));
    connection.set_handshake_timeout(handshake_ms_max);
  }

  std::string_view name;
  ConfigView metadata;
  Ref<const TransportSocketFactory> transport;  // null: plain
  uint32_t handshake_ms_max = 0;                // transport_socket_connect_timeout; 0: any time
  // Those before the terminal one.
  const std::vector<std::unique_ptr<NetworkFilterFactory>>& filters() const { return filters_; }

 private:
  FilterChain() = default;
  Result<bool> read_filter(ConfigView filter, bool last, BuildContext& context);

  std::vector<std::unique_ptr<NetworkFilterFactory>> filters_;
  std::unique_ptr<HcmInstance> hcm_;  // one of these two ends the chain
  std::unique_ptr<TerminalFactory> terminal_;
};

}  // namespace outrider
