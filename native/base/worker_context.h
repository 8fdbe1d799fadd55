#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/arena.h"
#include "base/event_loop.h"
#include "base/output_buffer.h"
#include "base/pipe_pool.h"
#include "base/random.h"
#include "base/stats.h"

namespace outrider {

enum class Phase : uint8_t { Serving, Draining };

// What any room may ask of the worker that it runs on. Everything here belongs to one worker.
struct WorkerContext {
  WorkerContext(uint32_t worker_index, StatsBlock& stats_block, uint64_t seed)
      : index(worker_index), stats(stats_block), random(seed) {}

  // Reads land here, whatever the connection: hot memory, and connections that wait hold none.
  // 256 KiB: bulk costs 235 us per MiB with reads of that size, 1,256 with 4 KiB.
  static constexpr size_t scratch_bytes = 256 * 1024;

  const uint32_t index;
  StatsBlock& stats;
  Random random;
  ArenaBlockPool arena_blocks;
  ChunkPool chunks;
  PipePool pipes;
  EventLoop loop;
  std::unique_ptr<char[]> scratch{new char[scratch_bytes]};
  Phase phase = Phase::Serving;
  uint64_t next_connection_id = 0;  // combined with the index, unique in the process

  uint64_t connection_id() { return (++next_connection_id << 8) | index; }
};

}  // namespace outrider
