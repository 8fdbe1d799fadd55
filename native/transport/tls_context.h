#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/boundary.gen.h"
#include "base/config_view.h"
#include "base/ref.h"
#include "base/stats.h"
#include "transport/openssl.h"
#include "transport/validator.h"

namespace outrider {

class TlsSocket;

enum class TlsRole : uint8_t { Server, Client };

// A secret by its name; none where it has not come.
class SecretSource {
 public:
  virtual ConfigView secret(std::string_view name) const = 0;

 protected:
  ~SecretSource() = default;
};

// DownstreamTlsContext or UpstreamTlsContext with its secrets, ready for handshakes. Immutable; shared by all workers.
// Connections keep the one that they began with, so certificates change with no connection lost.
class TlsContext final : public RefCounted<TlsContext> {
 public:
  static Result<Ref<const TlsContext>> build(ConfigView config, TlsRole role, const SecretSource& secrets,
                                             StatScope<SslStat> stats);

  SslPtr make_ssl(TlsSocket& socket) const;

  const TlsRole role;
  const StatScope<SslStat> stats;
  CertificateValidator validator;
  CertificateFacts local;  // of the first certificate
  std::string sni;
  bool auto_host_sni = false;
  bool auto_sni_san_validation = false;
  bool has_certificate = false;
  uint32_t sessions_max = 1;  // kept by a client
  std::string alpn;           // wire format
  std::string ocsp_response;  // DER
  bool must_staple = false;

 private:
  struct Certificate {
    X509Ptr leaf;
    std::vector<X509Ptr> chain;
    KeyPtr key;
    std::string ocsp;
    bool elliptic = false;
  };
  // One for each set of names that certificates are chosen by.
  struct Named {
    std::string name;  // "*.example.com" stands for one label
    SslCtxPtr context;
  };
  struct TicketKey {
    unsigned char name[16];
    unsigned char hmac[32];
    unsigned char aes[32];
  };

  TlsContext(TlsRole as, StatScope<SslStat> counts) : role(as), stats(counts) {}
  Result<bool> read(ConfigView config, const SecretSource& secrets);
  Result<bool> read_common(ConfigView common, const SecretSource& secrets);
  Result<bool> read_certificates(ConfigView common, const SecretSource& secrets);
  Result<bool> read_certificate(ConfigView config);
  Result<bool> read_pkcs12(ConfigView config, const std::string& password, Certificate& out);
  Result<bool> read_pem(ConfigView config, const std::string& password, Certificate& out);
  Result<bool> read_validation(ConfigView common, const SecretSource& secrets);
  Result<bool> read_params(ConfigView params);
  Result<bool> read_server(ConfigView config, const SecretSource& secrets);
  void read_client(ConfigView config);
  Result<bool> choose_certificates();
  void set_callbacks(SSL_CTX* context);
  static bool use(SSL_CTX* context, const Certificate& certificate);

  static int on_verify(X509_STORE_CTX* store, void* self);
  static int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                     unsigned int in_size, void* self);
  static int on_server_name(SSL* ssl, int* alert, void* self);
  static int on_status(SSL* ssl, void* self);
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int encrypt);
  static int on_new_session(SSL* ssl, SSL_SESSION* session);
  static void on_key_log(const SSL* ssl, const char* line);

  SslCtxPtr context_;
  std::vector<Named> by_name_;
  std::vector<Certificate> certificates_;
  std::vector<TicketKey> ticket_keys_;
  bool requires_certificate_ = false;
  int key_log_ = -1;

 public:
  ~TlsContext();
};

}  // namespace outrider
