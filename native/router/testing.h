#pragma once
// For the tests of this room: a table from JSON text, and requests against it.
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "router/route_table.h"

namespace outrider {

class TestClusters final : public RouteBuildContext {
 public:
  uint32_t cluster_index(std::string_view name) override {
    return names_.try_emplace(std::string(name), static_cast<uint32_t>(names_.size())).first->second;
  }

 private:
  std::map<std::string, uint32_t> names_;
};

struct TestTable {
  std::unique_ptr<ConfigTree> tree;
  TestClusters clusters;
  std::unique_ptr<RouteTable> table;
  ConfigError error;

  // `json`: a RouteConfiguration in which ' stands for ".
  explicit TestTable(std::string json) {
    for (char& c : json) c = c == '\'' ? '"' : c;
    tree = ConfigTree::parse(json);
    if (tree == nullptr) {
      ADD_FAILURE() << "not JSON: " << json;
      return;
    }
    Result<std::unique_ptr<RouteTable>> built = RouteTable::build(tree->root(), clusters);
    if (built)
      table = std::move(built.value());
    else
      error = built.error();
  }
};

// A table with one virtual host for "*", of these routes.
inline TestTable table_of(const std::string& routes) {
  return TestTable("{'name':'t','virtual_hosts':[{'name':'v','domains':['*'],'routes':[" + routes + "]}]}");
}

using TestLines = std::initializer_list<std::pair<std::string_view, std::string_view>>;

struct TestRequest {
  ArenaBlockPool pool;
  Arena arena{pool};
  HeaderMap headers{arena, HeaderMapKind::Request};
  StreamInfo info;
  RouteRequest request{headers};
  std::string scratch;

  explicit TestRequest(std::string_view path, TestLines lines = {}, std::string_view host = "a.test") {
    headers.add(HeaderId::Method, "GET");
    headers.add(HeaderId::Scheme, "http");
    headers.add(HeaderId::Authority, host);
    headers.add(HeaderId::Path, path);
    headers.add(HeaderId::ForwardedProto, "http");
    for (const auto& [name, value] : lines) headers.add(name, value);
  }

  FormatContext context() const {
    FormatContext context;
    context.info = &info;
    context.request_headers = &headers;
    return context;
  }
  RouteResult route(const TestTable& on) const { return on.table->route(request); }
  // The name of the route found, "none", or "tls".
  std::string name(const TestTable& on) const {
    const RouteResult result = route(on);
    if (result.outcome == RouteOutcome::TlsRequired) return "tls";
    return result.route == nullptr ? "none" : std::string(result.route->name);
  }
};

}  // namespace outrider
