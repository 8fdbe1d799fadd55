#include "codec/header_map.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace outrider {
namespace {

struct HeaderMapTest : testing::Test {
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap map{arena, HeaderMapKind::Request};

  std::string lines() const {
    std::string text;
    for (const Header& header : map) {
      text.append(header.key()).append("=").append(header.text()).append(";");
    }
    return text;
  }
};

TEST(Headers, EveryWellKnownNameIsFoundByItsTextAndOnlyByIt) {
  for (size_t i = 1; i < header_id_count; i++) {
    const std::string name(header_names[i]);
    EXPECT_EQ(header_id(name), static_cast<HeaderId>(i)) << name;
    EXPECT_EQ(header_id(name + "x"), HeaderId::None) << name;
  }
  EXPECT_EQ(header_id(""), HeaderId::None);
  EXPECT_EQ(header_id("x-mine"), HeaderId::None);
}

TEST_F(HeaderMapTest, LinesKeepTheOrderInWhichTheyCame) {
  map.add("b", "1");
  map.add(HeaderId::Accept, "2");
  map.add("a", "3");
  EXPECT_EQ(lines(), "b=1;accept=2;a=3;");
  EXPECT_EQ(map.count(), 3u);
  EXPECT_EQ(map.byte_size(), 11u);
}

TEST_F(HeaderMapTest, ARepeatedNameOfTheFixedTableIsJoinedAndAnyOtherStaysApart) {
  map.add("via", "a");
  map.add("x", "1");
  map.add("via", "b");
  map.add("x", "2");
  EXPECT_EQ(lines(), "via=a,b;x=1;x=2;");
  EXPECT_EQ(map.get_joined("x"), "1,2");
  map.append(HeaderId::Cookie, "a=1", "; ");
  map.append(HeaderId::Cookie, "b=2", "; ");
  EXPECT_EQ(map.get(HeaderId::Cookie), "a=1; b=2");
}

TEST_F(HeaderMapTest, SettingByIdKeepsThePlaceAndByNameMovesToTheEnd) {
  map.add(HeaderId::Accept, "1");
  map.add("x", "2");
  map.set(HeaderId::Accept, "3");
  EXPECT_EQ(lines(), "accept=3;x=2;");
  map.set("accept", "4");
  EXPECT_EQ(lines(), "x=2;accept=4;");
}

TEST_F(HeaderMapTest, ANumberIsSetAsItsDecimalDigits) {
  map.set_number(HeaderId::ContentLength, 0);
  EXPECT_EQ(map.get(HeaderId::ContentLength), "0");
  map.set_number(HeaderId::ContentLength, UINT64_MAX);
  EXPECT_EQ(map.get(HeaderId::ContentLength), "18446744073709551615");
}

TEST_F(HeaderMapTest, RemovingLeavesTheOthersReachable) {
  map.add(HeaderId::Link, "1");
  map.add("x-a", "2");
  map.add(HeaderId::Link, "3");
  map.add("x-b", "4");
  EXPECT_EQ(map.remove_prefix("x-"), 2u);
  EXPECT_EQ(lines(), "link=1;link=3;");
  EXPECT_EQ(map.remove(HeaderId::Link), 2u);
  EXPECT_FALSE(map.has(HeaderId::Link));
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.byte_size(), 0u);
  map.add(HeaderId::Link, "5");
  EXPECT_EQ(map.get(HeaderId::Link), "5");
}

TEST_F(HeaderMapTest, PseudoHeadersStandInFrontWheneverTheyAreSet) {
  map.add("x", "1");
  map.set(HeaderId::Authority, "a");
  map.set(HeaderId::Method, "GET");
  EXPECT_EQ(lines(), ":method=GET;:authority=a;x=1;");
  map.set(HeaderId::Method, "PUT");
  EXPECT_EQ(map.remove(HeaderId::Authority), 1u);
  map.set(HeaderId::Protocol, "websocket");
  EXPECT_EQ(lines(), ":method=PUT;:protocol=websocket;x=1;");
  map.clear();
  EXPECT_EQ(lines(), "");
  map.add("x", "2");
  map.add(HeaderId::Path, "/");
  EXPECT_EQ(lines(), ":path=/;x=2;");
}

TEST_F(HeaderMapTest, TheCaseOfANameIsRememberedFromItsFirstLineEvenWhenThatIsReplaced) {
  map.keep_case("x-a", "X-A");
  map.add("x-a", "1");
  map.keep_case("x-a", "x-A");
  map.set("x-a", "2");
  EXPECT_EQ(lines(), "x-a=2;");
  EXPECT_EQ(map.original_case("x-a"), "X-A");
  EXPECT_EQ(map.original_case("x-b"), "x-b");
}

TEST_F(HeaderMapTest, ManyLinesAreFoundWhereverTheyStand) {
  for (int i = 0; i < 600; i++) map.add("x-" + std::to_string(i), "v");
  map.add(HeaderId::Link, "far");
  map.add(HeaderId::Link, "farther");
  EXPECT_EQ(map.get(HeaderId::Link), "far");
  EXPECT_EQ(map.get("x-599"), "v");
  EXPECT_EQ(map.remove(HeaderId::Link), 2u);
  EXPECT_FALSE(map.has(HeaderId::Link));
}

TEST_F(HeaderMapTest, AnExhaustedArenaLeavesTheMapAsItWas) {
  Arena small(pool, ArenaBlockPool::block_bytes);
  HeaderMap bounded(small, HeaderMapKind::Request);
  bounded.add("x", "1");
  bounded.add("y", std::string(5000, 'v'));
  EXPECT_TRUE(small.failed());
  EXPECT_EQ(bounded.count(), 1u);
  EXPECT_EQ(bounded.get("x"), "1");
}

TEST(Arena, ASmallObjectIsToBeHadEvenPastTheBound) {
  ArenaBlockPool pool;
  Arena arena(pool, ArenaBlockPool::block_bytes);
  EXPECT_EQ(arena.allocate(100'000), nullptr);
  EXPECT_TRUE(arena.failed());
  std::memset(arena.allocate_small(Arena::small_bytes_max), 1, Arena::small_bytes_max);
  EXPECT_TRUE(arena.failed());
  arena.reset();
  EXPECT_FALSE(arena.failed());
}

TEST(Arena, BlocksGoBackToThePoolAndAreUsedAgain) {
  ArenaBlockPool pool;
  Arena arena(pool);
  void* first = arena.allocate(100);
  EXPECT_EQ(arena.copy_view(std::string(10'000, 'a')), std::string(10'000, 'a'));
  arena.reset();
  EXPECT_EQ(arena.held_bytes(), 0u);
  EXPECT_EQ(arena.allocate(100), first);
}

}  // namespace
}  // namespace outrider
