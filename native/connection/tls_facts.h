#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrider {

// What is said of one X.509 certificate. Names are in RFC 2253 form, numbers in lower-case hex, as Envoy prints them.
struct CertificateFacts {
  std::string subject;
  std::string issuer;
  std::string serial;
  std::string sha256;  // of the DER, hex
  std::string sha1;
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;
  std::vector<std::string> email_sans;
  std::vector<std::string> other_name_sans;
  int64_t valid_from_s = 0;  // since 1970
  int64_t valid_until_s = 0;
};

// What TLS knows of one connection, once the handshake is done. Kept by the connection's transport socket, so valid as
// long as the Connection object, also after it has closed. Dear facts are worked out when they are first asked for.
class TlsFacts {
 public:
  virtual std::string_view server_name() const = 0;  // SNI, as the client sent it; empty: none
  virtual std::string_view alpn() const = 0;         // "h2"; empty: nothing was agreed on
  virtual std::string_view version() const = 0;      // "TLSv1.3"
  virtual std::string_view cipher() const = 0;      // "ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"
  virtual std::string_view group() const = 0;       // "X25519"; empty: unknown
  virtual std::string_view session_id() const = 0;  // hex; empty with TLS 1.3
  virtual bool resumed() const = 0;
  virtual bool peer_presented() const = 0;  // the peer sent a certificate
  virtual bool peer_validated() const = 0;  // and it was verified
  // Null: none.
  virtual const CertificateFacts* peer() const = 0;
  virtual const CertificateFacts* local() const = 0;
  // The peer's certificates, as it sent them: its own, or all.
  virtual std::string peer_pem(bool whole_chain) const = 0;
  virtual const std::vector<CertificateFacts>& peer_chain() const = 0;

 protected:
  ~TlsFacts() = default;
};

}  // namespace outrider
