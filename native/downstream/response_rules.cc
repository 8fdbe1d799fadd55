#include "downstream/response_rules.h"

#include <cstring>
#include <ctime>

#include "downstream/proxy_status.h"
#include "downstream/upgrade.h"

namespace outrider {
namespace {

using enum HeaderId;

inline void drop(HeaderMap& headers, HeaderId id) {
  if (headers.has(id)) headers.remove(id);
}

void set_server(const HcmConfig& config, HeaderMap& headers) {
  if (config.server_header == ServerHeader::Overwrite ||
      (config.server_header == ServerHeader::AppendIfAbsent && !headers.has(Server))) {
    headers.set_ref(Server, config.server_name);
  }
}

void remove_hop_by_hop(bool upgrade, HeaderMap& headers) {
  if (!upgrade) {
    drop(headers, Connection);
    drop(headers, Upgrade);
  }
  drop(headers, TransferEncoding);
  drop(headers, KeepAlive);
  drop(headers, ProxyConnection);
}

void echo_request_id(const HcmConfig& config, const HeaderMap& request, HeaderMap& headers) {
  if (!config.always_set_request_id_in_response && !request.has(EnvoyForceTrace)) return;
  if (request.has(RequestId)) headers.set(RequestId, request.get(RequestId));
}

bool must_close(const HcmConfig& config, const ResponseFacts& facts, const HeaderMap& headers) {
  if (facts.draining || facts.client_wants_close || !facts.request_complete) return true;
  // An HTTP/1.0 client finds the end of such a body only by the end of the connection.
  if (facts.info.protocol == Protocol::Http10 && !headers.has(ContentLength)) return true;
  return !facts.from_upstream && !config.http1_stream_error_on_invalid_message &&
         headers.get(Status) == "400";
}

AfterResponse set_connection(const HcmConfig& config, const ResponseFacts& facts, bool tunnel,
                             HeaderMap& headers) {
  if (must_close(config, facts, headers)) {
    if (!tunnel) headers.set_ref(Connection, "close");
    return AfterResponse::Close;
  }
  if (facts.info.protocol == Protocol::Http10) headers.set_ref(Connection, "keep-alive");
  return AfterResponse::KeepOpen;
}

void put2(char* out, int number) {
  out[0] = static_cast<char>('0' + number / 10);
  out[1] = static_cast<char>('0' + number % 10);
}

}  // namespace

void DateCache::render(uint64_t now_wall_s) {
  static constexpr char days[] = "SunMonTueWedThuFriSat";
  static constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const time_t seconds = static_cast<time_t>(now_wall_s);
  tm date;
  gmtime_r(&seconds, &date);
  std::memcpy(text_, "xxx, 00 xxx 0000 00:00:00 GMT", sizeof(text_));
  std::memcpy(text_, &days[date.tm_wday * 3], 3);
  put2(text_ + 5, date.tm_mday);
  std::memcpy(text_ + 8, &months[date.tm_mon * 3], 3);
  put2(text_ + 12, (date.tm_year + 1900) / 100);
  put2(text_ + 14, date.tm_year % 100);
  put2(text_ + 17, date.tm_hour);
  put2(text_ + 20, date.tm_min);
  put2(text_ + 23, date.tm_sec);
  second_ = now_wall_s;
}

AfterResponse apply_response_rules(const HcmConfig& config, const ResponseFacts& facts, HeaderMap& headers) {
  if (!headers.has(Date)) headers.set(Date, facts.dates.text(facts.now_wall_s));
  set_server(config, headers);
  const bool tunnel = facts.request != nullptr && opens_tunnel(*facts.request, headers);
  remove_hop_by_hop(tunnel, headers);
  if (facts.request != nullptr) echo_request_id(config, *facts.request, headers);
  if (!config.via.empty()) headers.append(Via, config.via, ", ");
  if (config.proxy_status.enabled) add_proxy_status(config.proxy_status, facts.info, headers);
  if (facts.info.protocol >= Protocol::Http2) return AfterResponse::KeepOpen;
  return set_connection(config, facts, tunnel, headers);
}

void apply_informational_rules(const HcmConfig& config, HeaderMap& headers, const HeaderMap* request) {
  drop(headers, Connection);
  drop(headers, Upgrade);
  if (request != nullptr) echo_request_id(config, *request, headers);
}

}  // namespace outrider
