#include <algorithm>

#include "filter/listener/all.gen.h"

namespace outrider {
namespace {

constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// As much of a request line as is looked at.
constexpr size_t line_bytes_max = 8'192;

// envoy.filters.listener.http_inspector: whether a client that does not speak TLS speaks HTTP, and which.
// Config: envoy.extensions.filters.listener.http_inspector.v3.HttpInspector
class HttpInspector final : public ListenerFilter {
 public:
  explicit HttpInspector(ListenerBuildContext& context)
      : stats_(context.stats.add_scope<HttpInspectorStat>("http_inspector.")) {}

  size_t peek_bytes_max() const override { return line_bytes_max; }

  ListenerStatus inspect(ListenerSocket& socket, std::string_view bytes) const override {
    const ConnectionFacts* facts = socket.info.facts.get();
    if (facts != nullptr && !facts->transport_protocol.empty()) return ListenerStatus::Continue;
    const size_t shown = std::min(bytes.size(), http2_preface.size());
    if (bytes.substr(0, shown) == http2_preface.substr(0, shown)) {
      if (shown < http2_preface.size()) return ListenerStatus::NeedMore;
      return found(socket, HttpInspectorStat::http2_found, "h2c");
    }
    return inspect_line(socket, bytes);
  }

 private:
  ListenerStatus inspect_line(ListenerSocket& socket, std::string_view bytes) const {
    const size_t method_end = bytes.find(' ');
    const std::string_view method = bytes.substr(0, method_end);
    if (method.size() > 32 || !std::all_of(method.begin(), method.end(), is_method)) return none(socket);
    const size_t end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos)
      return bytes.size() < line_bytes_max ? ListenerStatus::NeedMore : none(socket);
    const std::string_view line = bytes.substr(0, end);
    if (line.size() < 12 || method.empty()) return none(socket);
    const std::string_view version = line.substr(line.size() - 9);
    if (version == " HTTP/1.1") return found(socket, HttpInspectorStat::http11_found, "http/1.1");
    if (version == " HTTP/1.0") return found(socket, HttpInspectorStat::http10_found, "http/1.0");
    return none(socket);
  }

  static bool is_method(char c) { return (c >= 'A' && c <= 'Z') || c == '-'; }

  ListenerStatus found(ListenerSocket& socket, HttpInspectorStat stat, std::string_view protocol) const {
    socket.worker.stats.add(stats_, stat);
    socket.info.make_facts().application_protocols = {std::string(protocol)};
    return ListenerStatus::Continue;
  }

  ListenerStatus none(ListenerSocket& socket) const {
    socket.worker.stats.add(stats_, HttpInspectorStat::http_not_found);
    return ListenerStatus::Continue;
  }

  StatScope<HttpInspectorStat> stats_;
};

Result<std::unique_ptr<ListenerFilter>> read(ConfigView, ListenerBuildContext& context) {
  return std::unique_ptr<ListenerFilter>(new HttpInspector(context));
}

}  // namespace

const ListenerFilterType http_inspector{"envoy.extensions.filters.listener.http_inspector.v3.HttpInspector",
                                        &read};

}  // namespace outrider
