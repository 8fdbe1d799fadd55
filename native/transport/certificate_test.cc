#include "transport/certificate.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>

namespace outrider {
namespace {

// A certificate that signs itself, with these alternative names.
X509Ptr make_certificate(const char* names) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  X509Ptr out(X509_new());
  X509_set_version(out.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), 0x1A2B);
  ASN1_TIME_set(X509_getm_notBefore(out.get()), 1'700'000'000);
  ASN1_TIME_set(X509_getm_notAfter(out.get()), 1'800'000'000);
  X509_set_pubkey(out.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(out.get());
  const auto add = [name](const char* field, const char* text) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text), -1,
                               -1, 0);
  };
  add("O", "Test");
  add("CN", "one");
  X509_set_issuer_name(out.get(), name);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(out.get(), extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(out.get(), key.get(), EVP_sha256());
  return out;
}

TEST(Certificate, ItsFactsReadAsEnvoyPrintsThem) {
  const X509Ptr certificate =
      make_certificate("DNS:a.test,URI:spiffe://t/x,IP:127.0.0.1,IP:::1,email:me@a.test");
  const CertificateFacts facts = certificate_facts(certificate.get());
  EXPECT_EQ(facts.subject, "CN=one,O=Test");
  EXPECT_EQ(facts.issuer, facts.subject);
  EXPECT_EQ(facts.serial, "1a2b");
  EXPECT_EQ(facts.sha256.size(), 64u);
  EXPECT_EQ(facts.sha1.size(), 40u);
  EXPECT_EQ(facts.dns_sans, std::vector<std::string>{"a.test"});
  EXPECT_EQ(facts.uri_sans, std::vector<std::string>{"spiffe://t/x"});
  EXPECT_EQ(facts.ip_sans, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(facts.email_sans, std::vector<std::string>{"me@a.test"});
  EXPECT_EQ(facts.valid_from_s, 1'700'000'000);
  EXPECT_EQ(facts.valid_until_s, 1'800'000'000);
}

TEST(Certificate, APemTextGivesAllOfThemOrNone) {
  const X509Ptr certificate = make_certificate("DNS:a.test");
  const std::string pem = pem_text(certificate.get());
  EXPECT_EQ(read_certificates(pem + pem).size(), 2u);
  EXPECT_EQ(read_certificates(pem + "and some words\n").size(), 1u);
  EXPECT_TRUE(read_certificates("no certificate").empty());
  EXPECT_TRUE(
      read_certificates(pem + "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n").empty());
  EXPECT_EQ(certificate_sha256(read_certificates(pem).front().get()), certificate_sha256(certificate.get()));
}

TEST(Certificate, AWildcardStandsForOneLabel) {
  EXPECT_TRUE(dns_name_matches("*.a.test", "b.a.test"));
  EXPECT_TRUE(dns_name_matches("a.test", "a.test"));
  EXPECT_FALSE(dns_name_matches("*.a.test", "c.b.a.test"));
  EXPECT_FALSE(dns_name_matches("*.a.test", "a.test"));
  EXPECT_FALSE(dns_name_matches("*.a.test", ".a.test"));
  EXPECT_FALSE(dns_name_matches("b.*", "b.test"));
}

}  // namespace
}  // namespace outrider
