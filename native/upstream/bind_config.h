#pragma once
#include <string>
#include <vector>

#include "base/address.h"
#include "base/config_view.h"
#include "base/result.h"

namespace outrider {

// A socket option to set before bind, after bind or after listen (envoy.config.core.v3.SocketOption).
struct SocketOption {
  enum class State : uint8_t { Prebind, Bound, Listening };
  State state = State::Prebind;
  bool is_number = true;
  int level = 0;
  int name = 0;
  int number = 0;
  std::string bytes;
};

// Where upstream connections come from; the kernel chooses while the address is not valid.
struct BindSource {
  Address address;
  bool freebind = false;
  std::vector<SocketOption> options;
};

// SO_KEEPALIVE and its times; -1: the kernel's default.
struct TcpKeepalive {
  bool enabled = false;
  int probes = -1;
  int time_s = -1;
  int interval_s = -1;
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
