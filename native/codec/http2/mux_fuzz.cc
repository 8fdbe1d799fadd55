// Bytes of a peer through a whole connection, on either side, while requests are answered, paused and given up. What
// must hold for any input: no fault of memory, and no stream that outlives its connection.
// Input: a byte of flags, a byte that seeds the cuts and the answers, the peer's bytes (behind the preface).
#include <algorithm>
#include <cstdlib>

#include "codec/http2/testing.h"

using namespace outrider;
using namespace outrider::http2;

namespace {

void answer(testing::End& end, uint32_t seed) {
  for (auto& exchange : end.served) {
    if (exchange->stream == nullptr || exchange->heads == 0 || exchange->reset || exchange->answered)
      continue;
    exchange->answered = true;
    exchange->response.set_ref(HeaderId::Status, "200");
    exchange->response.add("x-seed", "value");
    switch (seed % 4) {
      case 0:
        exchange->stream->encode_headers(exchange->response, EndStream::Yes);
        break;
      case 1:
        exchange->stream->encode_headers(exchange->response, EndStream::No);
        exchange->stream->encode_data(std::string(100'000, 'b'), EndStream::Yes);
        break;
      case 2:
        exchange->stream->pause_input();
        exchange->stream->encode_headers(exchange->response, EndStream::No);
        exchange->stream->resume_input();
        break;
      default:
        exchange->stream->reset(ResetReason::LocalReset);
    }
    seed = seed * 1664525u + 1013904223u;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static StatsRegistry registry;
  static StatsBlock* const block = registry.add_block();
  const Role role = data[0] & 1 ? Role::Client : Role::Server;
  Options options;
  options.allow_connect = data[0] & 2;
  options.stream_error_on_invalid_message = data[0] & 4;
  options.header_bytes_max = 2'000;
  options.concurrent_streams_max = 4;
  options.stream_window_bytes = options.connection_window_bytes = 65'535;
  Workspace space;
  WorkerContext worker(0, *block, 1);
  {
    testing::End end(role, options, worker, space);
    uint32_t seed = data[1];
    if (role == Role::Client) {
      for (int i = 0; i < 3; ++i) {
        testing::Asked& exchange = end.open();
        exchange.request.set_ref(HeaderId::Method, "GET");
        exchange.request.set_ref(HeaderId::Path, "/");
        exchange.stream->encode_headers(exchange.request, EndStream::Yes);
      }
    }
    std::string kept = role == Role::Server ? std::string(client_preface) : std::string();
    std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    while (!rest.empty() && end.error.empty()) {
      seed = seed * 1664525u + 1013904223u;
      const size_t piece = std::min<size_t>(rest.size(), 1 + (seed >> 24));
      kept.append(rest.substr(0, piece));
      rest.remove_prefix(piece);
      kept.erase(0, end.mux.on_data(kept));
      // Answers to streams that have not ended, before the turn that would free them.
      if (role == Role::Server && end.error.empty() && end.closed_streams == 0) answer(end, seed);
      if ((seed & 0x300) == 0) end.take_output();
    }
    worker.loop.run_once(0);
  }
  worker.loop.run_once(0);
  if (space.streams.used() != 0) std::abort();
  return 0;
}
