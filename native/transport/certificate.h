#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "connection/tls_facts.h"
#include "transport/openssl.h"

namespace outrider {

CertificateFacts certificate_facts(X509* certificate);
// The SHA-256 digest, hex or base64, of the certificate or of its public key (SubjectPublicKeyInfo).
std::string certificate_sha256(X509* certificate);
std::string public_key_sha256_base64(X509* certificate);
std::string pem_text(X509* certificate);
// All certificates, or revocation lists, of a PEM text; empty when one of them is broken.
std::vector<X509Ptr> read_certificates(std::string_view pem);
std::vector<CrlPtr> read_revocation_lists(std::string_view pem);

// A *.example.com that stands for one label, as in certificates. Both in lower case.
bool dns_name_matches(std::string_view pattern, std::string_view name);
std::string lower_text(std::string_view text);

}  // namespace outrider
