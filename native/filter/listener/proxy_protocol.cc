#include "codec/proxy_header.h"

#include <algorithm>
#include <vector>

#include "base/json_text.h"
#include "filter/listener/all.gen.h"

namespace outrider {
namespace {

constexpr std::string_view default_namespace = "envoy.filters.listener.proxy_protocol";

// envoy.filters.listener.proxy_protocol: the addresses of who stands before a load balancer.
// Config: envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol
class ProxyProtocol final : public ListenerFilter {
 public:
  ProxyProtocol(ConfigView view, StatScope<ProxyProtocolStat> stats)
      : stats_(stats), without_allowed_(view.boolean("allow_requests_without_proxy_protocol")) {
    for (const ConfigView version : view.list("disallowed_versions")) {
      (version.as_string() == "V2" ? v2_refused_ : v1_refused_) = true;
    }
    for (const ConfigView rule : view.list("rules")) {
      const ConfigView present = rule["on_tlv_present"];
      if (!present) continue;
      const std::string_view space = present.string("metadata_namespace");
      rules_.push_back({static_cast<uint8_t>(rule.uint("tlv_type")),
                        std::string(space.empty() ? default_namespace : space),
                        std::string(present.string("key"))});
    }
    std::stable_sort(rules_.begin(), rules_.end(),
                     [](const Rule& a, const Rule& b) { return a.space < b.space; });
  }

  size_t peek_bytes_max() const override { return proxy_header_bytes_max; }

  ListenerStatus inspect(ListenerSocket& socket, std::string_view bytes) const override {
    StatsBlock& stats = socket.worker.stats;
    ProxyHeader header;
    const ProxyHeaderStatus status = parse_proxy_header(bytes, header);
    if (status == ProxyHeaderStatus::NeedMore) return ListenerStatus::NeedMore;
    if (status == ProxyHeaderStatus::None) {
      stats.add(stats_, without_allowed_ ? ProxyProtocolStat::not_found_allowed
                                         : ProxyProtocolStat::not_found_disallowed);
      return without_allowed_ ? ListenerStatus::Continue : ListenerStatus::Close;
    }
    const bool v1 = header.version == 1;
    if (v1 ? v1_refused_ : v2_refused_) {
      stats.add(stats_,
                v1 ? ProxyProtocolStat::versions_v1_disallowed : ProxyProtocolStat::versions_v2_disallowed);
      return ListenerStatus::Close;
    }
    if (status == ProxyHeaderStatus::Invalid) {
      stats.add(stats_, v1 ? ProxyProtocolStat::versions_v1_error : ProxyProtocolStat::versions_v2_error);
      return ListenerStatus::Close;
    }
    stats.add(stats_, v1 ? ProxyProtocolStat::versions_v1_found : ProxyProtocolStat::versions_v2_found);
    apply(socket.info, header);
    return socket.consume(header.bytes) ? ListenerStatus::Continue : ListenerStatus::Close;
  }

 private:
  struct Rule {
    uint8_t type;
    std::string space;
    std::string key;
  };

  void apply(ConnectionInfo& info, const ProxyHeader& header) const {
    if (header.local) return;
    info.direct_remote = header.source;
    info.local = header.destination;
    if (rules_.empty() || header.tlvs.empty()) return;
    JsonText text;
    text.begin_object();
    std::string_view space;
    bool any = false;
    for (const Rule& rule : rules_) {
      const auto tlv = std::find_if(header.tlvs.begin(), header.tlvs.end(),
                                    [&](const ProxyHeader::Tlv& one) { return one.type == rule.type; });
      if (tlv == header.tlvs.end()) continue;
      if (!any || space != rule.space) {
        if (any) text.end_object();
        text.key(rule.space).begin_object();
      }
      space = rule.space;
      any = true;
      text.key(rule.key).text(tlv->value);
    }
    if (any) text.end_object();
    text.end_object();
    if (any) info.make_facts().metadata = SharedConfig::parse(text.take());
  }

  StatScope<ProxyProtocolStat> stats_;
  bool without_allowed_;
  bool v1_refused_ = false;
  bool v2_refused_ = false;
  std::vector<Rule> rules_;
};

Result<std::unique_ptr<ListenerFilter>> read(ConfigView view, ListenerBuildContext& context) {
  const std::string own(view.string("stat_prefix"));
  const std::string prefix = "proxy_proto." + (own.empty() ? own : own + ".");
  return std::unique_ptr<ListenerFilter>(
      new ProxyProtocol(view, context.stats.add_scope<ProxyProtocolStat>(prefix)));
}

}  // namespace

const ListenerFilterType proxy_protocol{"envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
                                        &read};

}  // namespace outrider
