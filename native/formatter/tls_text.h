#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "connection/tls_facts.h"

namespace outrider {

// What %DOWNSTREAM_TLS_…%, %UPSTREAM_PEER_…% and the like say.
enum class TlsText : uint8_t {
  Version,
  Cipher,
  Group,
  SessionId,
  ServerName,
  LocalSubject,
  LocalUriSans,
  LocalDnsSans,
  LocalIpSans,
  LocalEmailSans,
  LocalOtherNameSans,
  PeerSubject,
  PeerIssuer,
  PeerSerial,
  PeerSha256,
  PeerSha1,
  PeerUriSans,
  PeerDnsSans,
  PeerIpSans,
  PeerEmailSans,
  PeerOtherNameSans,
  PeerPem,
  PeerChainSha256,
  PeerChainSha1,
  PeerChainSerials,
  PeerIssuerSha256,
  PeerIssuerSerial,
  PeerValidFrom,
  PeerValidUntil,
};

// False: nothing to say. PeerValidFrom and PeerValidUntil are times, which tls_time() answers.
bool write_tls_text(TlsText what, const TlsFacts* facts, std::string& out);
// Seconds since 1970; false: unknown.
bool tls_time(TlsText what, const TlsFacts* facts, int64_t& out);

// A PEM text as it stands in a header: URL-encoded.
void append_encoded_pem(std::string_view pem, std::string& out);

}  // namespace outrider
