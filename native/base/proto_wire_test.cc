#include "base/proto_wire.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(ProtoWire, WhatIsWrittenIsReadAgain) {
  std::string text;
  ProtoWriter writer(text);
  writer.number(1, 300);
  writer.number(2, 0);  // a default: left out
  const size_t inner = writer.begin(3);
  writer.bytes(1, std::string(200, 'x'));
  writer.end(inner);
  writer.number_as_double(4, 1.5);
  ProtoReader reader(text);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 1u);
  EXPECT_EQ(reader.number(), 300u);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(), 3u);
  ProtoReader nested(reader.bytes());
  ASSERT_TRUE(nested.next());
  EXPECT_EQ(nested.bytes(), std::string(200, 'x'));
  EXPECT_FALSE(nested.next());
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.as_double(), 1.5);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.failed());
}

TEST(ProtoWire, TheBytesAreThoseOfTheSpecification) {
  std::string text;
  ProtoWriter writer(text);
  writer.number(1, 150);
  writer.bytes(2, "testing");
  EXPECT_EQ(text, "\x08\x96\x01\x12\x07testing");
}

TEST(ProtoWire, WhatDoesNotAddUpFails) {
  using namespace std::string_view_literals;
  for (const std::string_view bad :
       {"\x08"sv, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x12\x05xx"sv, "\x0b"sv,
        "\x00\x01"sv, "\x09\x01\x02"sv, "\x0d\x01"sv}) {
    ProtoReader reader(bad);
    while (reader.next()) {
    }
    EXPECT_TRUE(reader.failed()) << bad.size();
  }
}

}  // namespace
}  // namespace outrider
