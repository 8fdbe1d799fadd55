#include "transport/tls_factory.h"

#include <algorithm>

namespace outrider {

static constexpr std::string_view downstream_type =
    "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
static constexpr std::string_view upstream_type =
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
static constexpr std::string_view raw_buffer_type =
    "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

Result<Ref<const TransportSocketFactory>> make_transport_factory(ConfigView transport_socket,
                                                                 const Ref<const SharedConfig>& owner,
                                                                 const TransportBuildContext& context) {
  if (!transport_socket) return Ref<const TransportSocketFactory>();
  const ConfigView config = transport_socket["typed_config"];
  const std::string_view type = config.type_name();
  const std::string_view wanted = context.role == TlsRole::Server ? downstream_type : upstream_type;
  if (type == raw_buffer_type || type.empty()) return Ref<const TransportSocketFactory>();
  if (type != wanted) return ConfigError{"typed_config", std::string(type) + " cannot stand here"};
  auto tls = TlsFactory::build(config, owner, context);
  if (!tls) return ConfigError{"typed_config." + tls.error().path, tls.error().reason};
  return Ref<const TransportSocketFactory>(tls.value());
}

// Stands for TLS while its secrets have not come.
class SecretsMissing final : public TransportSocket {
  void start(int) override {}
  Handshake handshake() override { return Handshake::Failed; }
  Read read(char*, size_t) override { return {0, ReadStatus::Failed}; }
  WriteStatus write(OutputBuffer&) override { return WriteStatus::Failed; }
  std::string_view failure() const override { return "TLS error: Secret is not supplied by SDS"; }
};

// ---- secrets -------------------------------------------------------------------------------------------------

ConfigView SecretStore::secret(std::string_view name) const {
  const auto found = secrets_.find(std::string(name));
  return found == secrets_.end() ? ConfigView() : found->second->root();
}

void SecretStore::collect() {
  std::erase_if(factories_, [](const Ref<TlsFactory>& factory) { return factory->sole_owner(); });
}

Result<bool> SecretStore::set(std::string_view name, Ref<const SharedConfig> secret) {
  collect();
  Ref<const SharedConfig>& place = secrets_[std::string(name)];
  Ref<const SharedConfig> before = std::exchange(place, std::move(secret));
  std::vector<std::pair<Ref<TlsFactory>, Ref<const TlsContext>>> built;
  for (const Ref<TlsFactory>& factory : factories_) {
    if (!factory->needs(name) || !factory->secrets_are_there(*this)) continue;
    auto context = factory->build_context(*this);
    if (!context) {
      place = before;
      if (!before) secrets_.erase(std::string(name));
      return context.error();
    }
    built.emplace_back(factory, context.value());
  }
  for (auto& [factory, context] : built) {
    factory->ready_ = true;
    distributor_.distribute(factory, context);
  }
  return true;
}

// ---- one factory ---------------------------------------------------------------------------------------------

Result<Ref<TlsFactory>> TlsFactory::build(ConfigView config, const Ref<const SharedConfig>& owner,
                                          const TransportBuildContext& context) {
  Ref<TlsFactory> factory(new TlsFactory(config, owner, context.role, context.secrets.worker_count()));
  factory->find_secrets();
  factory->stats_ = context.stats.add_scope<SslStat>(context.stat_prefix + "ssl.");
  factory->factory_stats_ = context.stats.add_scope<SslFactoryStat>(
      context.stat_prefix +
      (context.role == TlsRole::Server ? "server_ssl_socket_factory." : "client_ssl_socket_factory."));
  if (factory->secrets_are_there(context.secrets)) {
    auto built = factory->build_context(context.secrets);
    if (!built) return built.error();
    for (Slot& slot : factory->slots_) slot.context = built.value();
    factory->ready_ = true;
  }
  if (!factory->secrets_.empty()) context.secrets.add(factory);
  return factory;
}

void TlsFactory::find_secrets() {
  const auto add = [this](ConfigView sds) {
    if (sds) secrets_.emplace_back(sds.string("name"));
  };
  const ConfigView common = config_["common_tls_context"];
  for (const ConfigView item : common.list("tls_certificate_sds_secret_configs")) add(item);
  add(common["validation_context_sds_secret_config"]);
  add(common["combined_validation_context"]["validation_context_sds_secret_config"]);
  add(config_["session_ticket_keys_sds_secret_config"]);
}

bool TlsFactory::needs(std::string_view secret) const {
  return std::find(secrets_.begin(), secrets_.end(), secret) != secrets_.end();
}

bool TlsFactory::secrets_are_there(const SecretStore& store) const {
  return std::all_of(secrets_.begin(), secrets_.end(),
                     [&](const std::string& name) { return store.has(name); });
}

void TlsFactory::install(uint32_t worker, const Ref<const TlsContext>& context) const {
  Slot& slot = slots_[worker];
  slot.context = context;
  slot.sessions.clear();
}

std::unique_ptr<TransportSocket> TlsFactory::make(WorkerContext& worker,
                                                  const TransportOptions& options) const {
  Slot& slot = slots_[worker.index];
  if (!slot.context) {
    worker.stats.add(factory_stats_, role_ == TlsRole::Server
                                         ? SslFactoryStat::downstream_context_secrets_not_ready
                                         : SslFactoryStat::upstream_context_secrets_not_ready);
    return std::make_unique<SecretsMissing>();
  }
  ClientSessions* const sessions =
      role_ == TlsRole::Client && slot.context->sessions_max > 0 ? &slot.sessions : nullptr;
  return std::make_unique<TlsSocket>(worker, slot.context, sessions, options);
}

}  // namespace outrider
