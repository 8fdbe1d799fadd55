#include "base/data_source.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace outrider {
namespace {

Result<std::string> read(std::string_view json, size_t bytes_max = 100) {
  return read_data_source(ConfigTree::parse(json)->root(), bytes_max);
}

TEST(DataSource, TextBytesFilesAndTheEnvironmentAreRead) {
  setenv("OUTRIDER_DATA_SOURCE", "from the environment", 1);
  EXPECT_EQ(read(R"({"inline_string":"hello\n"})").value(), "hello\n");
  EXPECT_EQ(read(R"({"inline_bytes":"AQID"})").value(), "\x01\x02\x03");
  EXPECT_EQ(read(R"({"inline_bytes":"_-8="})").value(), "\xff\xef");
  EXPECT_EQ(read(R"({"environment_variable":"OUTRIDER_DATA_SOURCE"})").value(), "from the environment");
  EXPECT_EQ(read(R"({"filename":"/dev/null"})").value(), "");
  EXPECT_EQ(ConfigTree::parse("{}")->root().size(), 0u);
}

TEST(DataSource, WhatCannotBeReadIsAnError) {
  EXPECT_EQ(read(R"({"filename":"/no/such/file"})").error().reason,
            "/no/such/file: No such file or directory");
  EXPECT_EQ(read(R"({"filename":"/"})").error().reason, "/: cannot be read");
  EXPECT_EQ(read(R"({"inline_bytes":"a*"})").error().path, "inline_bytes");
  EXPECT_EQ(read(R"({"inline_bytes":"A"})").error().path, "inline_bytes");
  EXPECT_EQ(read(R"({"environment_variable":"OUTRIDER_NOT_THERE"})").error().path, "environment_variable");
  EXPECT_EQ(read(R"({"inline_string":"12345"})", 4).error().reason, "is longer than 4 bytes");
  EXPECT_FALSE(read(R"({"filename":"/dev/zero"})").ok());
}

}  // namespace
}  // namespace outrider
