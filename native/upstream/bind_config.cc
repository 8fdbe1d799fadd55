#include "upstream/bind_config.h"

namespace outrider {
namespace {

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

// `text` is a proto3 JSON bytes field, which TypeScript has checked.
std::string decode_base64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) break;
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count);
  }
  return bytes;
}

std::vector<SocketOption> read_options(ConfigView list) {
  std::vector<SocketOption> options;
  for (ConfigView item : list) {
    SocketOption& option = options.emplace_back();
    option.level = static_cast<int>(item.integer("level"));
    option.name = static_cast<int>(item.integer("name"));
    option.is_number = item.has("int_value");
    option.number = static_cast<int>(item.integer("int_value"));
    option.bytes = decode_base64(item.string("buf_value"));
    const std::string_view state = item.string("state");
    if (state == "STATE_BOUND") option.state = SocketOption::State::Bound;
    if (state == "STATE_LISTENING") option.state = SocketOption::State::Listening;
  }
  return options;
}

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
  out.options = read_options(config["socket_options"]);
  if (first.value().valid()) {
    out.sources.push_back({first.value(), config.boolean("freebind"), out.options});
  }

  for (ConfigView extra : config["extra_source_addresses"]) {
    Result<Address> address = read_address(extra["address"], "extra_source_addresses.address");
    if (!address) return address.error();
    // Options of its own replace the common ones, also when they are none.
    const ConfigView options =
        extra["socket_options"] ? extra["socket_options"]["socket_options"] : config["socket_options"];
    out.sources.push_back({address.value(), config.boolean("freebind"), read_options(options)});
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
