#pragma once
#include <string>
#include <vector>

#include "base/address.h"
#include "base/config_view.h"
#include "base/result.h"
#include "connection/socket_options.h"

namespace outrider {

// Where upstream connections come from; the kernel chooses while the address is not valid.
struct BindSource {
  Address address;
  bool freebind = false;
  std::vector<SocketOption> options;
};

// envoy.config.core.v3.BindConfig of upstream connections.
struct BindConfig {
  std::vector<BindSource> sources;    // source_address, then the extra ones
  std::vector<SocketOption> options;  // for sockets that are bound to none of them

  static Result<BindConfig> read(ConfigView config);
  // What to bind to for an upstream address of `family`: the first source when none is of it; null where the
  // kernel chooses.
  const BindSource* source_for(int family) const;
};

}  // namespace outrider
