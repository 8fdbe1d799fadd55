#include "formatter/format.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "formatter/operators.h"
#include "formatter/testing.h"

namespace outrider {
namespace {

// What Envoy 1.40 takes and refuses: each line was tried with `envoy --mode validate`.
TEST(Format, TakesWhatEnvoyTakes) {
  for (const char* text : {
           "",
           "%%",
           "%%%REQ(A)%%%",
           "%REQ(A)%",
           "%REQ(A):0%",
           "%REQ(A?)%",
           "%REQ(?B)%",
           "%REQ(A):00010%",
           "%REQ(A):18446744073709551615%",
           "%REQ(a!#$&'*+-.^_`|~b)%",
           "%PROTOCOL()%",
           "%START_TIME()%",
           "%START_TIME(%Y%m%E3S%)%",
           "%START_TIME(%0f)%",
           "%START_TIME(a)b)%",
           "%START_TIME(%E4n)%",
           "%COMMON_DURATION(a:b:ms)%",
           "%COMMON_DURATION(DS_RX_BEG:DS_TX_END)%",
           "%COMMON_DURATION(:b)%",
           "%GRPC_STATUS(NUMBER)%",
           "%GRPC_STATUS()%",
           "%RESPONSE_CODE_DETAILS(X)%",
           "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(129)%",
           "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(x)%",
           "%METADATA(ROUTE)%",
           "%METADATA(ROUTE:)%",
           "%METADATA(LISTENER_FILTER_CHAIN:a)%",
           "%DYNAMIC_METADATA(a:b:c):3%",
           "%FILTER_STATE(a:FIELD:x)%",
           "%ENVIRONMENT(A=B)%",
           "%PATH%",
           "%PATH(NQ:ORIG:X)%",
           "%QUERY_PARAMS(DECODED)%",
           "%REQUESTED_SERVER_NAME(SNI_FIRST:ORIG)%",
           "%COALESCE({\"operators\": [{\"command\":\"REQ\",\"param\":\"a\",\"max_length\":3}],\"x\":1}):5%",
           "%XFCC_VALUE(Hash)%",
           "%XFCC_VALUE(uri):3%",
           "%RESPONSE_CODE%%PROTOCOL%",
           "x\ny%PROTOCOL%",
           "%DOWNSTREAM_PEER_CERT_V_START(%Y)%",
           "%TLS_JA4_FINGERPRINT%",
           "%DOWNSTREAM_CX_RTT%",
       }) {
    EXPECT_TRUE(Format::parse(text).ok()) << text;
  }
}

TEST(Format, RefusesWhatEnvoyRefuses) {
  for (const char* text : {
           "%",
           "100%",
           "%REQ%",
           "%REQ()%",
           "%REQ(A?B?C)%",
           "%REQ(A):-1%",
           "%REQ(A):x%",
           "%REQ(A):%",
           "%REQ(A)",
           "%NOPE%",
           "%req(A)%",
           "%REQ(A B)%",
           "%REQ(A%",
           "%REQ A%",
           "% REQ(A)%",
           "%PROTOCOL(x)%",
           "%PROTOCOL:3%",
           "%START_TIME(%Y):3%",
           "%START_TIME(%n)%",
           "%START_TIME(%1n)%",
           "%START_TIME(%%n)%",
           "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:s)%",
           "%COMMON_DURATION(x)%",
           "%COMMON_DURATION(a:b:ms:x)%",
           "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us):4%",
           "%GRPC_STATUS(X)%",
           "%DOWNSTREAM_REMOTE_ADDRESS(16)%",
           "%METADATA(X:a)%",
           "%METADATA%",
           "%METADATA(route:a)%",
           "%DYNAMIC_METADATA()%",
           "%CLUSTER_METADATA(x):3%",
           "%FILTER_STATE(a:X)%",
           "%FILTER_STATE()%",
           "%FILTER_STATE(a:FIELD)%",
           "%FILTER_STATE(a:PLAIN:x)%",
           "%ENVIRONMENT()%",
           "%PATH(NQ:X)%",
           "%PATH(X)%",
           "%QUERY_PARAM%",
           "%QUERY_PARAMS(X)%",
           "%REQUESTED_SERVER_NAME(X)%",
           "%REQUESTED_SERVER_NAME():3%",
           "%CEL()%",
           "%COALESCE({\"operators\": []})%",
           "%COALESCE({})%",
           "%COALESCE(x)%",
           "%COALESCE({\"operators\": [\"NOPE\"]})%",
           "%COALESCE({\"operators\": [\"REQ\"]})%",
           "%XFCC_VALUE%",
           "%REQUEST_TRAILER(x)%",
           "%VIRTUAL_HOST_NAME%",
           "%HOSTNAME():3%",
           "%FILE_CONTENT(/x)%",
           "%REQ(:PATH?X-A):10% %%% x",
           "%REQ(a/b)%",
           "%REQ(a,b)%",
           "%REQ(a:b)%",
           "%REQ(::)%",
           "%REQ_WITHOUT_QUERY(:PATH)%",
           "%REQ(A):18446744073709551616%",
           "%REQ(A):10 %",
           "%REQ(a)x%",
           "%REQ(A)(B)%",
           "%REQ(a\nb)%",
           "%START_TIME(a\nb)%",
           "%REQ(a)%\n%",
           "%_%",
           "%-%",
       }) {
    EXPECT_FALSE(Format::parse(text).ok()) << text;
  }
}

TEST(Format, AnErrorNamesTheOperatorAndItsColumn) {
  EXPECT_EQ(Format::parse("ab %NOPE(x)% c").error().reason, "column 4: %NOPE(x)%: no such operator");
  EXPECT_EQ(Format::parse("%PATH(X)%").error().reason, "column 1: %PATH(X)%: 'X' is not one of WQ, NQ");
  EXPECT_EQ(Format::parse("100%").error().reason,
            "column 4: %: not an operator like %NAME(x)% or %NAME:10%; write %% for a percent sign");
  EXPECT_EQ(Format::parse("%CEL(request.path)%").error().reason,
            "column 1: %CEL(request.path)%: CEL expressions are not supported");
}

TEST(Format, TextWithoutOperatorsIsKnownToBeLiteral) {
  const Result<Format> literal = Format::parse("100%% %%x");
  ASSERT_TRUE(literal.ok());
  EXPECT_TRUE(literal.value().is_literal());
  EXPECT_EQ(literal.value().literal(), "100% %x");
  EXPECT_TRUE(Format::parse("a%HOSTNAME%b").value().is_literal());
  EXPECT_FALSE(Format::parse("a%PROTOCOL%").value().is_literal());
}

TEST(Format, HeadersHaveAlternativesAndLengths) {
  TestStream stream;
  stream.request.add("x-long", "abcdefghij");
  stream.request.add("x-empty", "");
  EXPECT_EQ(stream.print("%REQ(:METHOD)% %REQ(Host)% %REQUEST_HEADER(User-Agent)%"), "GET h.test:80 t/1");
  EXPECT_EQ(stream.print("<%REQ(X-LONG):3%> <%REQ(nope?x-long):4%> <%REQ(x-long):0%> <%REQ(nope)%>"),
            "<abc> <abcd> <> <->");
  EXPECT_EQ(stream.print("<%REQ(x-empty?x-long)%> <%REQ(nope?)%> <%REQ(?x-long):1%>"), "<> <-> <a>");
  EXPECT_EQ(stream.print("%RESP(X-Envoy-Upstream-Service-Time)% %TRAILER(x)%"), "3 -");
}

TEST(Format, WhatIsMissingPrintsADashOrNothing) {
  TestStream stream;
  EXPECT_EQ(stream.print("<%REQ(nope)%>", MissingValue::Nothing), "<>");
  stream.context = {.info = &stream.info};
  stream.info = {};
  EXPECT_EQ(stream.print("%REQ(a)%%RESP(a)%%TRAILER(a)%%PATH%%QUERY_PARAMS%%STREAM_ID%%GRPC_STATUS%"),
            "-------");
  EXPECT_EQ(stream.print("%UPSTREAM_HOST% %DOWNSTREAM_REMOTE_ADDRESS% %UPSTREAM_REMOTE_PORT% %ROUTE_NAME%"),
            "- - - -");
  EXPECT_EQ(stream.print("%RESPONSE_CODE% %RESPONSE_FLAGS% %PROTOCOL% %CONNECTION_ID% %REQUEST_DURATION%"),
            "0 - - 0 -");
  EXPECT_EQ(
      stream.print(
          "%LOCAL_REPLY_BODY%%CUSTOM_FLAGS%%DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID%|%TLS_JA3_FINGERPRINT%"),
      "-|-");
}

TEST(Format, DurationsAreWholeMilliseconds) {
  TestStream stream;
  EXPECT_EQ(stream.print("%DURATION% %REQUEST_DURATION% %REQUEST_TX_DURATION% %RESPONSE_DURATION% "
                         "%RESPONSE_TX_DURATION% %ROUNDTRIP_DURATION% %DOWNSTREAM_HANDSHAKE_DURATION%"),
            "36 3 4 35 0 - -");
  EXPECT_EQ(stream.print("%COMMON_DURATION(DS_RX_BEG:DS_TX_END)% %COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)% "
                         "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)%"),
            "36 36092 36092777");
  EXPECT_EQ(stream.print("%COMMON_DURATION(DS_TX_END:DS_RX_BEG:us)% %COMMON_DURATION(a:b:ms)%"), "- -");
}

TEST(Format, AddressesComeWholeInPartsAndMasked) {
  TestStream stream;
  EXPECT_EQ(stream.print("%UPSTREAM_HOST% %UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %UPSTREAM_LOCAL_PORT% "
                         "%UPSTREAM_HOST_NAME% %UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW%"),
            "10.1.2.3:8080 10.0.0.1 40000 up.test alt_a a");
  EXPECT_EQ(
      stream.print("%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %DOWNSTREAM_LOCAL_PORT%"),
      "192.168.7.9:0 127.0.0.1:50000 10000");
  const std::string mask = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(";
  EXPECT_EQ(stream.print(mask + "16)%"), "192.168.0.0/16");
  EXPECT_EQ(stream.print(mask + "31)%"), "192.168.7.8/31");
  EXPECT_EQ(stream.print(mask + "0)%"), "0.0.0.0/0");
  EXPECT_EQ(stream.print(mask + "129)%"), "192.168.7.9/32");
  EXPECT_EQ(stream.print(mask + "x)%"), "192.168.7.9");
  EXPECT_EQ(stream.print(mask + "-1)%"), "");
  stream.remote = Address::from_ip("2001:db8:1234:5678:9abc:def0:1234:5678", 443);
  EXPECT_EQ(stream.print(mask + "64)%"), "2001:db8:1234:5678::/64");
  EXPECT_EQ(stream.print("%DOWNSTREAM_REMOTE_ADDRESS%"), "[2001:db8:1234:5678:9abc:def0:1234:5678]:443");
  stream.info.upstream_host_name = "";
  EXPECT_EQ(stream.print("%UPSTREAM_HOST_NAME% %UPSTREAM_HOST_NAME_WITHOUT_PORT%"), "10.1.2.3:8080 10.1.2.3");
}

TEST(Format, AttemptedHostsAreListedInOrder) {
  TestStream stream;
  const Address other = Address::from_ip("10.1.2.4", 8081);
  const AttemptedHost second{&stream.upstream, "up.test", 5, nullptr};
  const AttemptedHost first{&other, "", 0, &second};
  EXPECT_EQ(stream.print("%UPSTREAM_HOSTS_ATTEMPTED%"), "-");
  stream.info.first_attempt = &first;
  EXPECT_EQ(stream.print("%UPSTREAM_HOSTS_ATTEMPTED% %UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT%"),
            "10.1.2.4:8081,10.1.2.3:8080 10.1.2.4,10.1.2.3");
  EXPECT_EQ(stream.print("%UPSTREAM_HOST_NAMES_ATTEMPTED% %UPSTREAM_CONNECTION_IDS_ATTEMPTED%"),
            "10.1.2.4:8081,up.test 5");
}

TEST(Format, PathsAndQueriesAreTakenApart) {
  TestStream stream;
  EXPECT_EQ(stream.print("%PATH% %PATH(NQ)% %PATH(WQ:ORIG)% %PATH(NQ:PATH):3%"),
            "/one?q=1&r=a%20b&q=2 /one - /on");
  EXPECT_EQ(stream.print("%QUERY_PARAM(q)% %QUERY_PARAM(r)% %QUERY_PARAM(z)% %QUERY_PARAMS:3%"),
            "1 a b - q=1");
  stream.request.set(":path", "/p?a=%41%2f+b&c=%zz&d&=e&f=%26%3D%25&a=2");
  EXPECT_EQ(stream.print("%QUERY_PARAMS(DECODED)%"), "a=A/+b&c=zz&d&=e&f=&=%&a=2");
  EXPECT_EQ(stream.print("%QUERY_PARAM(a)% %QUERY_PARAM(c)% [%QUERY_PARAM(d)%] [%QUERY_PARAM(f)%]"),
            "A/+b %zz [] [&=%]");
  stream.request.add("x-envoy-original-path", "/was?x");
  EXPECT_EQ(stream.print("%PATH% %PATH(NQ)% %PATH(NQ:PATH)%"), "/was?x /was /p");
}

TEST(Format, ServerNamesFallBackToTheHost) {
  TestStream stream;
  EXPECT_EQ(stream.print("%REQUESTED_SERVER_NAME% %REQUESTED_SERVER_NAME(SNI_FIRST:ORIG)% "
                         "%REQUESTED_SERVER_NAME(SNI_FIRST)% %REQUESTED_SERVER_NAME(HOST_FIRST)%"),
            "- - h.test:80 h.test:80");
  stream.connection.requested_server_name = "sni.test";
  EXPECT_EQ(stream.print("%REQUESTED_SERVER_NAME% %REQUESTED_SERVER_NAME(SNI_FIRST)% "
                         "%REQUESTED_SERVER_NAME(HOST_FIRST)%"),
            "sni.test sni.test h.test:80");
}

TEST(Format, GrpcStatusComesFromTrailersHeadersOrTheHttpStatus) {
  TestStream stream;
  const char* text = "%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%";
  EXPECT_EQ(stream.print(text), "- - - -");
  stream.request.set("content-type", "application/grpc+proto");
  EXPECT_EQ(stream.print(text), "Unknown UNKNOWN 2 2");
  stream.response.set("grpc-status", "3");
  EXPECT_EQ(stream.print(text), "InvalidArgument INVALID_ARGUMENT 3 3");
  stream.trailers.set("grpc-status", "99");
  EXPECT_EQ(stream.print(text), "99 99 99 99");
  stream.trailers.set("grpc-status", "x");
  EXPECT_EQ(stream.print("%GRPC_STATUS%"), "-1");
}

TEST(Format, MetadataIsPrintedByItsType) {
  TestStream stream;
  const auto tree = ConfigTree::parse(
      R"({"filter_metadata":{"ns":{"s":"str","n":1.5,"i":7,"b":true,"o":{"k":"v\"q","z":1,"a":2},"l":["x",1],"nul":null}}})");
  stream.info.route_metadata = tree->root();
  EXPECT_EQ(stream.print("%METADATA(ROUTE:ns)%"),
            R"({"b":true,"i":7,"l":["x",1],"n":1.5,"nul":null,"o":{"a":2,"k":"v\"q","z":1},"s":"str"})");
  EXPECT_EQ(stream.print("%METADATA(ROUTE:ns:s):2% %METADATA(ROUTE:ns:o):4% %METADATA(ROUTE:ns:o:k)%"),
            R"(st {"a" v"q)");
  EXPECT_EQ(stream.print("%METADATA(ROUTE:ns:n):2% %METADATA(ROUTE:ns:b)% %METADATA(ROUTE:ns:nul)%"),
            "1. true -");
  EXPECT_EQ(stream.print("%METADATA(ROUTE)% %METADATA(ROUTE:x)% %METADATA(CLUSTER:ns)%"), "- - -");
}

TEST(Format, CoalesceTakesTheFirstThatHasText) {
  TestStream stream;
  EXPECT_EQ(stream.print("%COALESCE({\"operators\": [\"REQUESTED_SERVER_NAME\", \"LOCAL_REPLY_BODY\", "
                         "{\"command\": \"REQ\", \"param\": \":authority\"}]}):3%"),
            "h.t");
  EXPECT_EQ(stream.print("%COALESCE({\"operators\": [\"REQUESTED_SERVER_NAME\"]})%"), "-");
}

TEST(Format, ForwardedCertificatesAreReadByKey) {
  TestStream stream;
  stream.request.add(
      "x-forwarded-client-cert",
      R"(By=spiffe://by;Hash=abc;URI=spiffe://u1;Subject="CN=a,O=\"b;c\"";DNS=d1;DNS=d2,By=by2;URI=u2)");
  EXPECT_EQ(stream.print("%XFCC_VALUE(By)% %XFCC_VALUE(hash)% %XFCC_VALUE(uri)% %XFCC_VALUE(URI):3%"),
            "spiffe://by abc spiffe://u1 spi");
  EXPECT_EQ(stream.print("%XFCC_VALUE(subject)% %XFCC_VALUE(dns)% %XFCC_VALUE(cert)%"),
            "CN=a,O=\"b;c\" d1 -");
}

TEST(Format, FlagsAndDetails) {
  TestStream stream;
  stream.info.set(ResponseFlag::UpstreamRetryLimitExceeded);
  stream.info.set(ResponseFlag::UpstreamConnectionFailure);
  stream.info.response_code_details = "a b\tc";
  EXPECT_EQ(stream.print("%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%"),
            "UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded");
  EXPECT_EQ(stream.print("%RESPONSE_CODE_DETAILS%|%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%"),
            "a_b_c|a b\tc");
}

TEST(Format, TheEnvironmentIsReadOnce) {
  setenv("OUTRIDER_FORMAT_TEST", "value", 1);
  TestStream stream;
  EXPECT_EQ(stream.print("%ENVIRONMENT(OUTRIDER_FORMAT_TEST):3% %ENVIRONMENT(OUTRIDER_NOPE)%"), "val -");
  unsetenv("OUTRIDER_FORMAT_TEST");
}

TEST(Format, UniqueIdsAreRandomUuids) {
  TestStream stream;
  const std::string id = stream.print("%UNIQUE_ID%");
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[8], '-');
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(id, stream.print("%UNIQUE_ID%"));
}

}  // namespace
}  // namespace outrider
