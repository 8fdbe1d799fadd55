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

// Encrypted bytes on their way in and out, whatever the connection, and how long handshakes took this turn.
struct TransportScratch {
  // Less than the reads' own memory: what was decrypted of it always has room there.
  static constexpr size_t in_bytes = 128 * 1024;
  static constexpr size_t out_bytes = 128 * 1024;
  static constexpr size_t record_bytes = 16 * 1024;
  char in[in_bytes];
  char out[out_bytes];
  char record[record_bytes];  // small pieces become one record
  size_t out_size = 0;
  uint64_t turn_ns = 0;
  uint64_t handshakes_ns = 0;  // spent in this turn
};

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
  std::unique_ptr<TransportScratch> transport;  // made with the first connection that needs it
  Phase phase = Phase::Serving;
  uint64_t next_connection_id = 0;  // combined with the index, unique in the process

  uint64_t connection_id() { return (++next_connection_id << 8) | index; }
};

}  // namespace outrider
