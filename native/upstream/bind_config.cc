#include "upstream/bind_config.h"

namespace outrider {
namespace {

Result<Address> read_address(ConfigView socket_address, std::string_view path) {
  if (!socket_address) return Address();
  const Address address = Address::from_ip(socket_address.string("address"),
                                           static_cast<uint16_t>(socket_address.uint("port_value")));
  if (address.valid()) return address;
  return ConfigError{std::string(path) + ".address", "not an IP address"};
}

}  // namespace

Result<BindConfig> BindConfig::read(ConfigView config) {
  BindConfig out;
  if (!config) return out;
  Result<Address> first = read_address(config["source_address"], "source_address");
  if (!first) return first.error();
  out.options = read_socket_options(config["socket_options"]);
  if (first.value().valid()) {
    out.sources.push_back({first.value(), config.boolean("freebind"), out.options});
  }

  for (ConfigView extra : config["extra_source_addresses"]) {
    Result<Address> address = read_address(extra["address"], "extra_source_addresses.address");
    if (!address) return address.error();
    // Options of its own replace the common ones, also when they are none.
    const ConfigView options =
        extra["socket_options"] ? extra["socket_options"]["socket_options"] : config["socket_options"];
    out.sources.push_back({address.value(), config.boolean("freebind"), read_socket_options(options)});
  }
  for (ConfigView extra : config["additional_source_addresses"]) {
    Result<Address> address = read_address(extra, "additional_source_addresses");
    if (!address) return address.error();
    out.sources.push_back({address.value(), config.boolean("freebind"), out.options});
  }
  return out;
}

const BindSource* BindConfig::source_for(int family) const {
  if (sources.empty()) return nullptr;
  for (const BindSource& source : sources) {
    if (source.address.family() == family) return &source;
  }
  return &sources.front();
}

}  // namespace outrider
