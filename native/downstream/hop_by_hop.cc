#include "downstream/hop_by_hop.h"

#include <cstring>

#include "base/ascii.h"
#include "downstream/text_list.h"

namespace outrider {
namespace {

constexpr size_t nominated_max = 10;  // as many are refused already
constexpr size_t te_bytes_max = 256;

enum class Member : uint8_t { Option, Header, Forbidden };

// Connection options that are no nominations stay; the codec has looked at them.
Member member_kind(std::string_view name) {
  for (std::string_view option : {"close", "keep-alive", "upgrade", "http2-settings"}) {
    if (equals_lower(name, option)) return Member::Option;
  }
  for (std::string_view forbidden : {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}) {
    if (equals_lower(name, forbidden)) return Member::Forbidden;
  }
  return name.front() == ':' ? Member::Forbidden : Member::Header;
}

size_t count_members(std::string_view list) {
  size_t count = 0;
  for (std::string_view member; next_member(list, member);) count++;
  return count;
}

bool accepts_trailers(std::string_view te) {
  for (std::string_view member; next_member(te, member);) {
    if (equals_lower(member, "trailers")) return true;
  }
  return false;
}

bool remove_nominated(std::string_view name, HeaderMap& headers) {
  char* const lower = headers.arena().copy(name);
  if (lower == nullptr) return true;
  for (size_t i = 0; i < name.size(); i++) lower[i] = lower_case(lower[i]);
  const std::string_view key(lower, name.size());
  if (key == "connection") return true;
  if (key == "host") {  // the codec has made it :authority
    headers.remove(HeaderId::Authority);
    return true;
  }
  if (key == "te" && headers.has(HeaderId::Te)) {
    const std::string_view te = headers.get(HeaderId::Te);
    if (te.size() >= te_bytes_max) return false;
    if (accepts_trailers(te)) {
      headers.set_ref(HeaderId::Te, "trailers");
      return true;
    }
  }
  headers.remove(key);
  return true;
}

// Writes what is left of the Connection header.
void keep_options(HeaderMap& headers, std::string_view list) {
  char* const out = static_cast<char*>(headers.arena().allocate(list.size(), 1));
  if (out == nullptr) return;
  size_t used = 0;
  for (std::string_view member; next_member(list, member);) {
    if (member_kind(member) != Member::Option) continue;
    if (used != 0) out[used++] = ',';
    std::memcpy(out + used, member.data(), member.size());
    used += member.size();
  }
  if (used == 0) {
    headers.remove(HeaderId::Connection);
  } else {
    headers.set_ref(HeaderId::Connection, {out, used});
  }
}

}  // namespace

Nominated remove_nominated_headers(HeaderMap& headers) {
  const std::string_view whole = headers.get_joined(HeaderId::Connection);
  if (whole.empty() || whole == "keep-alive" || whole == "close") return Nominated::Removed;
  if (count_members(whole) >= nominated_max) return Nominated::Rejected;
  bool any = false;
  std::string_view list = whole;
  for (std::string_view member; next_member(list, member);) {
    const Member kind = member_kind(member);
    if (kind == Member::Option) continue;
    if (kind == Member::Forbidden || !remove_nominated(member, headers)) return Nominated::Rejected;
    any = true;
  }
  if (any) keep_options(headers, whole);
  return Nominated::Removed;
}

}  // namespace outrider
