#pragma once
#include <cstring>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "codec/header_map.h"
#include "formatter/format.h"
#include "formatter/stream_info.h"

namespace outrider {

// A stream with everything that a proxied request has; for tests only.
struct TestStream {
  ArenaBlockPool blocks;
  Arena arena{blocks};
  HeaderMap request{arena, HeaderMapKind::Request};
  HeaderMap response{arena, HeaderMapKind::Response};
  HeaderMap trailers{arena, HeaderMapKind::ResponseTrailers};
  Address upstream = Address::from_ip("10.1.2.3", 8080);
  Address upstream_local = Address::from_ip("10.0.0.1", 40'000);
  Address remote = Address::from_ip("192.168.7.9", 0);
  ConnectionInfo connection;
  StreamInfo info;
  FormatContext context;

  TestStream() {
    request.add(":method", "GET");
    request.add(":path", "/one?q=1&r=a%20b&q=2");
    request.add(":authority", "h.test:80");
    request.add("user-agent", "t/1");
    request.add("x-request-id", "6afc3eda-9f54-4ae1-85b5-ab48fcad6385");
    response.add(":status", "200");
    response.add("x-envoy-upstream-service-time", "3");
    connection.id = 7;
    connection.local = Address::from_ip("127.0.0.1", 10'000);
    connection.direct_remote = Address::from_ip("127.0.0.1", 50'000);
    connection.listener_name = "l";
    info.connection = &connection;
    info.downstream_remote = &remote;
    info.upstream_remote = &upstream;
    info.upstream_local = &upstream_local;
    info.upstream_host_name = "up.test";
    info.upstream_cluster_name = "alt_a";
    info.upstream_cluster_raw_name = "a";
    info.upstream_connection_id = 9;
    info.start_wall_us = 1'795'528'582'830'543;  // 2026-11-24T13:56:22.830543Z
    info.protocol = Protocol::Http11;
    info.upstream_protocol = Protocol::Http11;
    info.response_code = 200;
    info.response_code_details = "via_upstream";
    info.attempt_count = 1;
    info.bytes_sent = 6;
    info.route_name = "the-route";
    info.timing = {.start_ns = 1'000'000'000,
                   .last_downstream_rx_byte_ns = 1'003'900'000,
                   .first_upstream_tx_byte_ns = 1'004'051'000,
                   .last_upstream_tx_byte_ns = 1'004'100'000,
                   .first_upstream_rx_byte_ns = 1'035'700'000,
                   .last_upstream_rx_byte_ns = 1'036'000'000,
                   .first_downstream_tx_byte_ns = 1'035'900'000,
                   .last_downstream_tx_byte_ns = 1'036'092'777,
                   .end_ns = 1'036'100'000};
    context = {.info = &info,
               .request_headers = &request,
               .response_headers = &response,
               .response_trailers = &trailers};
  }

  std::string print(std::string_view text, MissingValue missing = MissingValue::Dash) {
    Result<Format> format = Format::parse(text, missing);
    if (!format.ok()) return "refused: " + format.error().reason;
    std::string out;
    format.value().append(context, out);
    return out;
  }
};

}  // namespace outrider
