#include "base/output_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace outrider {

static std::string content(const OutputBuffer& buffer) {
  iovec parts[64];
  std::string text;
  const int count = buffer.gather(parts, 64);
  for (int i = 0; i < count; ++i) text.append(static_cast<char*>(parts[i].iov_base), parts[i].iov_len);
  return text;
}

TEST(OutputBuffer, KeepsTheOrderOfCopiedAndBorrowedPieces) {
  ChunkPool pool;
  OutputBuffer buffer(pool);
  const std::string big(10'000, 'b');
  buffer.append("head");
  buffer.append_borrowed(big);
  buffer.append("tail");
  EXPECT_EQ(content(buffer), "head" + big + "tail");
  EXPECT_EQ(buffer.bytes(), 10'008u);
}

TEST(OutputBuffer, SettlingCopiesWhatWasBorrowed) {
  ChunkPool pool;
  OutputBuffer buffer(pool);
  std::string big(40'000, 'b');
  const std::string expected = "head" + big + "tail";
  buffer.append("head");
  buffer.append_borrowed(big);
  buffer.append("tail");
  buffer.settle();
  big.assign(big.size(), 'x');
  EXPECT_EQ(content(buffer), expected);
}

TEST(OutputBuffer, ForgetsExactlyWhatWasWritten) {
  ChunkPool pool;
  Random random(7);
  OutputBuffer buffer(pool);
  std::string expected;
  std::string borrowed[50];
  for (int i = 0; i < 50; ++i) {
    borrowed[i].assign(random.next() % 9000, static_cast<char>('a' + i % 26));
    (i % 2 == 0) ? buffer.append(borrowed[i]) : buffer.append_borrowed(borrowed[i]);
    expected += borrowed[i];
    const size_t part = random.next() % (buffer.bytes() + 1);
    buffer.consume(part);
    expected.erase(0, part);
    if (i % 7 == 0) buffer.settle();
    ASSERT_EQ(content(buffer), expected);
  }
}

TEST(OutputBuffer, ReservedRoomIsContiguousWhateverItsSize) {
  ChunkPool pool;
  OutputBuffer buffer(pool);
  buffer.append("x");
  for (const size_t bytes : {100u, 16'000u, 70'000u}) {
    std::memset(buffer.reserve(bytes), 'r', bytes);
    buffer.commit(bytes);
  }
  EXPECT_EQ(content(buffer), "x" + std::string(86'100, 'r'));
}

}  // namespace outrider
