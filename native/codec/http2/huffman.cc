#include "codec/http2/huffman.h"

#include <array>

namespace outrider::http2 {
namespace {

constexpr size_t symbols = 256;
constexpr uint32_t code_bits_min = 5;
constexpr uint32_t code_bits_max = 30;

// The code is canonical: the lengths of RFC 7541 appendix B say all of it.
constexpr uint8_t code_bits[symbols] = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,
    6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,
    6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22,
    20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23,
    22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22,
    23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22,
    25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
};

struct Code {
  uint32_t bits;
  uint8_t count;
};

struct Codes {
  std::array<Code, symbols> of_symbol{};
  std::array<uint8_t, symbols> sorted{};                 // symbols by code
  std::array<uint32_t, code_bits_max + 2> first{};       // the first code of a length
  std::array<uint32_t, code_bits_max + 2> first_rank{};  // and its place in sorted
  std::array<uint32_t, code_bits_max + 2>
      end{};  // one past the last code of a length, shifted to the left end
};

constexpr Codes build_codes() {
  Codes codes;
  uint32_t code = 0;
  uint32_t rank = 0;
  for (uint32_t length = code_bits_min; length <= code_bits_max; ++length) {
    code <<= 1;
    codes.first[length] = code;
    codes.first_rank[length] = rank;
    for (size_t symbol = 0; symbol < symbols; ++symbol) {
      if (code_bits[symbol] != length) continue;
      codes.of_symbol[symbol] = {code++, static_cast<uint8_t>(length)};
      codes.sorted[rank++] = static_cast<uint8_t>(symbol);
    }
    codes.end[length] = code << (32 - length);
  }
  return codes;
}
constexpr Codes codes = build_codes();

// Nearly all text is of codes of at most this length: one look.
constexpr uint32_t quick_bits = 10;
struct Quick {
  uint8_t symbol;
  uint8_t count;  // 0: the code is longer
};

constexpr std::array<Quick, 1u << quick_bits> build_quick() {
  std::array<Quick, 1u << quick_bits> table{};
  for (size_t symbol = 0; symbol < symbols; ++symbol) {
    const Code code = codes.of_symbol[symbol];
    if (code.count > quick_bits) continue;
    const uint32_t spread = quick_bits - code.count;
    for (uint32_t i = 0; i < (1u << spread); ++i) {
      table[(code.bits << spread) + i] = {static_cast<uint8_t>(symbol), code.count};
    }
  }
  return table;
}
constexpr std::array<Quick, 1u << quick_bits> quick = build_quick();

// The length of the code that `window` begins with; code_bits_max + 1: that of the end of string, an error.
uint32_t long_code_bits(uint32_t window) {
  uint32_t length = quick_bits + 1;
  while (length <= code_bits_max && window >= codes.end[length]) ++length;
  return length;
}

}  // namespace

ptrdiff_t huffman_decode(std::string_view encoded, char* out) {
  char* const start = out;
  uint64_t bits = 0;  // at the left end
  uint32_t count = 0;
  size_t at = 0;
  for (;;) {
    while (count <= 56 && at < encoded.size()) {
      bits |= uint64_t{static_cast<uint8_t>(encoded[at++])} << (56 - count);
      count += 8;
    }
    if (count < code_bits_min) break;
    const Quick entry = quick[bits >> (64 - quick_bits)];
    if (entry.count != 0) {
      if (entry.count > count) break;
      *out++ = static_cast<char>(entry.symbol);
      bits <<= entry.count;
      count -= entry.count;
      continue;
    }
    const auto window = static_cast<uint32_t>(bits >> 32);
    const uint32_t length = long_code_bits(window);
    if (length > count) break;
    if (length > code_bits_max) return -1;
    const uint32_t rank = codes.first_rank[length] + (window >> (32 - length)) - codes.first[length];
    *out++ = static_cast<char>(codes.sorted[rank]);
    bits <<= length;
    count -= length;
  }
  // What is left is padding: less than a byte, all ones.
  if (count >= 8) return -1;
  if (count > 0 && (bits >> (64 - count)) != (1u << count) - 1) return -1;
  return out - start;
}

size_t huffman_encoded_bytes(std::string_view text) {
  size_t bits = 0;
  for (const char c : text) bits += code_bits[static_cast<uint8_t>(c)];
  return (bits + 7) / 8;
}

char* huffman_encode(std::string_view text, char* out) {
  uint64_t bits = 0;
  uint32_t count = 0;
  for (const char c : text) {
    const Code code = codes.of_symbol[static_cast<uint8_t>(c)];
    bits = bits << code.count | code.bits;
    count += code.count;
    while (count >= 8) {
      count -= 8;
      *out++ = static_cast<char>(bits >> count);
    }
  }
  if (count > 0) *out++ = static_cast<char>(bits << (8 - count) | ((1u << (8 - count)) - 1));
  return out;
}

}  // namespace outrider::http2
