#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "access_log/access_log.h"
#include "base/config_view.h"
#include "base/intrusive_list.h"
#include "base/result.h"
#include "base/runtime_values.h"
#include "base/stats.h"
#include "base/worker_context.h"
#include "connection/connection.h"
#include "formatter/stream_info.h"

namespace outrider {

class RouteBuildContext;
class UpstreamDirectory;

// What network filters may ask of the worker that they run on.
struct NetworkWorker {
  WorkerContext& worker;
  UpstreamDirectory& upstreams;
  LogWorker& log;
  const RuntimeValues* runtime() const { return log.filter.runtime; }  // null: every key has its default
};

// Whose connection it is: told when it has ended.
class DownstreamOwner {
 public:
  virtual void on_downstream_closed(uint64_t started_ns) = 0;

 protected:
  ~DownstreamOwner() = default;
};

// The end of a filter chain on one connection: owns the socket, and is its handler unless filters stand before it.
// It ends itself, and tells its owner then.
class DownstreamConnection : public ListLink<DownstreamConnection>, public ConnectionHandler {
 public:
  // Takes the accepted socket over. False when it could not; the object is gone then.
  virtual bool start(int fd) = 0;
  // Every filter before it has let the connection pass. Comes once, after start() and before any bytes.
  virtual void begin() {}
  // The worker drains: what is idle ends now, the rest with what it carries.
  virtual void drain() = 0;
  // Ends at once, whatever it carries.
  virtual void abort() = 0;
  virtual Connection& connection() = 0;
  virtual ConnectionInfo& info() = 0;

 protected:
  ~DownstreamConnection() = default;
};

// What a filter may ask of, and do to, the connection that it works on.
class NetworkStream {
 public:
  virtual NetworkWorker& network() = 0;
  virtual Connection& connection() = 0;
  virtual ConnectionInfo& info() = 0;
  // Ends it at once. `details` is %CONNECTION_TERMINATION_DETAILS%; static text, or the filter configuration's.
  virtual void close(std::string_view details) = 0;
  // Goes on behind the filter that said StopIteration; not from within that call.
  virtual void continue_reading() = 0;

 protected:
  ~NetworkStream() = default;
};

enum class NetworkStatus : uint8_t {
  Continue,
  StopIteration,  // wait for continue_reading(); bytes are kept until then
};

// One filter on one connection, before the terminal one; made for it, freed with it. It sees bytes and lets them pass.
class NetworkFilter {
 public:
  virtual ~NetworkFilter() = default;
  virtual NetworkStatus on_new_connection(NetworkStream&) { return NetworkStatus::Continue; }
  // Bytes that it has not seen yet.
  virtual NetworkStatus on_data(NetworkStream&, std::string_view) { return NetworkStatus::Continue; }
  // The connection is over; nothing may be asked of it but its facts.
  virtual void on_close(NetworkStream&) {}
};

// What building a filter's configuration may ask for. Main thread.
struct NetworkBuildContext {
  StatsRegistry& stats;
  RouteBuildContext& routes;
  LogFiles& log_files;
  std::string_view listener_prefix;  // of statistics: "listener.127.0.0.1_80."
};

// A filter's configuration, read once, immutable, shared by all workers.
class NetworkFilterFactory {
 public:
  virtual ~NetworkFilterFactory() = default;
  virtual std::unique_ptr<NetworkFilter> make(NetworkWorker& network) const = 0;
};

// The same of a filter that ends a chain.
class TerminalFactory {
 public:
  virtual ~TerminalFactory() = default;
  // The connection frees itself when it has ended.
  virtual DownstreamConnection* make(NetworkWorker& network, DownstreamOwner& owner,
                                     const ConnectionInfo& info, uint32_t buffer_limit_bytes) const = 0;
};

// A filter type: its configuration's message, and how that is read; one of the two is null.
struct NetworkFilterType {
  using Read = Result<std::unique_ptr<NetworkFilterFactory>> (*)(ConfigView config,
                                                                 NetworkBuildContext& context);
  using ReadTerminal = Result<std::unique_ptr<TerminalFactory>> (*)(ConfigView config,
                                                                    NetworkBuildContext& context);
  std::string_view type;
  Read read = nullptr;
  ReadTerminal read_terminal = nullptr;
};

// The factories that most filters need: a configuration value, and a filter made from a reference to it.
// Filter(NetworkWorker& network, const Config& config)
template <typename Filter, typename Config>
class SimpleNetworkFactory final : public NetworkFilterFactory {
 public:
  explicit SimpleNetworkFactory(Config config) : config_(std::move(config)) {}
  std::unique_ptr<NetworkFilter> make(NetworkWorker& network) const override {
    return std::make_unique<Filter>(network, config_);
  }

 private:
  Config config_;
};

// Filter(const Config& config, NetworkWorker& network, DownstreamOwner& owner, const ConnectionInfo& info, uint32_t limit)
template <typename Filter, typename Config>
class SimpleTerminalFactory final : public TerminalFactory {
 public:
  explicit SimpleTerminalFactory(Config config) : config_(std::move(config)) {}
  DownstreamConnection* make(NetworkWorker& network, DownstreamOwner& owner, const ConnectionInfo& info,
                             uint32_t buffer_limit_bytes) const override {
    return new Filter(config_, network, owner, info, buffer_limit_bytes);
  }

 private:
  Config config_;
};

namespace filter_detail {
template <typename Factory, typename Base, auto read_config>
Result<std::unique_ptr<Base>> read_network(ConfigView view, NetworkBuildContext& context) {
  auto config = read_config(view, context);
  if (!config) return config.error();
  return std::unique_ptr<Base>(new Factory(std::move(config.value())));
}
}  // namespace filter_detail

// const NetworkFilterType x = network_filter_type<Filter, Config, read>("envoy...Config");
template <typename Filter, typename Config, auto read_config>
constexpr NetworkFilterType network_filter_type(std::string_view type) {
  return {
      type,
      &filter_detail::read_network<SimpleNetworkFactory<Filter, Config>, NetworkFilterFactory, read_config>,
      nullptr};
}
template <typename Filter, typename Config, auto read_config>
constexpr NetworkFilterType terminal_filter_type(std::string_view type) {
  return {type, nullptr,
          &filter_detail::read_network<SimpleTerminalFactory<Filter, Config>, TerminalFactory, read_config>};
}

// The filter for a configuration type; null when there is none. Written by the build from the folder's files.
const NetworkFilterType* find_network_filter(std::string_view type);

}  // namespace outrider
