#include "base/config_view.h"

#include <gtest/gtest.h>

namespace outrider {

TEST(ConfigView, AMissingFieldReadsAsItsDefault) {
  const auto tree = ConfigTree::parse("{}");
  ASSERT_NE(tree, nullptr);
  EXPECT_EQ(tree->root().string("name", "x"), "x");
  EXPECT_EQ(tree->root()["a"]["b"].uint("c", 7), 7u);
  EXPECT_EQ(tree->root().list("none").size(), 0u);
}

TEST(ConfigView, ValuesReadAsTheyAreWritten) {
  const auto tree = ConfigTree::parse(
      R"({"s":"a\"\u00e9\ud83d\ude00\n","b":true,"n":-1.5,"u":"18446744073709551615","l":[1,{"x":2}],"z":null})");
  ASSERT_NE(tree, nullptr);
  const ConfigView root = tree->root();
  EXPECT_EQ(root.string("s"), "a\"\xc3\xa9\xf0\x9f\x98\x80\n");
  EXPECT_TRUE(root.boolean("b"));
  EXPECT_EQ(root.number("n"), -1.5);
  EXPECT_EQ(root.uint("u"), UINT64_MAX);
  EXPECT_EQ(root.list("l").size(), 2u);
  EXPECT_EQ(root.list("l")[1].uint("x"), 2u);
  EXPECT_FALSE(root.has("z"));
}

TEST(ConfigView, ADurationIsRoundedUpToMilliseconds) {
  const auto tree = ConfigTree::parse(R"(["1s","0.25s","1.000000001s","-2s"])");
  EXPECT_EQ(tree->root()[0].as_duration_ms(), 1000);
  EXPECT_EQ(tree->root()[1].as_duration_ms(), 250);
  EXPECT_EQ(tree->root()[2].as_duration_ms(), 1001);
  EXPECT_EQ(tree->root()[3].as_duration_ms(), -2000);
}

TEST(ConfigView, TheTypeOfAnAnyIsItsLastSegment) {
  const auto tree = ConfigTree::parse(R"({"@type":"type.googleapis.com/a.b.C"})");
  EXPECT_EQ(tree->root().type_name(), "a.b.C");
}

TEST(ConfigView, WhatIsNotJsonIsRefused) {
  for (const char* bad : {"", "{", "[1,]", "{\"a\"}", "\"\\", "\"\\u12\"", "tru", "1 2", "\"abc"}) {
    EXPECT_EQ(ConfigTree::parse(bad), nullptr) << bad;
  }
  EXPECT_EQ(ConfigTree::parse(std::string(1000, '[')), nullptr);
}

}  // namespace outrider
