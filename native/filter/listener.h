#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/config_view.h"
#include "base/result.h"
#include "base/runtime_values.h"
#include "base/stats.h"
#include "base/worker_context.h"
#include "formatter/stream_info.h"

namespace outrider {

// A connection that was accepted and that no filter chain has yet.
struct ListenerSocket {
  WorkerContext& worker;
  const RuntimeValues* runtime;  // null: every key has its default
  ConnectionInfo& info;
  int fd;
  // Takes bytes that were seen off the front of what the client has sent. False: they are not there.
  bool consume(size_t bytes) const;
};

enum class ListenerStatus : uint8_t {
  Continue,
  NeedMore,  // bytes: asked again, with all of them, once some have come
  Close,
};

// A listener filter as configured: immutable, shared by all workers. It keeps nothing for a connection: what it wants
// to see is shown to it again from the front, still in the kernel's buffer (MSG_PEEK), each time more has come.
class ListenerFilter {
 public:
  virtual ~ListenerFilter() = default;
  // How many bytes it wants to see at most; 0: it needs none, and gets none.
  virtual size_t peek_bytes_max() const { return 0; }
  virtual ListenerStatus inspect(ListenerSocket& socket, std::string_view bytes) const = 0;
};

// What building a filter's configuration may ask for. Main thread.
struct ListenerBuildContext {
  StatsRegistry& stats;
  uint32_t worker_count;
};

// A filter type: its configuration's message, and how that is read.
struct ListenerFilterType {
  using Read = Result<std::unique_ptr<ListenerFilter>> (*)(ConfigView config, ListenerBuildContext& context);
  std::string_view type;
  Read read;
};

// The filter for a configuration type; null when there is none. Written by the build from the folder's files.
const ListenerFilterType* find_listener_filter(std::string_view type);

}  // namespace outrider
