#include "transport/tls_context.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cstring>

#include "base/data_source.h"
#include "transport/tls_socket.h"

namespace outrider {

static constexpr size_t file_bytes_max = 16 << 20;

// Envoy's own; of equals, the client's favourite.
static constexpr const char* default_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static constexpr const char* ciphers_of_13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static constexpr const char* default_groups = "X25519:P-256";

static std::string openssl_reason() {
  const unsigned long error = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(error);
  std::string out = text == nullptr ? "unknown reason" : text;
  ERR_clear_error();
  return out;
}

static int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

TlsContext::~TlsContext() {
  if (key_log_ >= 0) ::close(key_log_);
}

Result<Ref<const TlsContext>> TlsContext::build(ConfigView config, TlsRole role, const SecretSource& secrets,
                                                StatScope<SslStat> stats) {
  Ref<TlsContext> context(new TlsContext(role, stats));
  ERR_clear_error();
  if (auto done = context->read(config, secrets); !done) return done.error();
  return Ref<const TlsContext>(context);
}

Result<bool> TlsContext::read(ConfigView config, const SecretSource& secrets) {
  context_.reset(SSL_CTX_new(role == TlsRole::Server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* const ctx = context_.get();
  if (ctx == nullptr) return ConfigError{"", "OpenSSL gives no context: " + openssl_reason()};
  // Envoy's ciphers and versions are the policy; what was asked for by name is not refused for its strength.
  SSL_CTX_set_security_level(ctx, 0);
  SSL_CTX_set_mode(
      ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  if (auto done = read_common(config["common_tls_context"], secrets); !done) {
    return ConfigError{"common_tls_context." + done.error().path, done.error().reason};
  }
  if (role == TlsRole::Server) {
    if (auto done = read_server(config, secrets); !done) return done;
  } else {
    read_client(config);
  }
  set_callbacks(ctx);
  return choose_certificates();
}

// Also for the contexts that a server's name chooses: OpenSSL asks those then.
void TlsContext::set_callbacks(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, context_index(), this);
  SSL_CTX_set_cert_verify_callback(context, on_verify, this);
  if (key_log_ >= 0) SSL_CTX_set_keylog_callback(context, on_key_log);
  if (role == TlsRole::Client) return;
  if (!alpn.empty()) SSL_CTX_set_alpn_select_cb(context, on_alpn, this);
  bool staples = false;
  for (const Certificate& certificate : certificates_) staples |= !certificate.ocsp.empty();
  if (!staples) return;
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_status_arg(context, this);
}

Result<bool> TlsContext::read_common(ConfigView common, const SecretSource& secrets) {
  if (auto done = read_params(common["tls_params"]); !done) {
    return ConfigError{"tls_params." + done.error().path, done.error().reason};
  }
  if (auto done = read_certificates(common, secrets); !done) return done;
  if (auto done = read_validation(common, secrets); !done) return done;
  for (const ConfigView item : common.list("alpn_protocols")) {
    const std::string_view name = item.as_string();
    if (name.empty() || name.size() > 255) return ConfigError{"alpn_protocols", "a name has 1 to 255 bytes"};
    alpn += static_cast<char>(name.size());
    alpn += name;
  }
  if (const ConfigView log = common["key_log"]) {
    const std::string path(log.string("path"));
    key_log_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (key_log_ < 0) return ConfigError{"key_log.path", path + ": " + std::strerror(errno)};
  }
  return true;
}

void TlsContext::on_key_log(const SSL* ssl, const char* line) {
  const auto* self =
      static_cast<const TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  if (self == nullptr || self->key_log_ < 0) return;
  const std::string text = std::string(line) + "\n";
  if (::write(self->key_log_, text.data(), text.size()) < 0)
    return;  // a log for debugging: nothing depends on it
}

static int version_number(std::string_view name, int otherwise) {
  if (name == "TLSv1_0") return TLS1_VERSION;
  if (name == "TLSv1_1") return TLS1_1_VERSION;
  if (name == "TLSv1_2") return TLS1_2_VERSION;
  if (name == "TLSv1_3") return TLS1_3_VERSION;
  return otherwise;
}

static std::string joined(ConfigView list) {
  std::string out;
  for (const ConfigView item : list) {
    if (!out.empty()) out += ':';
    // BoringSSL's groups of equal ciphers: [A|B]
    for (const char c : item.as_string()) {
      if (c != '[' && c != ']') out += c == '|' ? ':' : c;
    }
  }
  return out;
}

Result<bool> TlsContext::read_params(ConfigView params) {
  SSL_CTX* const ctx = context_.get();
  const int newest = role == TlsRole::Server ? TLS1_3_VERSION : TLS1_2_VERSION;  // as Envoy
  SSL_CTX_set_min_proto_version(
      ctx, version_number(params.string("tls_minimum_protocol_version"), TLS1_2_VERSION));
  SSL_CTX_set_max_proto_version(ctx, version_number(params.string("tls_maximum_protocol_version"), newest));
  const std::string ciphers = joined(params.list("cipher_suites"));
  if (SSL_CTX_set_cipher_list(ctx, ciphers.empty() ? default_ciphers : ciphers.c_str()) != 1) {
    ERR_clear_error();
    return ConfigError{"cipher_suites", "Failed to initialize cipher suites " + ciphers};
  }
  SSL_CTX_set_ciphersuites(ctx, ciphers_of_13);
  const std::string groups = joined(params.list("ecdh_curves"));
  if (SSL_CTX_set1_groups_list(ctx, groups.empty() ? default_groups : groups.c_str()) != 1) {
    ERR_clear_error();
    return ConfigError{"ecdh_curves", "Failed to initialize ECDH curves " + groups};
  }
  const std::string algorithms = joined(params.list("signature_algorithms"));
  if (!algorithms.empty() && SSL_CTX_set1_sigalgs_list(ctx, algorithms.c_str()) != 1) {
    ERR_clear_error();
    return ConfigError{"signature_algorithms", "Failed to initialize signature algorithms " + algorithms};
  }
  return true;
}

// ---- certificates --------------------------------------------------------------------------------------------

Result<bool> TlsContext::read_certificates(ConfigView common, const SecretSource& secrets) {
  for (const ConfigView item : common.list("tls_certificates")) {
    if (auto done = read_certificate(item); !done) {
      return ConfigError{"tls_certificates." + done.error().path, done.error().reason};
    }
  }
  for (const ConfigView item : common.list("tls_certificate_sds_secret_configs")) {
    if (auto done = read_certificate(secrets.secret(item.string("name"))["tls_certificate"]); !done) {
      return ConfigError{"tls_certificate_sds_secret_configs." + done.error().path, done.error().reason};
    }
  }
  has_certificate = !certificates_.empty();
  if (has_certificate) local = certificate_facts(certificates_.front().leaf.get());
  return true;
}

static int give_password(char* out, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  const int bytes = std::min(size, static_cast<int>(text.size()));
  std::memcpy(out, text.data(), static_cast<size_t>(bytes));
  return bytes;
}

Result<bool> TlsContext::read_certificate(ConfigView config) {
  Certificate out;
  auto password = read_data_source(config["password"], file_bytes_max);
  if (!password) return ConfigError{"password", password.error().reason};
  auto done = config.has("pkcs12") ? read_pkcs12(config, password.value(), out)
                                   : read_pem(config, password.value(), out);
  if (!done) return done;
  if (X509_check_private_key(out.leaf.get(), out.key.get()) != 1) {
    ERR_clear_error();
    return ConfigError{"private_key", "is not the key of this certificate"};
  }
  out.elliptic = EVP_PKEY_get_base_id(out.key.get()) == EVP_PKEY_EC;
  if (config.has("ocsp_staple")) {
    auto staple = read_data_source(config["ocsp_staple"], file_bytes_max);
    if (!staple) return ConfigError{"ocsp_staple", staple.error().reason};
    out.ocsp = staple.value();
  }
  certificates_.push_back(std::move(out));
  return true;
}

Result<bool> TlsContext::read_pkcs12(ConfigView config, const std::string& password, Certificate& out) {
  auto bytes = read_data_source(config["pkcs12"], file_bytes_max);
  if (!bytes) return ConfigError{"pkcs12", bytes.error().reason};
  const BioPtr bio = text_bio(bytes.value());
  const std::unique_ptr<PKCS12, OpensslFree<PKCS12_free>> store(d2i_PKCS12_bio(bio.get(), nullptr));
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (store == nullptr || PKCS12_parse(store.get(), password.c_str(), &key, &leaf, &others) != 1) {
    return ConfigError{"pkcs12", "Failed to load pkcs12: " + openssl_reason()};
  }
  out.key.reset(key);
  out.leaf.reset(leaf);
  for (int i = 0; i < sk_X509_num(others); ++i) out.chain.emplace_back(sk_X509_value(others, i));
  sk_X509_free(others);
  if (out.key != nullptr && out.leaf != nullptr) return true;
  return ConfigError{"pkcs12", "Failed to load pkcs12: a certificate and its key are needed"};
}

Result<bool> TlsContext::read_pem(ConfigView config, const std::string& password, Certificate& out) {
  auto chain = read_data_source(config["certificate_chain"], file_bytes_max);
  if (!chain) return ConfigError{"certificate_chain", chain.error().reason};
  auto key = read_data_source(config["private_key"], file_bytes_max);
  if (!key) return ConfigError{"private_key", key.error().reason};
  out.chain = outrider::read_certificates(chain.value());
  if (out.chain.empty()) {
    return ConfigError{"certificate_chain",
                       "Failed to load certificate chain from " +
                           std::string(config["certificate_chain"].string("filename", "<inline>"))};
  }
  out.leaf = std::move(out.chain.front());
  out.chain.erase(out.chain.begin());
  const BioPtr bio = text_bio(key.value());
  std::string secret = password;
  out.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &secret));
  if (out.key != nullptr) return true;
  return ConfigError{"private_key", "Failed to load private key from " +
                                        std::string(config["private_key"].string("filename", "<inline>")) +
                                        ", Cause: " + openssl_reason()};
}

bool TlsContext::use(SSL_CTX* context, const Certificate& certificate) {
  if (SSL_CTX_use_certificate(context, certificate.leaf.get()) != 1) return false;
  if (SSL_CTX_use_PrivateKey(context, certificate.key.get()) != 1) return false;
  SSL_CTX_clear_chain_certs(context);
  for (const X509Ptr& link : certificate.chain) {
    if (SSL_CTX_add1_chain_cert(context, link.get()) != 1) return false;
  }
  return true;
}

// OpenSSL chooses between the RSA and the ECDSA certificate of one context by what the client can do; between names
// we choose a context.
Result<bool> TlsContext::choose_certificates() {
  const Certificate* first[2] = {};
  for (const Certificate& certificate : certificates_) {
    if (first[certificate.elliptic] == nullptr) first[certificate.elliptic] = &certificate;
  }
  for (const Certificate* certificate : first) {
    if (certificate != nullptr && !use(context_.get(), *certificate)) {
      return ConfigError{"common_tls_context.tls_certificates", openssl_reason()};
    }
  }
  if (!certificates_.empty()) ocsp_response = certificates_.front().ocsp;
  if (role == TlsRole::Client || certificates_.size() < 2) return true;
  if (certificates_.size() == 2 && first[0] != nullptr && first[1] != nullptr) {
    // One of each: the names matter only where they differ.
    if (certificate_facts(first[0]->leaf.get()).dns_sans == certificate_facts(first[1]->leaf.get()).dns_sans)
      return true;
  }
  std::vector<std::pair<std::string, const Certificate*>> names;
  for (const Certificate& certificate : certificates_) {
    for (const std::string& name : certificate_facts(certificate.leaf.get()).dns_sans) {
      names.emplace_back(lower_text(name), &certificate);
    }
  }
  for (const auto& [name, unused] : names) {
    bool known = false;
    for (const Named& named : by_name_) known |= named.name == name;
    if (known) continue;
    SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_security_level(context.get(), 0);
    set_callbacks(context.get());
    const Certificate* taken[2] = {};
    for (const auto& [other, certificate] : names) {
      if (other != name || taken[certificate->elliptic] != nullptr) continue;
      taken[certificate->elliptic] = certificate;
      if (!use(context.get(), *certificate)) {
        return ConfigError{"common_tls_context.tls_certificates", openssl_reason()};
      }
    }
    by_name_.push_back({name, std::move(context)});
  }
  SSL_CTX_set_tlsext_servername_callback(context_.get(), on_server_name);
  SSL_CTX_set_tlsext_servername_arg(context_.get(), this);
  return true;
}

int TlsContext::on_server_name(SSL* ssl, int*, void* self) {
  const auto& context = *static_cast<const TlsContext*>(self);
  const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_OK;
  const std::string name = lower_text(asked);
  const Named* best = nullptr;
  for (const Named& named : context.by_name_) {
    if (named.name == name) {
      best = &named;
      break;
    }
    if (best == nullptr && dns_name_matches(named.name, name)) best = &named;
  }
  if (best != nullptr) SSL_set_SSL_CTX(ssl, best->context.get());
  return SSL_TLSEXT_ERR_OK;
}

// ---- the peer ------------------------------------------------------------------------------------------------

Result<bool> TlsContext::read_validation(ConfigView common, const SecretSource& secrets) {
  const auto read = [&](ConfigView config, const char* place) -> Result<bool> {
    if (!config) return true;
    auto done = validator.read(config);
    return done
               ? done
               : Result<bool>(ConfigError{std::string(place) + "." + done.error().path, done.error().reason});
  };
  const auto secret = [&](ConfigView sds) {
    return secrets.secret(sds.string("name"))["validation_context"];
  };
  const ConfigView combined = common["combined_validation_context"];
  if (auto done = read(common["validation_context"], "validation_context"); !done) return done;
  if (auto done = read(combined["default_validation_context"], "combined_validation_context"); !done)
    return done;
  if (const ConfigView sds = common["validation_context_sds_secret_config"]) {
    if (auto done = read(secret(sds), "validation_context_sds_secret_config"); !done) return done;
  }
  if (const ConfigView sds = combined["validation_context_sds_secret_config"]) {
    if (auto done = read(secret(sds), "combined_validation_context"); !done) return done;
  }
  return validator.finish();
}

int TlsContext::on_verify(X509_STORE_CTX* store, void* self) {
  const auto& context = *static_cast<const TlsContext*>(self);
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const socket = static_cast<TlsSocket*>(SSL_get_app_data(ssl));
  const bool of_client = context.role == TlsRole::Server;
  const CertificateValidator::Verdict verdict =
      context.validator.verify(store, of_client, socket->verified_name());
  socket->on_verdict(verdict);
  const bool passes =
      verdict.fault == CertificateValidator::Fault::None || context.validator.accepts_untrusted();
  // As BoringSSL in Envoy: certificate_unknown, or the alert that says what is wrong with the chain.
  if (!passes && X509_STORE_CTX_get_error(store) == X509_V_OK)
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  if (passes) X509_STORE_CTX_set_error(store, X509_V_OK);
  return passes ? 1 : 0;
}

// ---- servers -------------------------------------------------------------------------------------------------

Result<bool> TlsContext::read_server(ConfigView config, const SecretSource& secrets) {
  SSL_CTX* const ctx = context_.get();
  requires_certificate_ = config.boolean("require_client_certificate");
  if (validator.verifies()) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (requires_certificate_ ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       nullptr);
    if (!validator.suppresses_ca_list()) {
      for (const X509Ptr& authority : validator.authorities()) SSL_CTX_add_client_CA(ctx, authority.get());
    }
  } else if (requires_certificate_) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  if (config.boolean("prefer_client_ciphers")) SSL_CTX_clear_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions of one policy are no passport to another.
  unsigned char id[EVP_MAX_MD_SIZE];
  unsigned int id_size = 0;
  const std::string policy = validator.fingerprint() + (requires_certificate_ ? "1" : "0") + local.sha256;
  EVP_Digest(policy.data(), policy.size(), id, &id_size, EVP_sha256(), nullptr);
  SSL_CTX_set_session_id_context(ctx, id, std::min<unsigned>(id_size, SSL_MAX_SSL_SESSION_ID_LENGTH));
  SSL_CTX_set_num_tickets(ctx, 1);
  if (config.boolean("disable_stateful_session_resumption"))
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  if (config.boolean("disable_stateless_session_resumption")) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    if (config.boolean("disable_stateful_session_resumption")) SSL_CTX_set_num_tickets(ctx, 0);
  }
  if (config.has("session_timeout")) {
    SSL_CTX_set_timeout(ctx, static_cast<long>(config.duration_ms("session_timeout") / 1000));
  }
  ConfigView keys = config["session_ticket_keys"];
  if (const ConfigView sds = config["session_ticket_keys_sds_secret_config"]) {
    keys = secrets.secret(sds.string("name"))["session_ticket_keys"];
  }
  for (const ConfigView key : keys.list("keys")) {
    auto bytes = read_data_source(key, 4096);
    if (!bytes) return ConfigError{"session_ticket_keys.keys", bytes.error().reason};
    if (bytes.value().size() != sizeof(TicketKey)) {
      return ConfigError{"session_ticket_keys.keys",
                         "Incorrect TLS session ticket key length: " + std::to_string(bytes.value().size()) +
                             " bytes, 80 wanted"};
    }
    std::memcpy(&ticket_keys_.emplace_back(), bytes.value().data(), sizeof(TicketKey));
  }
  if (!ticket_keys_.empty()) SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
  if (!has_certificate) {
    return ConfigError{"common_tls_context", "No TLS certificates found for server context"};
  }
  return true;
}

int TlsContext::on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                        unsigned int in_size, void* self) {
  const std::string& ours = static_cast<const TlsContext*>(self)->alpn;
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

int TlsContext::on_status(SSL* ssl, void* self) {
  const auto& context = *static_cast<const TlsContext*>(self);
  auto* const socket = static_cast<TlsSocket*>(SSL_get_app_data(ssl));
  socket->count(SslStat::ocsp_staple_requests);
  const X509* const used = SSL_get_certificate(ssl);
  for (const Certificate& certificate : context.certificates_) {
    if (certificate.ocsp.empty() || X509_cmp(certificate.leaf.get(), used) != 0) continue;
    auto* const copy =
        static_cast<unsigned char*>(OPENSSL_memdup(certificate.ocsp.data(), certificate.ocsp.size()));
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(certificate.ocsp.size()));
    socket->count(SslStat::ocsp_staple_responses);
    return SSL_TLSEXT_ERR_OK;
  }
  socket->count(SslStat::ocsp_staple_omitted);
  return SSL_TLSEXT_ERR_NOACK;
}

int TlsContext::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int encrypt) {
  const auto& self = *static_cast<TlsSocket*>(SSL_get_app_data(ssl))->context();
  const TicketKey* key = encrypt != 0 ? &self.ticket_keys_.front() : nullptr;
  if (encrypt != 0) {
    std::memcpy(name, key->name, sizeof(key->name));
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  }
  for (const TicketKey& known : self.ticket_keys_) {
    if (key == nullptr && std::memcmp(name, known.name, sizeof(known.name)) == 0) key = &known;
  }
  if (key == nullptr) return 0;
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(
                             OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key->hmac), sizeof(key->hmac)),
                         OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, params) != 1) return -1;
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->aes, iv, encrypt) != 1) return -1;
  // A ticket of an older key is taken and replaced by one of the newest.
  return encrypt != 0 || key == &self.ticket_keys_.front() ? 1 : 2;
}

// ---- clients -------------------------------------------------------------------------------------------------

void TlsContext::read_client(ConfigView config) {
  SSL_CTX* const ctx = context_.get();
  sni = config.string("sni");
  auto_host_sni = config.boolean("auto_host_sni");
  auto_sni_san_validation = config.boolean("auto_sni_san_validation");
  sessions_max = static_cast<uint32_t>(config.uint("max_session_keys", 1));
  const bool verifies = validator.verifies() || auto_sni_san_validation;
  SSL_CTX_set_verify(ctx, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (sessions_max == 0) return;
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, on_new_session);
}

int TlsContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  return static_cast<TlsSocket*>(SSL_get_app_data(ssl))->keep_session(session) ? 1 : 0;
}

SslPtr TlsContext::make_ssl(TlsSocket& socket) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) std::abort();
  SSL_set_app_data(ssl.get(), &socket);
  role == TlsRole::Server ? SSL_set_accept_state(ssl.get()) : SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace outrider
