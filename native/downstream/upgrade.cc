#include "downstream/upgrade.h"

#include <strings.h>

#include "base/ascii.h"
#include "downstream/text_list.h"

namespace outrider {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool has_member(std::string_view list, std::string_view lower) {
  for (std::string_view member; next_member(list, member);) {
    if (equals_lower(member, lower)) return true;
  }
  return false;
}

}  // namespace

bool is_upgrade(const HeaderMap& headers) {
  return headers.has(HeaderId::Upgrade) && headers.has(HeaderId::Connection) &&
         has_member(headers.get(HeaderId::Connection), "upgrade");
}

bool is_connect(const HeaderMap& request) { return request.get(HeaderId::Method) == "CONNECT"; }

std::string_view upgrade_type(const HeaderMap& request) {
  if (const Header* upgrade = request.find(HeaderId::Upgrade)) return upgrade->text();
  return is_connect(request) ? "CONNECT" : std::string_view{};
}

const UpgradeConfig* find_upgrade(const HcmConfig& config, std::string_view type) {
  for (const UpgradeConfig& upgrade : config.upgrades) {
    if (equals_ignoring_case(upgrade.type, type)) return &upgrade;
  }
  return nullptr;
}

UpgradeDecision decide_upgrade(const HcmConfig& config, std::string_view type, RouteUpgrade route) {
  if (type.empty()) return UpgradeDecision::NotAsked;
  if (route == RouteUpgrade::Enabled) return UpgradeDecision::Accepted;
  const UpgradeConfig* const upgrade = find_upgrade(config, type);
  const bool allowed = upgrade != nullptr && upgrade->enabled && route == RouteUpgrade::Unset;
  return allowed ? UpgradeDecision::Accepted : UpgradeDecision::Rejected;
}

bool opens_tunnel(const HeaderMap& request, const HeaderMap& response) {
  if (is_connect(request)) return response.get(HeaderId::Status).starts_with('2');
  return is_upgrade(request) && is_upgrade(response);
}

}  // namespace outrider
