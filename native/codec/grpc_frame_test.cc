#include "codec/grpc_frame.h"

#include <gtest/gtest.h>

#include <vector>

namespace outrider {
namespace {

std::vector<std::string> decode(std::string_view text, size_t step, bool* failed = nullptr,
                                uint64_t most = 100) {
  GrpcFrameDecoder decoder(most);
  std::vector<std::string> messages;
  for (size_t at = 0; at < text.size(); at += step) {
    std::string_view piece = text.substr(at, step);
    while (!piece.empty()) {
      const auto status = decoder.decode(piece);
      if (status == GrpcFrameDecoder::Status::Message) messages.emplace_back(decoder.message());
      if (status != GrpcFrameDecoder::Status::Error) continue;
      if (failed != nullptr) *failed = true;
      return messages;
    }
  }
  return messages;
}

TEST(GrpcFrame, MessagesComeOutHoweverTheyAreCut) {
  std::string text;
  for (const std::string_view message : {"hello", "", "a longer one, of 31 bytes, as it is"}) {
    append_grpc_prefix(0, static_cast<uint32_t>(message.size()), text);
    text.append(message);
  }
  for (size_t step = 1; step <= text.size(); ++step) {
    EXPECT_EQ(decode(text, step),
              (std::vector<std::string>{"hello", "", "a longer one, of 31 bytes, as it is"}))
        << step;
  }
}

TEST(GrpcFrame, AMessageBeyondTheLimitAndAWrongFlagAreErrors) {
  std::string text;
  append_grpc_prefix(0, 101, text);
  bool failed = false;
  decode(text, 3, &failed);
  EXPECT_TRUE(failed);
  text.clear();
  append_grpc_prefix(2, 1, text);
  failed = false;
  decode(text + "x", 100, &failed);
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace outrider
