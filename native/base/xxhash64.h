#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace outrider {

// XXH64 by Yann Collet, on little-endian machines: the hash of hash policies and consistent hashing. Not for
// secrets.
inline uint64_t xxhash64(std::string_view text, uint64_t seed = 0) {
  constexpr uint64_t k1 = 0x9e3779b185ebca87, k2 = 0xc2b2ae3d27d4eb4f, k3 = 0x165667b19e3779f9,
                     k4 = 0x85ebca77c2b2ae63, k5 = 0x27d4eb2f165667c5;
  static_assert(std::endian::native == std::endian::little);
  auto read = [](const char* at, auto value) {
    std::memcpy(&value, at, sizeof value);
    return uint64_t{value};
  };
  auto round = [](uint64_t lane, uint64_t input) { return std::rotl(lane + input * k2, 31) * k1; };

  const char* at = text.data();
  const char* const end = at + text.size();
  uint64_t hash = seed + k5;
  if (text.size() >= 32) {
    uint64_t lanes[4] = {seed + k1 + k2, seed + k2, seed, seed - k1};
    for (; end - at >= 32; at += 32) {
      for (int i = 0; i < 4; ++i) lanes[i] = round(lanes[i], read(at + 8 * i, uint64_t{}));
    }
    hash =
        std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    for (uint64_t lane : lanes) hash = (hash ^ round(0, lane)) * k1 + k4;
  }
  hash += text.size();
  for (; end - at >= 8; at += 8) hash = std::rotl(hash ^ round(0, read(at, uint64_t{})), 27) * k1 + k4;
  if (end - at >= 4) {
    hash = std::rotl(hash ^ (read(at, uint32_t{}) * k1), 23) * k2 + k3;
    at += 4;
  }
  for (; at < end; ++at) hash = std::rotl(hash ^ (static_cast<uint8_t>(*at) * k5), 11) * k1;
  hash = (hash ^ (hash >> 33)) * k2;
  hash = (hash ^ (hash >> 29)) * k3;
  return hash ^ (hash >> 32);
}

}  // namespace outrider
