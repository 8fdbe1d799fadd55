#include "downstream/filter_chain.h"

#include "downstream/http_server.h"
#include "downstream/network_filters.h"

namespace outrider {

static constexpr std::string_view hcm_type =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

Result<std::unique_ptr<FilterChain>> FilterChain::build(ConfigView view, const std::string& path,
                                                        BuildContext& context) {
  std::unique_ptr<FilterChain> chain(new FilterChain());
  chain->name = view.string("name");
  chain->metadata = view["metadata"];
  auto transport = make_transport_factory(view["transport_socket"], context.source, context.transport);
  if (!transport)
    return ConfigError{path + ".transport_socket." + transport.error().path, transport.error().reason};
  chain->transport = transport.value();
  chain->handshake_ms_max = static_cast<uint32_t>(view.duration_ms("transport_socket_connect_timeout"));
  const ConfigView filters = view.list("filters");
  for (uint32_t i = 0; i < filters.size(); ++i) {
    const std::string place = path + ".filters[" + std::to_string(i) + "].typed_config";
    auto read = chain->read_filter(filters[i]["typed_config"], i + 1 == filters.size(), context);
    if (read) continue;
    const ConfigError& error = read.error();
    return ConfigError{error.path.empty() ? place : place + "." + error.path, error.reason};
  }
  if (filters.size() == 0) return ConfigError{path + ".filters", "no filter: such a chain can do nothing"};
  return chain;
}

Result<bool> FilterChain::read_filter(ConfigView config, bool last, BuildContext& context) {
  const std::string_view type = config.type_name();
  const ConfigError misplaced{"", last ? "the last filter of a chain must be a terminal one"
                                       : "a terminal filter must be the last of its chain"};
  if (type == hcm_type) {
    if (!last) return misplaced;
    auto hcm = HcmInstance::build(config, context.hcm);
    if (!hcm) return hcm.error();
    hcm_ = std::move(hcm.value());
    return true;
  }
  const NetworkFilterType* filter = find_network_filter(type);
  if (filter == nullptr) return ConfigError{"", "no such filter: " + std::string(type)};
  if ((filter->read_terminal != nullptr) != last) return misplaced;
  if (last) {
    auto terminal = filter->read_terminal(config, context.network);
    if (!terminal) return terminal.error();
    terminal_ = std::move(terminal.value());
    return true;
  }
  auto factory = filter->read(config, context.network);
  if (!factory) return factory.error();
  filters_.push_back(std::move(factory.value()));
  return true;
}

DownstreamConnection& FilterChain::make(HttpWorker& http, NetworkWorker& network, DownstreamOwner& owner,
                                        const ConnectionInfo& info, uint32_t buffer_limit_bytes) const {
  NetworkFilters* const before = filters_.empty() ? nullptr : new NetworkFilters(network, *this, owner);
  DownstreamOwner& told = before == nullptr ? owner : *before;
  DownstreamConnection& connection = hcm_ != nullptr
                                         ? make_http_server(http, *hcm_, told, info, buffer_limit_bytes)
                                         : *terminal_->make(network, told, info, buffer_limit_bytes);
  return before == nullptr ? connection : before->guard(connection);
}

}  // namespace outrider
