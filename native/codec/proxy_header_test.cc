#include "codec/proxy_header.h"

#include <string>

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(ProxyHeader, VersionOneNamesBothEnds) {
  ProxyHeader header;
  const std::string text = "PROXY TCP4 203.0.113.7 198.51.100.1 4000 80\r\nGET";
  EXPECT_EQ(parse_proxy_header(text, header), ProxyHeaderStatus::Found);
  EXPECT_EQ(header.source.text(), "203.0.113.7:4000");
  EXPECT_EQ(header.destination.text(), "198.51.100.1:80");
  EXPECT_EQ(header.bytes, text.size() - 3);
}

TEST(ProxyHeader, EveryPrefixNeedsMore) {
  const std::string v1 = "PROXY TCP6 ::1 ::2 1 2\r\n";
  const std::string v2("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\0\x51", 28);
  ProxyHeader header;
  for (const std::string& whole : {v1, v2}) {
    for (size_t i = 0; i < whole.size(); ++i)
      EXPECT_EQ(parse_proxy_header(std::string_view(whole).substr(0, i), header), ProxyHeaderStatus::NeedMore)
          << i;
    EXPECT_EQ(parse_proxy_header(whole, header), ProxyHeaderStatus::Found);
  }
  EXPECT_EQ(header.source.text(), "1.2.3.4:80");
  EXPECT_EQ(header.destination.text(), "5.6.7.8:81");
}

TEST(ProxyHeader, UnknownAndLocalKeepTheSocketsAddresses) {
  ProxyHeader header;
  EXPECT_EQ(parse_proxy_header("PROXY UNKNOWN whatever\r\n", header), ProxyHeaderStatus::Found);
  EXPECT_TRUE(header.local);
  EXPECT_EQ(parse_proxy_header(std::string_view("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16), header),
            ProxyHeaderStatus::Found);
  EXPECT_TRUE(header.local);
}

TEST(ProxyHeader, TlvsFollowTheAddresses) {
  ProxyHeader header;
  const std::string bytes(
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11\x01\x02\x03\x04\x05\x06\x07\x08\0\x50\0\x51\x02\0\x02hi", 33);
  ASSERT_EQ(parse_proxy_header(bytes, header), ProxyHeaderStatus::Found);
  ASSERT_EQ(header.tlvs.size(), 1u);
  EXPECT_EQ(header.tlvs[0].type, 2);
  EXPECT_EQ(header.tlvs[0].value, "hi");
}

TEST(ProxyHeader, BrokenOnesAreInvalidAndOtherBytesAreNone) {
  ProxyHeader header;
  EXPECT_EQ(parse_proxy_header("PROXY TCP9 x y\r\n", header), ProxyHeaderStatus::Invalid);
  EXPECT_EQ(parse_proxy_header("PROXY TCP4 ::1 ::2 1 2\r\n", header), ProxyHeaderStatus::Invalid);
  EXPECT_EQ(parse_proxy_header("PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n", header), ProxyHeaderStatus::Invalid);
  EXPECT_EQ(parse_proxy_header("PROXY TCP4 " + std::string(200, '1'), header), ProxyHeaderStatus::Invalid);
  EXPECT_EQ(parse_proxy_header("GET / HTTP/1.1\r\n", header), ProxyHeaderStatus::None);
}

}  // namespace
}  // namespace outrider
