#pragma once
#include <string>
#include <string_view>

namespace outrider {

std::string_view drop_query(std::string_view path);

// The first value of a query parameter, percent-decoded; false when the path has none of that name.
bool append_query_parameter(std::string_view path, std::string_view name, std::string& out);
// The whole query, percent-decoded; a "%" that stands for no byte is dropped, as Envoy drops it.
void append_decoded_query(std::string_view query, std::string& out);

// The first value of `key` (lower case) in x-forwarded-client-cert, e.g. "uri"; false when there is none.
bool append_certificate_value(std::string_view header, std::string_view key, std::string& out);

}  // namespace outrider
