#pragma once
#include <string>

#include "base/config_view.h"
#include "connection/tls_facts.h"

namespace outrider {

// The element of x-forwarded-client-cert that stands for the peer's certificate; empty: it sent none. `details` is
// HttpConnectionManager.SetCurrentClientCertDetails.
std::string client_cert_element(const TlsFacts& facts, ConfigView details);

}  // namespace outrider
