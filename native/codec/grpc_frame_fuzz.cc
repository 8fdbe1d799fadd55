// Frames of gRPC in pieces as in one, and what they carry as protobuf.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/proto_wire.h"
#include "codec/grpc_frame.h"

using namespace outrider;

static std::vector<std::string> messages_of(std::string_view text, size_t step) {
  GrpcFrameDecoder decoder(1 << 16);
  std::vector<std::string> messages;
  for (size_t at = 0; at < text.size(); at += step) {
    std::string_view piece = text.substr(at, step);
    while (!piece.empty()) {
      const auto status = decoder.decode(piece);
      if (status == GrpcFrameDecoder::Status::Error) return messages;
      if (status == GrpcFrameDecoder::Status::Message) messages.emplace_back(decoder.message());
    }
  }
  return messages;
}

static void walk(std::string_view message, int depth) {
  ProtoReader reader(message);
  while (reader.next()) {
    const std::string_view inner = reader.bytes();
    if (!inner.empty() &&
        (inner.data() < message.data() || inner.data() + inner.size() > message.data() + message.size())) {
      std::abort();
    }
    if (depth > 0) walk(inner, depth - 1);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<std::string> whole = messages_of(text, text.size() + 1);
  if (messages_of(text, data[0] % 7 + 1) != whole) std::abort();
  for (const std::string& message : whole) walk(message, 8);
  walk(text, 8);
  return 0;
}
