#include "downstream/request_id.h"

#include <cstring>

namespace outrider {
namespace {

constexpr char hex[] = "0123456789abcdef";

// Two digits for each byte value: one 16-bit store a byte.
struct HexPairs {
  char text[512];
  constexpr HexPairs() : text() {
    for (int i = 0; i < 256; i++) {
      text[2 * i] = hex[i >> 4];
      text[2 * i + 1] = hex[i & 15];
    }
  }
};
constexpr HexPairs pairs;

void put(char* out, uint64_t bits) { std::memcpy(out, &pairs.text[2 * (bits & 255)], 2); }

constexpr size_t reason_at = 14;  // the version digit: 4 says that there is no reason
constexpr char reason_digits[] = {'4', 'a', '9', 'b'};

}  // namespace

void write_uuid(Random& random, char* out) {
  uint64_t high = random.next();
  uint64_t low = random.next();
  high = (high & ~uint64_t{0xf000}) | 0x4000;                              // version 4
  low = (low & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);                // variant 10
  for (int i = 0; i < 4; i++) put(out + 2 * i, high >> (56 - 8 * i));      // 8 digits
  for (int i = 0; i < 2; i++) put(out + 9 + 2 * i, high >> (24 - 8 * i));  // 4
  for (int i = 0; i < 2; i++) put(out + 14 + 2 * i, high >> (8 - 8 * i));  // 4
  for (int i = 0; i < 2; i++) put(out + 19 + 2 * i, low >> (56 - 8 * i));  // 4
  for (int i = 0; i < 6; i++) put(out + 24 + 2 * i, low >> (40 - 8 * i));  // 12
  out[8] = out[13] = out[18] = out[23] = '-';
}

TraceReason trace_reason(std::string_view request_id) {
  if (request_id.size() != uuid_bytes) return TraceReason::NotTraceable;
  for (size_t reason = 1; reason < sizeof(reason_digits); reason++) {
    if (request_id[reason_at] == reason_digits[reason]) return static_cast<TraceReason>(reason);
  }
  return TraceReason::NotTraceable;
}

void set_trace_reason(char* uuid, TraceReason reason) {
  uuid[reason_at] = reason_digits[static_cast<uint8_t>(reason)];
}

}  // namespace outrider
