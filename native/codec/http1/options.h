#pragma once
#include "base/config_view.h"
#include "codec/http1/encoder.h"
#include "codec/http1/parser.h"

namespace outrider::http1 {

// Reads envoy.config.core.v3.Http1ProtocolOptions; what is missing there stays as it is.
void read_options(ConfigView http1, Options& parsing, EncoderOptions& encoding);

}  // namespace outrider::http1
