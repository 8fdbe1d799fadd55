#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/string_match.h"
#include "transport/certificate.h"

namespace outrider {

// envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext: what is asked of the peer's certificate.
// Immutable once built; shared by all workers.
class CertificateValidator {
 public:
  // Reads one context; of two, the second adds to lists and replaces what it sets (combined_validation_context).
  Result<bool> read(ConfigView config);
  // Once everything was read.
  Result<bool> finish();

  // Is there anything to ask?
  bool verifies() const { return store_ != nullptr || !trust_domains_.empty() || checks_certificate(); }
  bool accepts_untrusted() const { return accepts_untrusted_; }
  bool suppresses_ca_list() const { return suppresses_ca_list_; }
  // Names of the CAs, for the request that a server sends.
  const std::vector<X509Ptr>& authorities() const { return authorities_; }
  // Tells contexts that validate alike from others, for sessions.
  const std::string& fingerprint() const { return fingerprint_; }

  enum class Fault : uint8_t { None, Untrusted, San, Hash };
  struct Verdict {
    Fault fault = Fault::None;
    bool trusted = false;  // by a chain
    std::string reason;
  };
  // `context` is what OpenSSL prepared for the peer's chain. `name`: a DNS name that the certificate must have, or empty.
  Verdict verify(X509_STORE_CTX* context, bool of_client, std::string_view name) const;

 private:
  enum class SanType : uint8_t { Any, Email, Dns, Uri, Ip, OtherName };
  struct SanMatcher {
    SanType type;
    StringMatcher matcher;
    std::string exact;  // lower case; for DNS wildcards in certificates
  };
  struct TrustDomain {
    std::string name;
    StorePtr store;
  };
  bool checks_certificate() const { return !sans_.empty() || !hashes_.empty() || !public_keys_.empty(); }
  Result<bool> read_authorities(ConfigView config);
  Result<bool> read_spiffe(ConfigView config);
  Result<bool> read_sans(ConfigView config);
  bool verify_chain(X509_STORE_CTX* prepared, X509_STORE* store, bool of_client, std::string& reason) const;
  const TrustDomain* domain_of(const CertificateFacts& facts) const;
  static bool san_matches(const SanMatcher& matcher, const CertificateFacts& facts);
  static bool has_dns_name(const CertificateFacts& facts, std::string_view name);

  StorePtr store_;
  std::vector<X509Ptr> authorities_;
  std::vector<CrlPtr> revocation_lists_;
  std::vector<TrustDomain> trust_domains_;
  std::vector<SanMatcher> sans_;
  std::vector<std::string> hashes_;       // hex, lower case
  std::vector<std::string> public_keys_;  // base64
  std::string fingerprint_;
  int depth_max_ = 100;
  bool accepts_untrusted_ = false;
  bool allows_expired_ = false;
  bool only_leaf_crl_ = false;
  bool suppresses_ca_list_ = false;
};

}  // namespace outrider
