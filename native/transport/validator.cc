#include "transport/validator.h"

#include <openssl/err.h>

#include <algorithm>

#include "base/data_source.h"

namespace outrider {

static constexpr size_t authorities_bytes_max = 16 << 20;
static constexpr std::string_view spiffe_type =
    "envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig";

static StorePtr store_of(const std::vector<X509Ptr>& authorities) {
  StorePtr store(X509_STORE_new());
  for (const X509Ptr& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  // An intermediate CA may be what is trusted.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  ERR_clear_error();
  return store;
}

// Where distributions keep the certificates of public CAs.
static Result<std::string> system_authorities() {
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    const std::string json = std::string(R"({"filename":")") + path + "\"}";
    const auto tree = ConfigTree::parse(json);
    auto text = read_data_source(tree->root(), authorities_bytes_max);
    if (text) return text;
  }
  return ConfigError{"system_root_certs", "this system has no file of CA certificates"};
}

Result<bool> CertificateValidator::read_authorities(ConfigView config) {
  const bool own = config.has("trusted_ca");
  if (!own && !config.has("system_root_certs")) return true;
  auto text = own ? read_data_source(config["trusted_ca"], authorities_bytes_max) : system_authorities();
  if (!text) return ConfigError{own ? "trusted_ca" : "system_root_certs", text.error().reason};
  authorities_ = read_certificates(text.value());
  revocation_lists_ = read_revocation_lists(text.value());
  if (!authorities_.empty()) return true;
  return ConfigError{"trusted_ca", "Failed to load trusted CA certificates: no certificate in it"};
}

Result<bool> CertificateValidator::read_sans(ConfigView config) {
  for (const ConfigView item : config.list("match_typed_subject_alt_names")) {
    const std::string_view type = item.string("san_type");
    SanType kind = SanType::Any;
    if (type == "EMAIL") kind = SanType::Email;
    if (type == "DNS") kind = SanType::Dns;
    if (type == "URI") kind = SanType::Uri;
    if (type == "IP_ADDRESS") kind = SanType::Ip;
    if (type == "OTHER_NAME") kind = SanType::OtherName;
    auto matcher = StringMatcher::read(item["matcher"]);
    if (!matcher) return ConfigError{"match_typed_subject_alt_names", matcher.error().reason};
    sans_.push_back({kind, std::move(matcher.value()), lower_text(item["matcher"].string("exact"))});
  }
  for (const ConfigView item : config.list("match_subject_alt_names")) {
    auto matcher = StringMatcher::read(item);
    if (!matcher) return ConfigError{"match_subject_alt_names", matcher.error().reason};
    sans_.push_back({SanType::Any, std::move(matcher.value()), lower_text(item.string("exact"))});
  }
  return true;
}

Result<bool> CertificateValidator::read_spiffe(ConfigView config) {
  for (const ConfigView domain : config.list("trust_domains")) {
    auto text = read_data_source(domain["trust_bundle"], authorities_bytes_max);
    if (!text) return ConfigError{"custom_validator_config.typed_config.trust_domains", text.error().reason};
    std::vector<X509Ptr> certificates = read_certificates(text.value());
    if (certificates.empty()) {
      return ConfigError{"custom_validator_config.typed_config.trust_domains",
                         "no certificate in the bundle of " + std::string(domain.string("name"))};
    }
    trust_domains_.push_back({std::string(domain.string("name")), store_of(certificates)});
    for (X509Ptr& certificate : certificates) authorities_.push_back(std::move(certificate));
  }
  return true;
}

Result<bool> CertificateValidator::read(ConfigView config) {
  if (auto done = read_authorities(config); !done) return done.error();
  if (auto done = read_sans(config); !done) return done.error();
  if (config.has("crl")) {
    auto text = read_data_source(config["crl"], authorities_bytes_max);
    if (!text) return ConfigError{"crl", text.error().reason};
    std::vector<CrlPtr> lists = read_revocation_lists(text.value());
    if (lists.empty()) return ConfigError{"crl", "Failed to load CRL: no revocation list in it"};
    for (CrlPtr& list : lists) revocation_lists_.push_back(std::move(list));
  }
  for (const ConfigView hash : config.list("verify_certificate_hash")) {
    std::string text = lower_text(hash.as_string());
    text.erase(std::remove(text.begin(), text.end(), ':'), text.end());
    hashes_.push_back(text);
  }
  for (const ConfigView key : config.list("verify_certificate_spki"))
    public_keys_.emplace_back(key.as_string());
  if (config.has("trust_chain_verification")) {
    accepts_untrusted_ = config.string("trust_chain_verification") == "ACCEPT_UNTRUSTED";
  }
  allows_expired_ |= config.boolean("allow_expired_certificate");
  only_leaf_crl_ |= config.boolean("only_verify_leaf_cert_crl");
  suppresses_ca_list_ |= config.boolean("suppress_client_ca_list");
  if (config.has("max_verify_depth")) depth_max_ = static_cast<int>(config.uint("max_verify_depth"));
  const ConfigView custom = config["custom_validator_config"]["typed_config"];
  return custom.type_name() == spiffe_type ? read_spiffe(custom) : Result<bool>(true);
}

Result<bool> CertificateValidator::finish() {
  if (!authorities_.empty() && trust_domains_.empty()) store_ = store_of(authorities_);
  if (store_ != nullptr && !revocation_lists_.empty()) {
    for (const CrlPtr& list : revocation_lists_) X509_STORE_add_crl(store_.get(), list.get());
    X509_STORE_set_flags(store_.get(),
                         X509_V_FLAG_CRL_CHECK | (only_leaf_crl_ ? 0ul : ulong{X509_V_FLAG_CRL_CHECK_ALL}));
  }
  for (const X509Ptr& authority : authorities_) fingerprint_ += certificate_sha256(authority.get());
  for (const std::string& hash : hashes_) fingerprint_ += hash;
  for (const std::string& key : public_keys_) fingerprint_ += key;
  for (const SanMatcher& san : sans_) fingerprint_ += san.exact;
  return true;
}

// ---- on a worker ---------------------------------------------------------------------------------------------

bool CertificateValidator::verify_chain(X509_STORE_CTX* prepared, X509_STORE* store, bool of_client,
                                        std::string& reason) const {
  const std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store, X509_STORE_CTX_get0_cert(prepared),
                      X509_STORE_CTX_get0_untrusted(prepared));
  X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set1(param, X509_STORE_get0_param(store));
  X509_VERIFY_PARAM_set_purpose(param, of_client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_depth(param, depth_max_);
  if (allows_expired_) X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
  if (X509_verify_cert(context.get()) == 1) return true;
  const int error = X509_STORE_CTX_get_error(context.get());
  reason = "X509_verify_cert: certificate verification error at depth " +
           std::to_string(X509_STORE_CTX_get_error_depth(context.get())) + ": " +
           X509_verify_cert_error_string(error);
  ERR_clear_error();
  return false;
}

bool CertificateValidator::has_dns_name(const CertificateFacts& facts, std::string_view name) {
  return std::any_of(facts.dns_sans.begin(), facts.dns_sans.end(),
                     [&](const std::string& san) { return dns_name_matches(lower_text(san), name); });
}

bool CertificateValidator::san_matches(const SanMatcher& want, const CertificateFacts& facts) {
  const auto any = [&](const std::vector<std::string>& values) {
    return std::any_of(values.begin(), values.end(),
                       [&](const std::string& value) { return want.matcher.matches(value); });
  };
  const bool all = want.type == SanType::Any;
  // A wildcard in the certificate stands for the name that is asked for.
  if ((all || want.type == SanType::Dns) && !want.exact.empty() && has_dns_name(facts, want.exact))
    return true;
  return ((all || want.type == SanType::Dns) && any(facts.dns_sans)) ||
         ((all || want.type == SanType::Uri) && any(facts.uri_sans)) ||
         ((all || want.type == SanType::Email) && any(facts.email_sans)) ||
         ((all || want.type == SanType::Ip) && any(facts.ip_sans)) ||
         ((all || want.type == SanType::OtherName) && any(facts.other_name_sans));
}

const CertificateValidator::TrustDomain* CertificateValidator::domain_of(
    const CertificateFacts& facts) const {
  constexpr std::string_view scheme = "spiffe://";
  for (const std::string& uri : facts.uri_sans) {
    if (!uri.starts_with(scheme)) continue;
    const std::string_view rest = std::string_view(uri).substr(scheme.size());
    const std::string_view name = rest.substr(0, rest.find('/'));
    for (const TrustDomain& domain : trust_domains_) {
      if (domain.name == name) return &domain;
    }
    return nullptr;
  }
  return nullptr;
}

CertificateValidator::Verdict CertificateValidator::verify(X509_STORE_CTX* context, bool of_client,
                                                           std::string_view name) const {
  Verdict out;
  X509* const leaf = X509_STORE_CTX_get0_cert(context);
  if (leaf == nullptr) return {Fault::Untrusted, false, "no certificate"};
  X509_STORE* store = store_.get();
  CertificateFacts facts;
  const bool reads_names = !sans_.empty() || !name.empty() || !trust_domains_.empty();
  if (reads_names) facts = certificate_facts(leaf);
  if (!trust_domains_.empty()) {
    const TrustDomain* const domain = domain_of(facts);
    if (domain == nullptr)
      return {Fault::Untrusted, false, "SPIFFE: no trust domain of the certificate is known"};
    store = domain->store.get();
  }
  if (store != nullptr) {
    out.trusted = verify_chain(context, store, of_client, out.reason);
    if (!out.trusted) return {Fault::Untrusted, false, "verify cert failed: " + out.reason};
  }
  const bool named = name.empty() || has_dns_name(facts, lower_text(name));
  const bool san = sans_.empty() || std::any_of(sans_.begin(), sans_.end(), [&](const SanMatcher& matcher) {
                     return san_matches(matcher, facts);
                   });
  if (!named || !san) return {Fault::San, out.trusted, "verify cert failed: SAN matcher"};
  if (hashes_.empty() && public_keys_.empty()) return out;
  const bool known =
      (!hashes_.empty() &&
       std::find(hashes_.begin(), hashes_.end(), certificate_sha256(leaf)) != hashes_.end()) ||
      (!public_keys_.empty() && std::find(public_keys_.begin(), public_keys_.end(),
                                          public_key_sha256_base64(leaf)) != public_keys_.end());
  if (!known) return {Fault::Hash, out.trusted, "verify cert failed: cert hash and spki"};
  return out;
}

}  // namespace outrider
