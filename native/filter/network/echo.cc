#include "filter/network/all.gen.h"
#include "filter/terminal_base.h"

namespace outrider {
namespace {

struct Config {};

// envoy.filters.network.echo: gives back what comes.
// Config: envoy.extensions.filters.network.echo.v3.Echo
class Echo final : public TerminalBase {
 public:
  Echo(const Config&, NetworkWorker& network, DownstreamOwner& owner, const ConnectionInfo& info,
       uint32_t limit)
      : TerminalBase(network, owner, info, limit) {}

 private:
  size_t on_data(std::string_view bytes) override {
    connection().output().append_borrowed(bytes);
    connection().send_soon();
    return bytes.size();
  }
  void on_end_of_input() override { connection().close_when_written(0); }
  void on_output_full(bool full) override { full ? connection().pause_reads() : connection().resume_reads(); }
};

Result<Config> read_config(ConfigView, NetworkBuildContext&) { return Config{}; }

}  // namespace

const NetworkFilterType echo =
    terminal_filter_type<Echo, Config, read_config>("envoy.extensions.filters.network.echo.v3.Echo");

}  // namespace outrider
