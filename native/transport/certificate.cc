#include "transport/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace outrider {

static constexpr char hex_digits[] = "0123456789abcdef";

static std::string hex(const unsigned char* bytes, size_t size) {
  std::string out;
  out.reserve(size * 2);
  for (size_t i = 0; i < size; ++i) {
    out += hex_digits[bytes[i] >> 4];
    out += hex_digits[bytes[i] & 15];
  }
  return out;
}

static std::string bio_text(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<size_t>(size)};
}

static std::string name_text(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return bio_text(bio.get());
}

static std::string digest_text(X509* certificate, const EVP_MD* digest) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, digest, out, &size) != 1) return {};
  return hex(out, size);
}

static std::string serial_text(X509* certificate) {
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  if (number == nullptr) return {};
  char* text = BN_bn2hex(number);
  BN_free(number);
  std::string out = lower_text(text == nullptr ? "" : text);
  OPENSSL_free(text);
  return out;
}

static int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

static std::string ip_text(const ASN1_OCTET_STRING* bytes) {
  char out[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(bytes);
  if (size == 4 || size == 16) {
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), out, sizeof(out));
  }
  return out;
}

static std::string string_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

static void read_sans(X509* certificate, CertificateFacts& out) {
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    switch (name->type) {
      case GEN_URI:
        out.uri_sans.push_back(string_of(name->d.uniformResourceIdentifier));
        break;
      case GEN_DNS:
        out.dns_sans.push_back(string_of(name->d.dNSName));
        break;
      case GEN_EMAIL:
        out.email_sans.push_back(string_of(name->d.rfc822Name));
        break;
      case GEN_IPADD:
        out.ip_sans.push_back(ip_text(name->d.iPAddress));
        break;
      case GEN_OTHERNAME: {
        const ASN1_TYPE* value = name->d.otherName->value;
        if (value->type == V_ASN1_UTF8STRING || value->type == V_ASN1_IA5STRING ||
            value->type == V_ASN1_PRINTABLESTRING) {
          out.other_name_sans.push_back(string_of(value->value.asn1_string));
        }
        break;
      }
      default:
        break;
    }
  }
  GENERAL_NAMES_free(names);
}

CertificateFacts certificate_facts(X509* certificate) {
  CertificateFacts out;
  out.subject = name_text(X509_get_subject_name(certificate));
  out.issuer = name_text(X509_get_issuer_name(certificate));
  out.serial = serial_text(certificate);
  out.sha256 = digest_text(certificate, EVP_sha256());
  out.sha1 = digest_text(certificate, EVP_sha1());
  out.valid_from_s = seconds_of(X509_get0_notBefore(certificate));
  out.valid_until_s = seconds_of(X509_get0_notAfter(certificate));
  read_sans(certificate, out);
  return out;
}

std::string certificate_sha256(X509* certificate) { return digest_text(certificate, EVP_sha256()); }

std::string public_key_sha256_base64(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_size = 0;
  EVP_Digest(der, static_cast<size_t>(size), digest, &digest_size, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  unsigned char text[64];
  const int length = EVP_EncodeBlock(text, digest, static_cast<int>(digest_size));
  return {reinterpret_cast<char*>(text), static_cast<size_t>(length)};
}

std::string pem_text(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return bio_text(bio.get());
}

// The end of the text is an error to the reader, too: that no more begins. Anything else is a broken entry.
static bool at_end() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

std::vector<X509Ptr> read_certificates(std::string_view pem) {
  std::vector<X509Ptr> out;
  const BioPtr bio = text_bio(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    out.emplace_back(certificate);
  }
  if (!at_end()) out.clear();
  return out;
}

std::vector<CrlPtr> read_revocation_lists(std::string_view pem) {
  std::vector<CrlPtr> out;
  const BioPtr bio = text_bio(pem);
  while (X509_CRL* list = PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)) out.emplace_back(list);
  if (!at_end()) out.clear();
  return out;
}

std::string lower_text(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

bool dns_name_matches(std::string_view pattern, std::string_view name) {
  if (pattern == name) return true;
  if (!pattern.starts_with("*.")) return false;
  const size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

}  // namespace outrider
