#pragma once
#include <string>
#include <string_view>

#include "transport/openssl.h"

namespace outrider {

// Why TLS failed, in Envoy's words: its library's number and name of the reason, where we know them. `verdict` is what
// the validator said.
std::string connection_failure(int ssl_error, std::string_view verdict);
// "rsa_pss_rsae_sha256"; empty: the peer signed nothing.
std::string_view signature_name(const SSL* ssl);

}  // namespace outrider
