#include "codec/grpc_frame.h"

#include <algorithm>

namespace outrider {

void write_grpc_prefix(uint8_t flags, uint32_t bytes, char* at) {
  at[0] = static_cast<char>(flags);
  for (int i = 0; i < 4; ++i) at[1 + i] = static_cast<char>(bytes >> (24 - 8 * i));
}

void append_grpc_prefix(uint8_t flags, uint32_t bytes, std::string& out) {
  char prefix[grpc_prefix_bytes];
  write_grpc_prefix(flags, bytes, prefix);
  out.append(prefix, sizeof(prefix));
}

static uint32_t message_bytes(std::string_view frame) {
  uint32_t bytes = 0;
  for (int i = 1; i < 5; ++i) bytes = bytes << 8 | static_cast<uint8_t>(frame[i]);
  return bytes;
}

GrpcFrameDecoder::Status GrpcFrameDecoder::decode(std::string_view& data) {
  if (consumed_) {
    consumed_ = false;
    kept_.clear();
  }
  if (kept_.size() < grpc_prefix_bytes && (!kept_.empty() || data.size() < grpc_prefix_bytes)) {
    const size_t taken = std::min(grpc_prefix_bytes - kept_.size(), data.size());
    kept_.append(data.substr(0, taken));
    data.remove_prefix(taken);
    if (kept_.size() < grpc_prefix_bytes) return Status::NeedMore;
  }
  const std::string_view prefix = kept_.empty() ? data.substr(0, grpc_prefix_bytes) : std::string_view(kept_);
  flags_ = static_cast<uint8_t>(prefix[0]);
  const uint64_t length = message_bytes(prefix);
  if ((flags_ & 0x7e) != 0 || length > message_bytes_max_) return Status::Error;
  const size_t whole = grpc_prefix_bytes + length;
  if (kept_.empty() && data.size() >= whole) {
    message_ = data.substr(grpc_prefix_bytes, length);
    data.remove_prefix(whole);
    return Status::Message;
  }
  const size_t taken = std::min(whole - kept_.size(), data.size());
  kept_.append(data.substr(0, taken));
  data.remove_prefix(taken);
  if (kept_.size() < whole) return Status::NeedMore;
  message_ = std::string_view(kept_).substr(grpc_prefix_bytes);
  consumed_ = true;
  return Status::Message;
}

}  // namespace outrider
