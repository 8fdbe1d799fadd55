#include "base/data_source.h"
#include "filter/network/all.gen.h"
#include "filter/terminal_base.h"

namespace outrider {
namespace {

constexpr size_t response_bytes_max = 1 << 20;

struct Config {
  std::string response;
};

// envoy.filters.network.direct_response: says one thing to everybody, and ends the connection.
// Config: envoy.extensions.filters.network.direct_response.v3.Config
class DirectResponse final : public TerminalBase {
 public:
  DirectResponse(const Config& config, NetworkWorker& network, DownstreamOwner& owner,
                 const ConnectionInfo& info, uint32_t limit)
      : TerminalBase(network, owner, info, limit), config_(config) {}

  void begin() override {
    connection().output().append(config_.response);
    connection().close_when_written(linger_ms);
  }

 private:
  // As Envoy's delayed close: what the client still sends must not turn the answer into a reset.
  static constexpr uint64_t linger_ms = 1'000;
  size_t on_data(std::string_view bytes) override { return bytes.size(); }

  const Config& config_;
};

Result<Config> read_config(ConfigView view, NetworkBuildContext&) {
  auto text = read_data_source(view["response"], response_bytes_max);
  if (!text) return ConfigError{"response", text.error().reason};
  return Config{std::move(text.value())};
}

}  // namespace

const NetworkFilterType direct_response = terminal_filter_type<DirectResponse, Config, read_config>(
    "envoy.extensions.filters.network.direct_response.v3.Config");

}  // namespace outrider
