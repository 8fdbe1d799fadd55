#include "upstream/host.h"

namespace outrider {

HostHealth health_of(uint32_t flags) {
  constexpr uint32_t kUnhealthy = static_cast<uint32_t>(HealthFlag::FailedActiveHc) |
                                  static_cast<uint32_t>(HealthFlag::FailedOutlierCheck) |
                                  static_cast<uint32_t>(HealthFlag::FailedEdsHealth) |
                                  static_cast<uint32_t>(HealthFlag::EdsStatusDraining);
  constexpr uint32_t kDegraded = static_cast<uint32_t>(HealthFlag::DegradedActiveHc) |
                                 static_cast<uint32_t>(HealthFlag::DegradedEdsHealth);
  if ((flags & kUnhealthy) != 0) return HostHealth::Unhealthy;
  return (flags & kDegraded) != 0 ? HostHealth::Degraded : HostHealth::Healthy;
}

bool is_excluded(uint32_t flags) {
  return has_flag(flags, HealthFlag::PendingActiveHc) || has_flag(flags, HealthFlag::EdsStatusDraining);
}

}  // namespace outrider
