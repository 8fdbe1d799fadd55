#include "upstream/lb/host_table.h"

#include <algorithm>
#include <utility>

#include "upstream/lb/lb_config.h"

namespace outrider {

std::unique_ptr<HostTable> HostTable::build(const LbConfig& config, std::vector<Entry> entries) {
  std::vector<Share> shares(entries.begin(), entries.end());
  std::ranges::sort(shares, {}, &Share::host);
  std::unique_ptr<HostTable> table;
  if (config.kind == LbPolicyKind::RingHash) table = build_ring_hash(config, entries);
  if (config.kind == LbPolicyKind::Maglev) table = build_maglev(config, std::move(entries));
  if (table != nullptr) table->shares_ = std::move(shares);
  return table;
}

}  // namespace outrider
