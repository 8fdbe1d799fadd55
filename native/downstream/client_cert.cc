#include "downstream/client_cert.h"

#include "formatter/tls_text.h"

namespace outrider {

std::string client_cert_element(const TlsFacts& facts, ConfigView details) {
  const CertificateFacts* const peer = facts.peer();
  if (peer == nullptr) return {};
  std::string out;
  const auto add = [&out](std::string_view key, std::string_view value) {
    if (!out.empty()) out += ';';
    out.append(key).append("=").append(value);
  };
  if (facts.local() != nullptr) {
    for (const std::string& uri : facts.local()->uri_sans) add("By", uri);
  }
  add("Hash", peer->sha256);
  const auto add_pem = [&](std::string_view key, bool whole_chain) {
    add(key, "\"");
    append_encoded_pem(facts.peer_pem(whole_chain), out);
    out += '"';
  };
  if (details.boolean("cert")) add_pem("Cert", false);
  if (details.boolean("chain")) add_pem("Chain", true);
  if (details.boolean("subject")) add("Subject", "\"" + peer->subject + "\"");
  if (details.boolean("uri")) {
    for (const std::string& uri : peer->uri_sans) add("URI", uri);
    if (peer->uri_sans.empty()) add("URI", "");
  }
  if (details.boolean("dns")) {
    for (const std::string& dns : peer->dns_sans) add("DNS", dns);
  }
  return out;
}

}  // namespace outrider
