#include "base/runtime_values.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

struct RuntimeValuesTest : testing::Test {
  std::unique_ptr<ConfigTree> tree = ConfigTree::parse(R"({
    "int":42, "text_int":"7", "real":1.5, "yes":true, "no":"false", "text":"x",
    "percent":{"numerator":25,"denominator":"TEN_THOUSAND"}, "all":1000, "zero":0})");
  RuntimeValues values{tree->root()};
};

TEST_F(RuntimeValuesTest, AKeyIsReadAsItsOwnKindOnly) {
  EXPECT_EQ(values.integer("int", 1), 42u);
  EXPECT_EQ(values.integer("text_int", 1), 7u);
  EXPECT_EQ(values.integer("real", 1), 1u);
  EXPECT_EQ(values.integer("text", 1), 1u);
  EXPECT_EQ(values.integer("missing", 1), 1u);
  EXPECT_EQ(values.number("real", 0), 1.5);
  EXPECT_EQ(values.number("int", 0), 42);
  EXPECT_TRUE(values.boolean("yes", false));
  EXPECT_FALSE(values.boolean("no", true));
  EXPECT_TRUE(values.boolean("int", true));
}

TEST_F(RuntimeValuesTest, AnIntegerIsAPercentageAndAFractionIsItself) {
  const Fraction none{0, 100};
  EXPECT_TRUE(values.enabled("int", none, 141));
  EXPECT_FALSE(values.enabled("int", none, 142));
  EXPECT_TRUE(values.enabled("all", none, 99));
  EXPECT_FALSE(values.enabled("zero", {100, 100}, 0));
  EXPECT_TRUE(values.enabled("percent", none, 10'024));
  EXPECT_FALSE(values.enabled("percent", none, 10'025));
  EXPECT_TRUE(values.enabled("missing", {1, 100}, 100));
  EXPECT_FALSE(values.enabled("text", none, 0));
}

TEST_F(RuntimeValuesTest, AFractionWithoutKeyOrRuntimeHasItsDefault) {
  const std::unique_ptr<ConfigTree> config =
      ConfigTree::parse(R"({"default_value":{"numerator":1,"denominator":"MILLION"},"runtime_key":"all"})");
  const RuntimeFraction fraction = RuntimeFraction::read(config->root());
  EXPECT_TRUE(fraction.enabled(&values, 5));
  EXPECT_FALSE(fraction.enabled(nullptr, 5));
  EXPECT_TRUE(fraction.enabled(nullptr, 1'000'000));
}

}  // namespace
}  // namespace outrider
