#include "downstream/filter_chain_match.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace outrider {
namespace {

struct Matcher {
  explicit Matcher(std::initializer_list<std::string> matches) {
    for (std::string match : matches) {
      std::replace(match.begin(), match.end(), '\'', '"');
      trees.push_back(ConfigTree::parse(match));
      EXPECT_TRUE(matcher.add(trees.back()->root()).ok()) << match;
    }
  }
  uint32_t find(const char* local, uint16_t local_port, const char* remote, uint16_t remote_port,
                const char* name = "", const char* transport = "", std::vector<std::string> protocols = {}) {
    ConnectionInfo info;
    info.local = Address::from_ip(local, local_port);
    info.direct_remote = Address::from_ip(remote, remote_port);
    info.make_facts().server_name = name;
    info.facts->transport_protocol = transport;
    info.facts->application_protocols = std::move(protocols);
    return matcher.find(info);
  }
  FilterChainMatcher matcher;
  std::vector<std::unique_ptr<ConfigTree>> trees;
};

const uint32_t none = FilterChainMatcher::none;

TEST(FilterChainMatch, ThePortCountsMoreThanTheAddressAndThatMoreThanTheSource) {
  Matcher m{"{'destination_port':8443}", "{'prefix_ranges':[{'address_prefix':'192.0.2.0','prefix_len':24}]}",
            "{'source_prefix_ranges':[{'address_prefix':'10.0.0.0','prefix_len':8}]}"};
  EXPECT_EQ(m.find("192.0.2.1", 8443, "10.1.1.1", 1), 0u);
  EXPECT_EQ(m.find("192.0.2.1", 80, "10.1.1.1", 1), 1u);
  EXPECT_EQ(m.find("198.51.100.1", 80, "10.1.1.1", 1), 2u);
  EXPECT_EQ(m.find("198.51.100.1", 80, "11.1.1.1", 1), none);
}

TEST(FilterChainMatch, TheLongestPrefixWins) {
  Matcher m{"{'prefix_ranges':[{'address_prefix':'192.0.2.0','prefix_len':24}]}",
            "{'prefix_ranges':[{'address_prefix':'192.0.2.128','prefix_len':25}]}", "{}"};
  EXPECT_EQ(m.find("192.0.2.127", 80, "1.1.1.1", 1), 0u);
  EXPECT_EQ(m.find("192.0.2.128", 80, "1.1.1.1", 1), 1u);
  EXPECT_EQ(m.find("::1", 80, "::1", 1), 2u);
}

TEST(FilterChainMatch, AnExactNameComesBeforeTheLongestWildcardAndThatBeforeNone) {
  Matcher m{"{'server_names':['a.example.com']}", "{'server_names':['*.example.com']}",
            "{'server_names':['*.com']}", "{}"};
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1, "a.example.com"), 0u);
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1, "x.y.example.com"), 1u);
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1, "example.com"), 2u);
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1, "com"), 3u);
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1), 3u);
}

TEST(FilterChainMatch, AChoiceThatWasMadeIsNotTakenBack) {
  Matcher m{"{'destination_port':80,'source_ports':[7]}", "{}"};
  EXPECT_EQ(m.find("1.1.1.1", 80, "2.2.2.2", 7), 0u);
  EXPECT_EQ(m.find("1.1.1.1", 80, "2.2.2.2", 8), none);
  EXPECT_EQ(m.find("1.1.1.1", 81, "2.2.2.2", 8), 1u);
}

TEST(FilterChainMatch, PlainBytesAreRawBufferAndTheClientsFirstProtocolDecides) {
  Matcher m{"{'transport_protocol':'raw_buffer'}",
            "{'transport_protocol':'tls','application_protocols':['h2']}",
            "{'transport_protocol':'tls','application_protocols':['http/1.1']}"};
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1), 0u);
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1, "", "tls", {"http/1.1", "h2"}), 2u);
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1, "", "tls", {"h2", "http/1.1"}), 1u);
  EXPECT_EQ(m.find("1.1.1.1", 1, "1.1.1.1", 1, "", "tls", {"imap"}), none);
}

TEST(FilterChainMatch, SourcesOfThisMachineAreLocal) {
  Matcher m{"{'source_type':'SAME_IP_OR_LOOPBACK'}", "{'source_type':'EXTERNAL'}"};
  EXPECT_EQ(m.find("10.0.0.1", 1, "127.0.0.9", 1), 0u);
  EXPECT_EQ(m.find("10.0.0.1", 1, "10.0.0.1", 1), 0u);
  EXPECT_EQ(m.find("10.0.0.1", 1, "10.0.0.2", 1), 1u);
}

}  // namespace
}  // namespace outrider
