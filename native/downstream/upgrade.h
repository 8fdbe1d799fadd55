#pragma once
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"
#include "downstream/hcm_config.h"

namespace outrider {

// `Connection: upgrade` (a token among others) and an Upgrade header.
bool is_upgrade(const HeaderMap& headers);
bool is_connect(const HeaderMap& request);

// What upgrade_configs are asked about: the Upgrade header's value, "CONNECT" for such a request, otherwise
// empty. After apply_request_rules().
std::string_view upgrade_type(const HeaderMap& request);

// What the route says about this type (RouteAction.upgrade_configs), names compared without case.
enum class RouteUpgrade : uint8_t { Unset, Enabled, Disabled };
enum class UpgradeDecision : uint8_t {
  NotAsked,
  Accepted,
  Rejected,  // 403, details "upgrade_failed", downstream_rq_ws_on_non_ws_route
};
UpgradeDecision decide_upgrade(const HcmConfig& config, std::string_view type, RouteUpgrade route);
// The entry for a type, or nullptr.
const UpgradeConfig* find_upgrade(const HcmConfig& config, std::string_view type);

// The response makes the connection a tunnel: 101 to an upgrade, 2xx to CONNECT.
bool opens_tunnel(const HeaderMap& request, const HeaderMap& response);

}  // namespace outrider
