#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/shared_config.h"
#include "base/stats.h"
#include "connection/transport_socket.h"
#include "transport/tls_socket.h"

namespace outrider {

class TlsFactory;

// The secrets that came from elsewhere (SDS), by name, and who waits for them. Main thread only.
class SecretStore final : public SecretSource {
 public:
  // Takes a new context to a worker: called on main, calls TlsFactory::install() on each worker.
  class Distributor {
   public:
    virtual void distribute(const Ref<const TlsFactory>& factory, const Ref<const TlsContext>& context) = 0;

   protected:
    ~Distributor() = default;
  };
  SecretStore(Distributor& distributor, uint32_t worker_count)
      : distributor_(distributor), worker_count_(worker_count) {}

  // envoy.extensions.transport_sockets.tls.v3.Secret. Every context that uses it is built anew; when one of them cannot
  // be, nothing changes.
  Result<bool> set(std::string_view name, Ref<const SharedConfig> secret);
  void remove(std::string_view name) { secrets_.erase(std::string(name)); }
  ConfigView secret(std::string_view name) const override;
  bool has(std::string_view name) const { return secrets_.contains(std::string(name)); }

  void add(const Ref<TlsFactory>& factory) { factories_.push_back(factory); }
  uint32_t worker_count() const { return worker_count_; }

 private:
  // Forgets those that nobody else has.
  void collect();

  Distributor& distributor_;
  uint32_t worker_count_;
  std::unordered_map<std::string, Ref<const SharedConfig>> secrets_;
  std::vector<Ref<TlsFactory>> factories_;
};

// What a transport socket is built with.
struct TransportBuildContext {
  SecretStore& secrets;
  StatsRegistry& stats;
  std::string stat_prefix;  // "listener.ADDRESS.", "cluster.NAME."
  TlsRole role;
};

// envoy.config.core.v3.TransportSocket; a missing one is raw_buffer, and null.
Result<Ref<const TransportSocketFactory>> make_transport_factory(ConfigView transport_socket,
                                                                 const Ref<const SharedConfig>& owner,
                                                                 const TransportBuildContext& context);

// A TLS context with its secrets as they are now.
class TlsFactory final : public TransportSocketFactory {
 public:
  static Result<Ref<TlsFactory>> build(ConfigView config, const Ref<const SharedConfig>& owner,
                                       const TransportBuildContext& context);

  std::unique_ptr<TransportSocket> make(WorkerContext& worker,
                                        const TransportOptions& options) const override;
  bool ready() const override { return ready_; }

  // On the worker of that index.
  void install(uint32_t worker, const Ref<const TlsContext>& context) const;

 private:
  friend class SecretStore;
  // What one worker uses; only it touches its own.
  struct Slot {
    Ref<const TlsContext> context;
    ClientSessions sessions;
  };

  TlsFactory(ConfigView config, Ref<const SharedConfig> owner, TlsRole role, size_t workers)
      : owner_(std::move(owner)), config_(config), role_(role), slots_(workers) {}
  void find_secrets();
  bool needs(std::string_view secret) const;
  bool secrets_are_there(const SecretStore& store) const;
  Result<Ref<const TlsContext>> build_context(const SecretSource& secrets) const {
    return TlsContext::build(config_, role_, secrets, stats_);
  }

  Ref<const SharedConfig> owner_;  // keeps config_
  ConfigView config_;
  TlsRole role_;
  StatScope<SslStat> stats_;
  StatScope<SslFactoryStat> factory_stats_;
  std::vector<std::string> secrets_;
  mutable std::vector<Slot> slots_;
  mutable bool ready_ = false;  // main's
};

}  // namespace outrider
