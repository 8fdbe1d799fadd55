#pragma once
#include <string>
#include <string_view>

#include "codec/http2/hpack_table.h"

namespace outrider::http2 {

// Decodes header blocks (RFC 7541), one after the other, on one connection.
class HpackDecoder {
 public:
  explicit HpackDecoder(uint32_t table_bytes_max)
      : table_(table_bytes_max), table_bytes_limit_(table_bytes_max) {}

  // Tells `sink` every field in order: sink.on_field(const HpackEntry&), whose bytes are valid during the call. False:
  // the block is broken, and the connection with it.
  // `scratch` is overwritten.
  template <typename Sink>
  bool decode(std::string_view block, std::string& scratch, Sink& sink) {
    begin(block);
    HpackEntry entry;
    for (;;) {
      switch (next(scratch, entry)) {
        case Step::Field:
          sink.on_field(entry);
          break;
        case Step::End:
          return true;
        case Step::Error:
          return false;
      }
    }
  }

 private:
  enum class Step : uint8_t { Field, End, Error };
  void begin(std::string_view block) {
    at_ = block.data();
    end_ = at_ + block.size();
    fields_begun_ = false;
  }
  Step next(std::string& scratch, HpackEntry& entry);
  Step literal(std::string& scratch, HpackEntry& entry, uint32_t prefix_bits, bool indexing);
  bool integer(uint32_t prefix_bits, uint32_t& value);
  bool text(std::string& scratch, size_t& used, std::string_view& out);
  bool look_up(uint32_t index, HpackEntry& entry) const;

  HpackTable table_;
  uint32_t table_bytes_limit_;  // as our settings say
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string name_;           // of an entry that is built from one that goes
  bool fields_begun_ = false;  // no size update may follow
};

}  // namespace outrider::http2
