#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

// Byte scans of the HTTP/1 parser, 16 bytes at a time: SSE2 (part of x86-64) or NEON (part of
// arm64), bytewise elsewhere. Every function reads only [p, end).
namespace outrider::http1::scan {

// tchar (RFC 9110 §5.6.2) mapped to lower case; every other byte to 0.
struct LowerToken {
  uint8_t map[256];
  constexpr LowerToken() : map() {
    for (int c = '0'; c <= '9'; c++) map[c] = static_cast<uint8_t>(c);
    for (int c = 'a'; c <= 'z'; c++) map[c] = static_cast<uint8_t>(c);
    for (int c = 'A'; c <= 'Z'; c++) map[c] = static_cast<uint8_t>(c | 0x20);
    for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
      map[static_cast<uint8_t>(c)] = static_cast<uint8_t>(c);
    }
  }
};
inline constexpr LowerToken lower_token;

inline bool is_token(char c) { return lower_token.map[static_cast<uint8_t>(c)] != 0; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
// What no header value may hold: controls other than HTAB, and DEL. CR and LF count as stops, too.
inline bool is_stop(char c) {
  const uint8_t byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

#if defined(__SSE2__)

using Block = __m128i;
inline constexpr int mask_bits = 1;  // a lane in a mask
using Mask = uint32_t;

inline Block load(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline void store(char* p, Block b) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), b); }
inline Block splat(char c) { return _mm_set1_epi8(c); }
inline Block equal(Block a, Block b) { return _mm_cmpeq_epi8(a, b); }
inline Block either(Block a, Block b) { return _mm_or_si128(a, b); }
inline Block both(Block a, Block b) { return _mm_and_si128(a, b); }
inline Block at_most(Block a, Block limit) { return _mm_cmpeq_epi8(_mm_min_epu8(a, limit), a); }
inline Block minus(Block a, Block b) { return _mm_sub_epi8(a, b); }
inline Mask mask_of(Block b) { return static_cast<Mask>(_mm_movemask_epi8(b)); }
inline Mask mask_not(Mask m) { return ~m & 0xffffu; }
#define OUTRIDER_HTTP1_BLOCKS 1

#elif defined(__ARM_NEON) && defined(__aarch64__)

using Block = uint8x16_t;
inline constexpr int mask_bits = 4;
using Mask = uint64_t;

inline Block load(const char* p) { return vld1q_u8(reinterpret_cast<const uint8_t*>(p)); }
inline void store(char* p, Block b) { vst1q_u8(reinterpret_cast<uint8_t*>(p), b); }
inline Block splat(char c) { return vdupq_n_u8(static_cast<uint8_t>(c)); }
inline Block equal(Block a, Block b) { return vceqq_u8(a, b); }
inline Block either(Block a, Block b) { return vorrq_u8(a, b); }
inline Block both(Block a, Block b) { return vandq_u8(a, b); }
inline Block at_most(Block a, Block limit) { return vcleq_u8(a, limit); }
inline Block minus(Block a, Block b) { return vsubq_u8(a, b); }
// Four bits a lane: narrowing by 4 packs 16 comparison bytes into 64 bits.
inline Mask mask_of(Block b) {
  return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(b), 4)), 0);
}
inline Mask mask_not(Mask m) { return ~m; }
#define OUTRIDER_HTTP1_BLOCKS 1

#endif

#if defined(OUTRIDER_HTTP1_BLOCKS)
inline constexpr char lane_bits_0x20[32] = {0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
                                            0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20};
inline int first_lane(Mask m) { return __builtin_ctzll(m) / mask_bits; }
#endif

// The first LF, or `end`.
inline const char* find_lf(const char* p, const char* end) {
#if defined(OUTRIDER_HTTP1_BLOCKS)
  for (const Block lf = splat('\n'); end - p >= 16; p += 16) {
    const Mask m = mask_of(equal(load(p), lf));
    if (m != 0) return p + first_lane(m);
  }
#endif
  while (p != end && *p != '\n') p++;
  return p;
}

// The first byte behind an LF that is no more than CR, so it may belong to an empty line; `end` when there
// is none. Reads p[-1]. Compares each byte with the one in front of it, so an ordinary line costs nothing.
inline const char* find_empty_line(const char* p, const char* end) {
#if defined(OUTRIDER_HTTP1_BLOCKS)
  const Block lf = splat('\n'), cr = splat('\r');
  const auto ends = [lf, cr](const char* at) { return both(equal(load(at - 1), lf), at_most(load(at), cr)); };
  for (; end - p >= 64; p += 64) {
    const Block b = either(either(ends(p), ends(p + 16)), either(ends(p + 32), ends(p + 48)));
    if (mask_of(b) != 0) break;
  }
  for (; end - p >= 16; p += 16) {
    const Mask m = mask_of(ends(p));
    if (m != 0) return p + first_lane(m);
  }
#endif
  while (p != end && (p[-1] != '\n' || static_cast<uint8_t>(*p) > '\r')) p++;
  return p;
}

// The first byte that is not a visible ASCII character, or `end`.
inline const char* find_invisible(const char* p, const char* end) {
#if defined(OUTRIDER_HTTP1_BLOCKS)
  for (const Block first = splat('!'), range = splat('~' - '!'); end - p >= 16; p += 16) {
    const Mask m = mask_not(mask_of(at_most(minus(load(p), first), range)));
    if (m != 0) return p + first_lane(m);
  }
#endif
  while (p != end && *p >= '!' && *p <= '~') p++;
  return p;
}

// The first byte that may not stand in a value (see is_stop), or `end`.
inline const char* find_stop(const char* p, const char* end) {
#if defined(OUTRIDER_HTTP1_BLOCKS)
  for (const Block control = splat(0x1f), tab = splat('\t'), del = splat(0x7f); end - p >= 16; p += 16) {
    const Block b = load(p);
    const Mask m = mask_of(either(at_most(b, control), equal(b, del)));
    if (m == 0) continue;
    const Mask tabs = mask_of(equal(b, tab));
    if ((m & ~tabs) != 0) return p + first_lane(m & ~tabs);
  }
#endif
  while (p != end && !is_stop(*p)) p++;
  return p;
}

// Writes the header name at `p` to `to` in lower case; answers its end, the first byte that is no tchar, or
// `end`. May write up to 16 bytes past the name: those of the source, unchanged.
inline const char* lower_name(const char* p, const char* end, char* to) {
#if defined(OUTRIDER_HTTP1_BLOCKS)
  while (end - p >= 16) {
    const Block b = load(p);
    const Block folded = either(b, splat(0x20));
    const Block letter = at_most(minus(folded, splat('a')), splat(25));
    const Block digit = at_most(minus(b, splat('0')), splat(9));
    const Block common = either(either(letter, digit), equal(b, splat('-')));
    const Mask others = mask_not(mask_of(common));
    const int length = others == 0 ? 16 : first_lane(others);
    store(to, either(b, both(letter, load(lane_bits_0x20 + 16 - length))));
    p += length;
    to += length;
    if (length == 16) continue;
    if (*p == ':' || !is_token(*p)) return p;
    break;  // a rare tchar: finish bytewise
  }
#endif
  for (; p != end; p++) {
    const uint8_t lower = lower_token.map[static_cast<uint8_t>(*p)];
    if (lower == 0) return p;
    *to++ = static_cast<char>(lower);
  }
  return p;
}

}  // namespace outrider::http1::scan
