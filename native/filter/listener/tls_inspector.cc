#include "codec/tls/client_hello.h"
#include "filter/listener/all.gen.h"

namespace outrider {
namespace {

// envoy.filters.listener.tls_inspector: whether a client speaks TLS, and to whom, so that a filter chain can be chosen.
// Config: envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector
class TlsInspector final : public ListenerFilter {
 public:
  TlsInspector(ConfigView view, ListenerBuildContext& context)
      : stats_(context.stats.add_scope<TlsInspectorStat>("tls_inspector.")),
        hello_bytes_max_(view.uint("max_client_hello_size", 16'384)),
        closes_(view.boolean("close_connection_on_client_hello_parsing_errors")) {}

  // A hello of this size in records of the usual size, and their headers.
  size_t peek_bytes_max() const override { return hello_bytes_max_ + 1024; }

  ListenerStatus inspect(ListenerSocket& socket, std::string_view bytes) const override {
    StatsBlock& stats = socket.worker.stats;
    ClientHello hello;
    switch (parse_client_hello(bytes, hello_bytes_max_, hello)) {
      case HelloStatus::NeedMore:
        if (bytes.size() < peek_bytes_max()) return ListenerStatus::NeedMore;
        [[fallthrough]];
      case HelloStatus::TooLarge:
        stats.add(stats_, TlsInspectorStat::client_hello_too_large);
        return ListenerStatus::Close;
      case HelloStatus::NotTls:
        stats.add(stats_, TlsInspectorStat::tls_not_found);
        return closes_ && !bytes.empty() && bytes[0] == 22 ? ListenerStatus::Close : ListenerStatus::Continue;
      case HelloStatus::Found:
        break;
    }
    stats.add(stats_, TlsInspectorStat::tls_found);
    stats.add(stats_,
              hello.server_name.empty() ? TlsInspectorStat::sni_not_found : TlsInspectorStat::sni_found);
    stats.add(stats_, hello.application_protocols.empty() ? TlsInspectorStat::alpn_not_found
                                                          : TlsInspectorStat::alpn_found);
    ConnectionFacts& facts = socket.info.make_facts();
    facts.transport_protocol = "tls";
    facts.server_name = std::move(hello.server_name);
    facts.application_protocols = std::move(hello.application_protocols);
    socket.info.requested_server_name = facts.server_name;
    return ListenerStatus::Continue;
  }

 private:
  StatScope<TlsInspectorStat> stats_;
  size_t hello_bytes_max_;
  bool closes_;
};

Result<std::unique_ptr<ListenerFilter>> read(ConfigView view, ListenerBuildContext& context) {
  return std::unique_ptr<ListenerFilter>(new TlsInspector(view, context));
}

}  // namespace

const ListenerFilterType tls_inspector{"envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
                                       &read};

}  // namespace outrider
