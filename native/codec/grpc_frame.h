#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace outrider {

inline constexpr size_t grpc_prefix_bytes = 5;  // a flag, and the message's length in network order

// The frame in front of a message of `bytes`.
void append_grpc_prefix(uint8_t flags, uint32_t bytes, std::string& out);
// Writes the prefix over the five bytes at `at`, where room was left for it.
void write_grpc_prefix(uint8_t flags, uint32_t bytes, char* at);

// Takes length-prefixed messages out of a body, however it is cut into pieces. Bounded: a message longer than
// `message_bytes_max` is an error, as is a flag byte that is no flag.
class GrpcFrameDecoder {
 public:
  enum class Status : uint8_t { NeedMore, Message, Error };

  explicit GrpcFrameDecoder(uint64_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // Takes bytes off `data`. After Message, message() and flags() are its: views into `data` where it came in one
  // piece, valid until the next call.
  Status decode(std::string_view& data);
  std::string_view message() const { return message_; }
  uint8_t flags() const { return flags_; }
  bool compressed() const { return flags_ & 1; }
  // Nothing of a message has come yet.
  bool between_messages() const { return kept_.empty(); }

 private:
  uint64_t message_bytes_max_;
  std::string kept_;  // prefix and message, as far as they came
  std::string_view message_;
  uint8_t flags_ = 0;
  bool consumed_ = false;  // message_ stands in kept_
};

}  // namespace outrider
