#include "codec/http1/options.h"

namespace outrider::http1 {

static KeyFormat read_key_format(ConfigView format) {
  if (format.has("proper_case_words")) return KeyFormat::ProperCase;
  return format.has("stateful_formatter") ? KeyFormat::PreserveCase : KeyFormat::None;
}

void read_options(ConfigView http1, Options& parsing, EncoderOptions& encoding) {
  parsing.allow_absolute_url = http1.boolean("allow_absolute_url", parsing.allow_absolute_url);
  parsing.accept_http_10 = http1.boolean("accept_http_10");
  parsing.default_host_for_http_10 = http1.string("default_host_for_http_10");
  parsing.allow_chunked_length = http1.boolean("allow_chunked_length");
  parsing.enable_trailers = http1.boolean("enable_trailers");
  parsing.allow_custom_methods = http1.boolean("allow_custom_methods");
  parsing.send_fully_qualified_url = http1.boolean("send_fully_qualified_url");
  parsing.key_format = read_key_format(http1["header_key_format"]);
  encoding.key_format = parsing.key_format;
  encoding.enable_trailers = parsing.enable_trailers;
  encoding.send_fully_qualified_url = parsing.send_fully_qualified_url;
}

}  // namespace outrider::http1
