#include "codec/tls/client_hello.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

std::string number(size_t value, int width) {
  std::string text;
  for (int i = width - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}
std::string vector(const std::string& body, int width) { return number(body.size(), width) + body; }

std::string hello_message(const std::string& name, const std::string& alpn) {
  std::string extensions;
  if (!name.empty()) extensions += number(0, 2) + vector(vector(number(0, 1) + vector(name, 2), 2), 2);
  if (!alpn.empty()) extensions += number(16, 2) + vector(vector(vector(alpn, 1), 2), 2);
  const std::string body = "\x03\x03" + std::string(32, 'r') + vector("", 1) + vector("\x13\x01", 2) +
                           vector(std::string(1, '\0'), 1) + vector(extensions, 2);
  return number(1, 1) + vector(body, 3);
}
std::string record(const std::string& body) { return "\x16\x03\x01" + vector(body, 2); }

TEST(ClientHello, TheNameIsLowerCaseAndProtocolsKeepTheirOrder) {
  ClientHello hello;
  EXPECT_EQ(parse_client_hello(record(hello_message("Server.Test", "h2")), 16'384, hello),
            HelloStatus::Found);
  EXPECT_EQ(hello.server_name, "server.test");
  EXPECT_EQ(hello.application_protocols, std::vector<std::string>{"h2"});
}

TEST(ClientHello, EveryPrefixNeedsMore) {
  const std::string whole = record(hello_message("a.test", "http/1.1"));
  ClientHello hello;
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(parse_client_hello(std::string_view(whole).substr(0, i), 16'384, hello), HelloStatus::NeedMore)
        << i;
  }
}

TEST(ClientHello, OneThatIsSpreadOverRecordsIsFound) {
  const std::string message = hello_message("a.test", "");
  std::string bytes;
  for (const char c : message) bytes += record(std::string(1, c));
  ClientHello hello;
  EXPECT_EQ(parse_client_hello(bytes, 16'384, hello), HelloStatus::Found);
  EXPECT_EQ(hello.server_name, "a.test");
}

TEST(ClientHello, OtherProtocolsAreToldByTheirFirstBytes) {
  ClientHello hello;
  EXPECT_EQ(parse_client_hello("GET / HTTP/1.1", 16'384, hello), HelloStatus::NotTls);
  EXPECT_EQ(parse_client_hello("\x16\x02", 16'384, hello), HelloStatus::NotTls);
  EXPECT_EQ(parse_client_hello(record("\x02"), 16'384, hello), HelloStatus::NotTls);
}

TEST(ClientHello, ALongerOneThanAllowedIsRefusedByItsLength) {
  ClientHello hello;
  EXPECT_EQ(parse_client_hello(record(number(1, 1) + number(2'000, 3)), 1'000, hello), HelloStatus::TooLarge);
}

TEST(ClientHello, LengthsThatLeadOutsideAreNoHello) {
  std::string message = hello_message("a.test", "h2");
  message[message.size() - 4] = '\x7f';
  ClientHello hello;
  EXPECT_EQ(parse_client_hello(record(message), 16'384, hello), HelloStatus::NotTls);
}

}  // namespace
}  // namespace outrider
