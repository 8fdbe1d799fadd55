#include "downstream/forwarded_for.h"

#include <arpa/inet.h>

#include <cstring>
#include <new>

#include "downstream/text_list.h"

namespace outrider {
namespace {

const sockaddr_in& as_v4(const Address& address) {
  return *reinterpret_cast<const sockaddr_in*>(address.raw());
}

// 127.0.0.1 or ::1: such a peer stands for this machine. Other addresses of 127/8 do not, as in Envoy.
bool is_this_machine(const Address& address) {
  if (address.family() == AF_INET) return as_v4(address).sin_addr.s_addr == htonl(INADDR_LOOPBACK);
  return address.family() == AF_INET6 && address.is_loopback();
}

void append_peer(const HcmConfig& config, const Address& peer, HeaderMap& headers) {
  if (is_this_machine(peer)) {
    headers.append(HeaderId::ForwardedFor, config.local_ip, ",");
    return;
  }
  char text[INET6_ADDRSTRLEN];
  const std::string_view ip = write_ip(peer, text);
  if (!ip.empty()) headers.append(HeaderId::ForwardedFor, ip, ",");
}

const Address* parse(std::string_view ip, HeaderMap& headers) {
  const Address address = Address::from_ip(ip, 0);
  if (!address.valid()) return nullptr;
  void* const room = headers.arena().allocate(sizeof(Address), alignof(Address));
  return room == nullptr ? nullptr : new (room) Address(address);
}

// Cuts the last entry off a list; entries may be empty.
std::string_view cut_last(std::string_view& list) {
  const size_t comma = list.rfind(',');
  const std::string_view last = list.substr(comma == std::string_view::npos ? 0 : comma + 1);
  list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
  return trim_blanks(last);
}

// The entry `skip` hops from the right.
ClientAddress from_hops(std::string_view list, uint32_t skip, HeaderMap& headers) {
  const bool single = skip == 0 && list.find(',') == std::string_view::npos;
  for (; skip > 0; skip--) {
    const size_t comma = list.rfind(',');
    if (comma == std::string_view::npos) return {};
    list = list.substr(0, comma);
  }
  const Address* const address = parse(cut_last(list), headers);
  return {address, address != nullptr && single, 0};
}

// From the right, the first entry that is not trusted; the leftmost where all are.
ClientAddress from_trusted(const IpDetection& detection, const Address& peer, std::string_view list,
                           HeaderMap& headers) {
  if (!detection.trusted_cidrs.contains(peer)) return {};
  const bool single = list.find(',') == std::string_view::npos;
  ClientAddress client;
  while (!list.empty()) {
    const Address address = Address::from_ip(cut_last(list), 0);
    if (!address.valid()) return {};
    if (!list.empty() && detection.trusted_cidrs.contains(address)) continue;
    void* const room = headers.arena().allocate(sizeof(Address), alignof(Address));
    if (room == nullptr) return {};
    return {new (room) Address(address), single, 0};
  }
  return client;
}

ClientAddress detect_by_xff(const HcmConfig& config, const IpDetection& detection, const Address& peer,
                            HeaderMap& headers) {
  ClientAddress client;
  const std::string_view list = headers.get_joined(HeaderId::ForwardedFor);
  if (!list.empty()) {
    client = detection.by_trusted_cidrs ? from_trusted(detection, peer, list, headers)
                                        : from_hops(list, detection.trusted_hops, headers);
  }
  if (!detection.skip_xff_append) append_peer(config, peer, headers);
  return client;
}

ClientAddress detect_by_header(const IpDetection& detection, HeaderMap& headers) {
  const Header* const header = detection.header_id != HeaderId::None
                                   ? headers.find(detection.header_id)
                                   : headers.find(std::string_view(detection.header));
  const Address* const address = header == nullptr ? nullptr : parse(header->text(), headers);
  if (address == nullptr) return {nullptr, false, detection.reject_status};
  return {address, detection.trust_address, 0};
}

}  // namespace

std::string_view write_ip(const Address& address, char* out) {
  if (address.family() == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address.raw());
    if (inet_ntop(AF_INET6, &v6.sin6_addr, out, INET6_ADDRSTRLEN) == nullptr) return {};
    return {out, std::strlen(out)};
  }
  if (address.family() != AF_INET) return {};
  uint8_t bytes[4];
  std::memcpy(bytes, &as_v4(address).sin_addr, 4);
  char* to = out;
  for (int i = 0; i < 4; i++) {
    if (i > 0) *to++ = '.';
    const uint8_t byte = bytes[i];
    if (byte >= 100) *to++ = static_cast<char>('0' + byte / 100);
    if (byte >= 10) *to++ = static_cast<char>('0' + byte / 10 % 10);
    *to++ = static_cast<char>('0' + byte % 10);
  }
  return {out, static_cast<size_t>(to - out)};
}

ClientAddress client_from_connection(const HcmConfig& config, const ConnectionInfo& connection,
                                     HeaderMap& headers) {
  ClientAddress client{&connection.direct_remote, !headers.has(HeaderId::ForwardedFor), 0};
  if (config.xff_num_trusted_hops > 0 && headers.has(HeaderId::ForwardedFor)) {
    const ClientAddress told =
        from_hops(headers.get_joined(HeaderId::ForwardedFor), config.xff_num_trusted_hops - 1, headers);
    if (told.address != nullptr) client.address = told.address;
  }
  if (!config.skip_xff_append) append_peer(config, connection.direct_remote, headers);
  return client;
}

ClientAddress detect_client(const HcmConfig& config, const ConnectionInfo& connection, HeaderMap& headers) {
  for (const IpDetection& detection : config.ip_detections) {
    const ClientAddress client = detection.kind == IpDetection::Kind::Xff
                                     ? detect_by_xff(config, detection, connection.direct_remote, headers)
                                     : detect_by_header(detection, headers);
    if (client.address != nullptr || client.reject_status != 0) return client;
  }
  return {};
}

bool is_internal_address(const HcmConfig& config, const Address& address) {
  if (address.family() == AF_UNIX) return config.internal_unix_sockets;
  return config.internal_addresses.contains(address);
}

}  // namespace outrider
