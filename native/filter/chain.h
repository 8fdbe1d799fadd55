#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/config_view.h"
#include "base/result.h"
#include "base/worker_context.h"
#include "codec/header_map.h"
#include "codec/stream_codec.h"
#include "formatter/stream_info.h"
#include "router/route_table.h"

namespace outrider {

class AsyncClient;

enum class FilterStatus : uint8_t {
  Continue,
  StopIteration,  // wait for continue_request() or continue_response(); a body chunk is the filter's own now
  StopAndBuffer,  // keep the body until then; too much of it ends the stream (413, or 500 for a response)
  StopAndWatermark,  // keep it, and hold the sender back instead
};

// An answer that the proxy gives itself.
struct LocalReply {
  uint16_t status = 500;
  std::string_view body = {};
  std::string_view details = {};       // %RESPONSE_CODE_DETAILS%; static text or the stream's arena
  const ResponseFlag* flag = nullptr;  // set on the stream, where there is one
  std::string_view location = {};      // of a redirect
  bool close_connection = false;
  const HeaderMap* headers = nullptr;        // further ones, before what the connection manager adds
  std::optional<uint32_t> grpc_status = {};  // for gRPC clients; else it follows from `status`
};

// What a filter may ask of, and do to, the stream that it works on. Implemented by downstream/.
class Stream {
 public:
  virtual WorkerContext& worker() = 0;
  virtual StreamInfo& info() = 0;
  virtual FormatContext format_context() = 0;
  // The worker's, for formatting; its content is lost with the next call.
  virtual std::string& scratch() = 0;
  virtual HeaderMap& request_headers() = 0;
  // Null before there is a response.
  virtual HeaderMap* response_headers() = 0;
  // The route, looked up on first use and again after clear_route_cache().
  virtual const RouteResult& route() = 0;
  virtual void clear_route_cache() = 0;
  // Ends the request with an answer of our own, which passes the response filters. A filter returns what this
  // returns.
  virtual FilterStatus reply(const LocalReply& reply) = 0;
  // Go on after a stop; not from within the call that stopped.
  virtual void continue_request() = 0;
  virtual void continue_response() = 0;
  // Bytes that a filter's StopAndBuffer has kept so far.
  virtual std::string_view kept_request_body() const = 0;
  virtual std::string_view kept_response_body() const = 0;
  virtual const RuntimeValues* runtime() const = 0;  // null: every key has its default
  // For calls of the filter's own; router/async_client.h.
  virtual AsyncClient& async_client() = 0;

 protected:
  ~Stream() = default;
};

// One filter on one stream; made for it, freed with it (its memory is the stream's). What is not overridden lets
// everything pass. `data` may be replaced by bytes of the filter's own, which stay valid until its next call.
class HttpFilter {
 public:
  virtual ~HttpFilter() = default;
  virtual FilterStatus on_request_headers(Stream&, HeaderMap&, EndStream) { return FilterStatus::Continue; }
  virtual FilterStatus on_request_body(Stream&, std::string_view&, EndStream) {
    return FilterStatus::Continue;
  }
  virtual FilterStatus on_request_trailers(Stream&, HeaderMap&) { return FilterStatus::Continue; }
  virtual FilterStatus on_response_headers(Stream&, HeaderMap&, EndStream) { return FilterStatus::Continue; }
  virtual FilterStatus on_response_body(Stream&, std::string_view&, EndStream) {
    return FilterStatus::Continue;
  }
  virtual FilterStatus on_response_trailers(Stream&, HeaderMap&) { return FilterStatus::Continue; }
  // The stream is over, for whatever reason; nothing may be asked of it but its facts.
  virtual void on_stream_end(Stream&) {}
};

// What building a filter's configuration may ask for. Main thread.
struct FilterBuildContext {
  std::string_view stat_prefix;  // of the connection manager: "http.PREFIX."
  StatsRegistry& stats;
};

// A filter's configuration, read once, immutable, shared by all workers.
class HttpFilterFactory {
 public:
  virtual ~HttpFilterFactory() = default;
  // Makes the filter for one stream in its arena. `route_config`: typed_per_filter_config of the most specific
  // level, as read by read_route_config(); null when there is none.
  virtual HttpFilter* make(Arena& arena, const HttpFilterFactory* route_config) const = 0;
};

// A filter type: its configuration's message, and how that is read. `route_type` is the message that routes may
// carry (empty: none), read into a factory of its own.
struct HttpFilterType {
  using Read = Result<std::unique_ptr<HttpFilterFactory>> (*)(ConfigView config, FilterBuildContext& context);
  std::string_view type;
  Read read;
  std::string_view route_type;
  Read read_route;
};

// The factory that most filters need: a configuration value, and a filter made from a reference to it.
// Filter(const Config& config, const Config* route_config)
template <typename Filter, typename Config>
class SimpleFilterFactory final : public HttpFilterFactory {
 public:
  explicit SimpleFilterFactory(Config config) : config_(std::move(config)) {}
  HttpFilter* make(Arena& arena, const HttpFilterFactory* route_config) const override {
    const auto* route = static_cast<const SimpleFilterFactory*>(route_config);
    void* memory = arena.allocate(sizeof(Filter), alignof(Filter));
    return memory == nullptr ? nullptr
                             : new (memory) Filter(config_, route == nullptr ? nullptr : &route->config_);
  }

 private:
  Config config_;
};

namespace filter_detail {
template <typename T>
struct ValueOf;
template <typename T>
struct ValueOf<Result<T>> {
  using type = T;
};
template <typename Filter, auto read_config>
Result<std::unique_ptr<HttpFilterFactory>> read(ConfigView view, FilterBuildContext& context) {
  auto config = read_config(view, context);
  using Config = typename ValueOf<decltype(config)>::type;
  if (!config) return config.error();
  return std::unique_ptr<HttpFilterFactory>(
      new SimpleFilterFactory<Filter, Config>(std::move(config.value())));
}
}  // namespace filter_detail

// const HttpFilterType x = http_filter_type<Filter, read>("envoy...Config");
template <typename Filter, auto read_config>
constexpr HttpFilterType http_filter_type(std::string_view type) {
  return {type, &filter_detail::read<Filter, read_config>, {}, nullptr};
}
// With a message of its own on routes; both are read into the same Config.
template <typename Filter, auto read_config, auto read_route_config>
constexpr HttpFilterType http_filter_type(std::string_view type, std::string_view route_type) {
  return {type, &filter_detail::read<Filter, read_config>, route_type,
          &filter_detail::read<Filter, read_route_config>};
}

// The filter for a configuration type; null when there is none. Written by the build from the folder's files.
const HttpFilterType* find_http_filter(std::string_view type);
// The same for what stands on a route, which may be a message of its own.
const HttpFilterType* find_http_filter_of_route(std::string_view type);

}  // namespace outrider
