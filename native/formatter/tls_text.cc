#include "formatter/tls_text.h"

#include <vector>

namespace outrider {

namespace {

bool put(std::string_view text, std::string& out) {
  out += text;
  return !text.empty();
}

bool put_list(const std::vector<std::string>& values, std::string& out) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    out += values[i];
  }
  return !values.empty();
}

bool put_chain(const TlsFacts& facts, std::string CertificateFacts::*field, std::string& out) {
  const std::vector<CertificateFacts>& chain = facts.peer_chain();
  for (size_t i = 0; i < chain.size(); ++i) {
    if (i > 0) out += ',';
    out += chain[i].*field;
  }
  return !chain.empty();
}

bool put_issuer(const TlsFacts& facts, std::string CertificateFacts::*field, std::string& out) {
  const std::vector<CertificateFacts>& chain = facts.peer_chain();
  return chain.size() > 1 && put(chain[1].*field, out);
}

bool put_local(TlsText what, const CertificateFacts& local, std::string& out) {
  switch (what) {
    case TlsText::LocalSubject:
      return put(local.subject, out);
    case TlsText::LocalUriSans:
      return put_list(local.uri_sans, out);
    case TlsText::LocalDnsSans:
      return put_list(local.dns_sans, out);
    case TlsText::LocalIpSans:
      return put_list(local.ip_sans, out);
    case TlsText::LocalEmailSans:
      return put_list(local.email_sans, out);
    default:
      return put_list(local.other_name_sans, out);
  }
}

bool put_peer(TlsText what, const TlsFacts& facts, const CertificateFacts& peer, std::string& out) {
  switch (what) {
    case TlsText::PeerSubject:
      return put(peer.subject, out);
    case TlsText::PeerIssuer:
      return put(peer.issuer, out);
    case TlsText::PeerSerial:
      return put(peer.serial, out);
    case TlsText::PeerSha256:
      return put(peer.sha256, out);
    case TlsText::PeerSha1:
      return put(peer.sha1, out);
    case TlsText::PeerUriSans:
      return put_list(peer.uri_sans, out);
    case TlsText::PeerDnsSans:
      return put_list(peer.dns_sans, out);
    case TlsText::PeerIpSans:
      return put_list(peer.ip_sans, out);
    case TlsText::PeerEmailSans:
      return put_list(peer.email_sans, out);
    case TlsText::PeerOtherNameSans:
      return put_list(peer.other_name_sans, out);
    case TlsText::PeerPem:
      append_encoded_pem(facts.peer_pem(false), out);
      return true;
    case TlsText::PeerChainSha256:
      return put_chain(facts, &CertificateFacts::sha256, out);
    case TlsText::PeerChainSha1:
      return put_chain(facts, &CertificateFacts::sha1, out);
    case TlsText::PeerChainSerials:
      return put_chain(facts, &CertificateFacts::serial, out);
    case TlsText::PeerIssuerSha256:
      return put_issuer(facts, &CertificateFacts::sha256, out);
    case TlsText::PeerIssuerSerial:
      return put_issuer(facts, &CertificateFacts::serial, out);
    default:
      return false;
  }
}

}  // namespace

bool write_tls_text(TlsText what, const TlsFacts* facts, std::string& out) {
  if (facts == nullptr) return false;
  switch (what) {
    case TlsText::Version:
      return put(facts->version(), out);
    case TlsText::Cipher:
      return put(facts->cipher(), out);
    case TlsText::Group:
      return put(facts->group(), out);
    case TlsText::SessionId:
      return put(facts->session_id(), out);
    case TlsText::ServerName:
      return put(facts->server_name(), out);
    default:
      break;
  }
  if (what >= TlsText::LocalSubject && what <= TlsText::LocalOtherNameSans) {
    return facts->local() != nullptr && put_local(what, *facts->local(), out);
  }
  const CertificateFacts* const peer = facts->peer();
  return peer != nullptr && put_peer(what, *facts, *peer, out);
}

bool tls_time(TlsText what, const TlsFacts* facts, int64_t& out) {
  const CertificateFacts* const peer = facts == nullptr ? nullptr : facts->peer();
  if (peer == nullptr) return false;
  out = what == TlsText::PeerValidFrom ? peer->valid_from_s : peer->valid_until_s;
  return true;
}

void append_encoded_pem(std::string_view pem, std::string& out) {
  for (const char c : pem) {
    switch (c) {
      case '\n':
        out += "%0A";
        break;
      case ' ':
        out += "%20";
        break;
      case '+':
        out += "%2B";
        break;
      case '/':
        out += "%2F";
        break;
      case '=':
        out += "%3D";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace outrider
