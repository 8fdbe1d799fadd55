#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

// The Huffman code of HPACK (RFC 7541 §5.2 and appendix B).
namespace outrider::http2 {

// The most bytes that `encoded` bytes decode to: the shortest code has 5 bits.
constexpr size_t huffman_decoded_bytes_max(size_t encoded) { return encoded * 8 / 5; }
// Writes at most that many bytes to `out`; answers their number, or -1 when the padding or a code is wrong.
ptrdiff_t huffman_decode(std::string_view encoded, char* out);

size_t huffman_encoded_bytes(std::string_view text);
// Writes huffman_encoded_bytes(text) bytes.
char* huffman_encode(std::string_view text, char* out);

}  // namespace outrider::http2
