#include "base/address.h"

#include <gtest/gtest.h>

namespace outrider {

TEST(Address, PrintsAsEnvoyDoes) {
  EXPECT_EQ(Address::from_ip("127.0.0.1", 80).text(), "127.0.0.1:80");
  EXPECT_EQ(Address::from_ip("::1", 443).text(), "[::1]:443");
  EXPECT_EQ(Address::from_pipe("/tmp/x.sock").text(), "/tmp/x.sock");
  EXPECT_EQ(Address::from_pipe("@name").text(), "@name");
}

TEST(Address, TextThatIsNoAddressIsInvalid) {
  EXPECT_FALSE(Address::from_ip("localhost", 1).valid());
  EXPECT_FALSE(Address::from_ip("1.2.3", 1).valid());
  EXPECT_FALSE(Address::from_ip(std::string(100, '1'), 1).valid());
  EXPECT_FALSE(Address::from_pipe(std::string(200, 'x')).valid());
}

TEST(Address, KnowsWhatIsInternal) {
  for (const char* ip :
       {"10.1.2.3", "172.16.0.1", "172.31.0.1", "192.168.0.1", "127.0.0.1", "::1", "fd00::1"}) {
    EXPECT_TRUE(Address::from_ip(ip, 0).is_internal()) << ip;
  }
  for (const char* ip : {"11.0.0.1", "172.32.0.1", "192.169.0.1", "8.8.8.8", "2001:db8::1", "fe80::1"}) {
    EXPECT_FALSE(Address::from_ip(ip, 0).is_internal()) << ip;
  }
}

}  // namespace outrider
