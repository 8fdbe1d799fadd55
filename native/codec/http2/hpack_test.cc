#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/http2/field_text.h"
#include "codec/http2/hpack_decoder.h"
#include "codec/http2/hpack_encoder.h"
#include "codec/http2/huffman.h"

namespace outrider::http2 {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

struct Fields {
  std::vector<std::pair<std::string, std::string>> all;
  bool sound = true;
  void on_field(const HpackEntry& entry) {
    all.emplace_back(entry.name, entry.value);
    sound = sound && entry.sound;
  }
};
using Pairs = std::vector<std::pair<std::string, std::string>>;

// RFC 7541 C.4: three requests on one connection, Huffman and dynamic table.
TEST(HpackDecoder, ReadsTheExamplesOfTheRfc) {
  HpackDecoder decoder(4096);
  std::string scratch;
  Fields first;
  ASSERT_TRUE(decoder.decode(from_hex("828684418cf1e3c2e5f23a6ba0ab90f4ff"), scratch, first));
  EXPECT_EQ(
      first.all,
      (Pairs{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}}));
  Fields second;
  ASSERT_TRUE(decoder.decode(from_hex("828684be5886a8eb10649cbf"), scratch, second));
  EXPECT_EQ(second.all.back(), (std::pair<std::string, std::string>("cache-control", "no-cache")));
  Fields third;
  ASSERT_TRUE(decoder.decode(from_hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"), scratch, third));
  EXPECT_EQ(third.all, (Pairs{{":method", "GET"},
                              {":scheme", "https"},
                              {":path", "/index.html"},
                              {":authority", "www.example.com"},
                              {"custom-key", "custom-value"}}));
}

TEST(HpackDecoder, RefusesWhatIsBroken) {
  for (const char* hex :
       {"80", "ff80808080808001", "bf", "4003", "41", "00", "3fe21f", "823f00", "0087ffffffffffffff"}) {
    HpackDecoder decoder(4096);
    std::string scratch;
    Fields fields;
    EXPECT_FALSE(decoder.decode(from_hex(hex), scratch, fields)) << hex;
  }
}

TEST(HpackDecoder, AnEntryMayLendItsNameToTheOneThatEvictsIt) {
  HpackDecoder decoder(64);
  std::string scratch;
  Fields fields;
  const std::string name(20, 'n');
  std::string block = "\x40\x14" + name +
                      "\x05"
                      "first";
  ASSERT_TRUE(decoder.decode(block, scratch, fields));
  block = std::string("\x7e\x06", 2) + "second";
  ASSERT_TRUE(decoder.decode(block, scratch, fields));
  EXPECT_EQ(fields.all.back(), (std::pair<std::string, std::string>(name, "second")));
  ASSERT_TRUE(decoder.decode("\xbe", scratch, fields));
  EXPECT_EQ(fields.all.back(), (std::pair<std::string, std::string>(name, "second")));
}

TEST(HpackDecoder, BytesThatHttpRefusesAreMarked) {
  for (const char* hex : {"00014100", "000161010a", "0001610100", "000161017f", "0001200161"}) {
    HpackDecoder decoder(4096);
    std::string scratch;
    Fields fields;
    ASSERT_TRUE(decoder.decode(from_hex(hex), scratch, fields)) << hex;
    EXPECT_FALSE(fields.sound) << hex;
  }
}

TEST(Huffman, ComesBackAsItWas) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("www.example.com"), all, all + all}) {
    std::string encoded(huffman_encoded_bytes(text), 0);
    EXPECT_EQ(huffman_encode(text, encoded.data()), encoded.data() + encoded.size());
    std::string decoded(huffman_decoded_bytes_max(encoded.size()) + 1, 0);
    const ptrdiff_t bytes = huffman_decode(encoded, decoded.data());
    ASSERT_EQ(bytes, static_cast<ptrdiff_t>(text.size()));
    EXPECT_EQ(decoded.substr(0, text.size()), text);
  }
}

TEST(FieldText, FindsEveryByteThatIsRefusedWhereverItStands) {
  for (size_t at = 0; at < 19; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string value(19, 'v');
      value[at] = static_cast<char>(byte);
      EXPECT_EQ(is_field_value(value), byte == '\t' || (byte >= 0x20 && byte != 0x7f)) << at << " " << byte;
    }
  }
}

class Encoding : public ::testing::Test {
 protected:
  std::string encode(const Pairs& pairs) {
    Arena arena(blocks_);
    HeaderMap map(arena, HeaderMapKind::Response);
    for (const auto& [name, value] : pairs) map.add(name, value);
    std::string block(HpackEncoder::bytes_max(map), 0);
    block.resize(static_cast<size_t>(encoder_.encode(map, block.data()) - block.data()));
    return block;
  }
  Pairs decode(std::string_view block) {
    Fields fields;
    EXPECT_TRUE(decoder_.decode(block, scratch_, fields));
    return fields.all;
  }
  ArenaBlockPool blocks_;
  HpackEncoder encoder_{4096, true};
  HpackDecoder decoder_{65536};
  std::string scratch_;
};

TEST_F(Encoding, WhatComesAgainCostsAByte) {
  const Pairs head = {
      {":status", "200"}, {"server", "envoy"}, {"x-unknown", "value"}, {"content-type", "text/plain"}};
  EXPECT_EQ(decode(encode(head)), head);
  const std::string again = encode(head);
  EXPECT_EQ(again.size(), head.size());
  EXPECT_EQ(decode(again), head);
}

TEST_F(Encoding, ValuesThatKeepChangingStayOutOfTheTable) {
  for (int i = 0; i < 500; ++i) {
    const Pairs head = {
        {":status", "200"}, {"server", "envoy"}, {"x-trace", std::to_string(i)}, {"x-b", "b"}};
    EXPECT_EQ(decode(encode(head)), head);
  }
  EXPECT_EQ(decode(encode({{"server", "envoy"}})), (Pairs{{"server", "envoy"}}));
  EXPECT_LE(encode({{"server", "envoy"}, {"x-b", "b"}}).size(), 2u);
}

TEST_F(Encoding, FollowsThePeersTableSize) {
  for (const uint32_t bytes : {4096u, 0u, 100u, 4096u, 60u, 65536u}) {
    encoder_.set_peer_table_bytes(bytes);
    for (int i = 0; i < 40; ++i) {
      const Pairs head = {{"server", "envoy"},
                          {"x-a" + std::to_string(i % 7), "value" + std::to_string(i % 3)}};
      EXPECT_EQ(decode(encode(head)), head);
    }
  }
}

}  // namespace
}  // namespace outrider::http2
