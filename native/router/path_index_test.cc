#include "router/path_index.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

using Ends = PathIndex::Ends;
using Rule = PathIndex::Rule;

std::string candidates(const PathIndex& index, RouteGroup group, std::string_view path) {
  std::string text;
  PathIndex::Candidates found(index, group, path);
  while (found.next()) text += std::to_string(found.route()) + (found.certain() ? "! " : " ");
  return text;
}

TEST(PathIndex, CandidatesComeInTheOrderOfTheRoutes) {
  PathIndex index;
  const RouteGroup group =
      index.add({{"/", 5}, {"/api", 1}, {"/api/v1", 3}, {"/apiary", 0}, {"/b", 2}, {"", 4}});
  EXPECT_EQ(candidates(index, group, "/api/v1/x"), "1 3 4 5 ");
  EXPECT_EQ(candidates(index, group, "/apiary"), "0 1 4 5 ");
  EXPECT_EQ(candidates(index, group, "/apiar"), "1 4 5 ");
  EXPECT_EQ(candidates(index, group, "/c"), "4 5 ");
  EXPECT_EQ(candidates(index, group, ""), "4 ");
  EXPECT_EQ(candidates(index, group, "x"), "4 ");
}

TEST(PathIndex, ARuleMayAskForTheEndOrForASlash) {
  PathIndex index;
  const RouteGroup group = index.add({{"/a", 0, Ends::AtEnd}, {"/a", 1, Ends::AtEndOrSlash}, {"/a", 2}});
  EXPECT_EQ(candidates(index, group, "/a"), "0 1 2 ");
  EXPECT_EQ(candidates(index, group, "/a/b"), "1 2 ");
  EXPECT_EQ(candidates(index, group, "/ab"), "2 ");
  EXPECT_EQ(candidates(index, group, "/"), "");
}

TEST(PathIndex, CaseIsIgnoredOnlyWhereARuleSaysSo) {
  PathIndex index;
  const RouteGroup group = index.add({{"/Up", 1, Ends::Anywhere, true}, {"/up", 2}, {"/Up", 0}});
  EXPECT_EQ(candidates(index, group, "/up/x"), "1 2 ");
  EXPECT_EQ(candidates(index, group, "/Up/x"), "0 1 ");
  EXPECT_EQ(candidates(index, group, "/UP"), "1 ");
}

TEST(PathIndex, ARuleThatIsCertainHidesWhatFollowsOnItsText) {
  PathIndex index;
  const RouteGroup group = index.add({{"/a", 0}, {"/a", 1, Ends::Anywhere, false, true}, {"/a", 2}});
  EXPECT_EQ(candidates(index, group, "/a"), "0 1! ");
}

TEST(PathIndex, ListsDoNotSeeEachOther) {
  PathIndex index;
  const RouteGroup first = index.add({{"/a", 0}});
  const RouteGroup nothing = index.add({});
  const RouteGroup second = index.add({{"/b", 1}});
  EXPECT_EQ(candidates(index, first, "/a"), "0 ");
  EXPECT_EQ(candidates(index, first, "/b"), "");
  EXPECT_EQ(candidates(index, nothing, "/a"), "");
  EXPECT_EQ(candidates(index, second, "/b"), "1 ");
}

TEST(PathIndex, ThousandsOfPrefixesAreAllFound) {
  PathIndex index;
  std::vector<Rule> rules;
  for (uint32_t i = 0; i < 5'000; i++) rules.push_back({"/svc" + std::to_string(i) + "/", i});
  const RouteGroup group = index.add(std::move(rules));
  for (uint32_t i = 0; i < 5'000; i++) {
    EXPECT_EQ(candidates(index, group, "/svc" + std::to_string(i) + "/x"), std::to_string(i) + " ");
  }
  EXPECT_EQ(candidates(index, group, "/svc5000/"), "");
}

}  // namespace
}  // namespace outrider
