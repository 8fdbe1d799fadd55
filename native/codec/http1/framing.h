#pragma once

#include "codec/header_map.h"
#include "codec/http1/parser.h"

// How long is the body? (RFC 9112 §6, with Envoy's refusals.) And does the connection live on?
namespace outrider::http1 {

// Sets framing, content_length, upgrade, connect of `head`; takes out of the map what must not be passed
// on: a Content-Length beside an allowed chunked coding, h2c upgrades. False with *error set.
bool frame_request(const Options& options, HeaderMap& map, Head* head, ParseError* error);
// head->status is set.
bool frame_response(const Options& options, const ResponseContext& context, HeaderMap& map, Head* head,
                    ParseError* error);

// By version, Connection and Proxy-Connection.
bool keeps_alive(uint8_t minor_version, const HeaderMap& map);

// Connection: upgrade, and an Upgrade field.
bool is_upgrade(const HeaderMap& map);

}  // namespace outrider::http1
