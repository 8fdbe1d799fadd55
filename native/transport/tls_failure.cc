#include "transport/tls_failure.h"

#include <openssl/err.h>

#include <algorithm>

namespace outrider {

namespace {

// Reasons that OpenSSL and BoringSSL number differently.
struct Reason {
  int ours;
  uint32_t theirs;
  std::string_view name;
};
constexpr Reason reasons[] = {
    {SSL_R_CERTIFICATE_VERIFY_FAILED, 125, "CERTIFICATE_VERIFY_FAILED"},
    {SSL_R_WRONG_VERSION_NUMBER, 247, "WRONG_VERSION_NUMBER"},
    {SSL_R_UNSUPPORTED_PROTOCOL, 240, "UNSUPPORTED_PROTOCOL"},
    {SSL_R_NO_SHARED_CIPHER, 184, "NO_SHARED_CIPHER"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, 199, "PEER_DID_NOT_RETURN_A_CERTIFICATE"},
    {SSL_R_HTTP_REQUEST, 156, "HTTP_REQUEST"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, 184, "NO_SHARED_GROUP"},
    {SSL_R_UNEXPECTED_MESSAGE, 223, "UNEXPECTED_MESSAGE"},
};
constexpr uint32_t ssl_library = 16u << 24;

std::string upper_name(const char* text) {
  std::string out = text == nullptr ? "UNKNOWN" : text;
  for (char& c : out) {
    if (c == ' ') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return out;
}

}  // namespace

std::string connection_failure(int ssl_error, std::string_view verdict) {
  const unsigned long error = ERR_peek_last_error();
  if (ssl_error == SSL_ERROR_SYSCALL || error == 0) return "TLS_error:|:TLS_error_end";
  const int reason = ERR_GET_REASON(error);
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {};
  const auto* known = std::find_if(std::begin(reasons), std::end(reasons),
                                   [&](const Reason& entry) { return entry.ours == reason; });
  const bool found = known != std::end(reasons);
  const uint32_t number = ssl_library | (found ? known->theirs : static_cast<uint32_t>(reason));
  std::string out = "TLS_error:|" + std::to_string(number) + ":SSL routines:OPENSSL_internal:";
  out += found ? std::string(known->name) : upper_name(ERR_reason_error_string(error));
  if (!verdict.empty() && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) out.append(":").append(verdict);
  return out + ":TLS_error_end";
}

std::string_view signature_name(const SSL* ssl) {
  int type = 0;
  int digest = 0;
  if (SSL_get_peer_signature_type_nid(ssl, &type) != 1) return {};
  SSL_get_peer_signature_nid(const_cast<SSL*>(ssl), &digest);
  const int strength = digest == NID_sha256 ? 0 : digest == NID_sha384 ? 1 : digest == NID_sha512 ? 2 : 3;
  static constexpr std::string_view pkcs1[] = {"rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512",
                                               "rsa_pkcs1_sha1"};
  static constexpr std::string_view pss[] = {"rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384",
                                             "rsa_pss_rsae_sha512", ""};
  static constexpr std::string_view ecdsa[] = {"ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384",
                                               "ecdsa_secp521r1_sha512", ""};
  switch (type) {
    case EVP_PKEY_RSA:
      return pkcs1[strength];
    case EVP_PKEY_RSA_PSS:
      return pss[strength];
    case EVP_PKEY_EC:
      return ecdsa[strength];
    case EVP_PKEY_ED25519:
      return "ed25519";
    default:
      return {};
  }
}

}  // namespace outrider
