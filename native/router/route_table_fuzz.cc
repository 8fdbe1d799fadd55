// A request of fuzzed host, path and headers against fixed configurations: the route that the index finds must be
// the one that trying all routes in order finds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "router/route_table.h"

namespace outrider {
namespace {

// Each word of `specs` is a route: kind, flags ("i": case ignored, "h": x-h must be there), ":" and text.
struct Spec {
  char kind;
  bool ignore_case;
  bool header;
  std::string text;
};

constexpr std::string_view specs[] = {
    "ph:/ph e:/ p:/",
    "eh:/a e:/a sh:/a s:/a p:/a/b/ pi:/A/ r:/a/[0-9]+ t:/a/{x}/b r:^/a\\.b?c.*$ p:",
    "r:.*z r:/x|/y r:/x/(a|b) ri:(?i)/Q r:/ab{0,2}c r:/a+ p:/x c: t:/{x} t:/x/**",
    "c: si:/X/y e:/x;y p:/x?y r:/x/[y|z]",
    "p:/aaaaaaaa p:/aaaa ph:/aaa p:/aa ph:/a ei:/AAAA s:/aaa p:/ab pi:/aB s:/ab/ab/ab",
    "p:/ab/ab eh:/ab/ab/a p:/",
    "e:a p:b s:c p:/\x80 pi:/\xc3\x84 e:/\xff"};

constexpr std::string_view domains[] = {"*",   "a.test", "*.a.test", "*-b.test",
                                        "a.*", "a.b*",   "[::1]",    "b:80"};

Spec parse(std::string_view word) {
  Spec spec{word[0], false, false, {}};
  const size_t colon = word.find(':');
  const std::string_view flags = word.substr(1, colon - 1);
  spec.ignore_case = flags.find('i') != std::string_view::npos;
  spec.header = flags.find('h') != std::string_view::npos;
  spec.text = word.substr(colon + 1);
  return spec;
}

std::vector<Spec> parse_all(std::string_view words) {
  std::vector<Spec> all;
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    all.push_back(parse(words.substr(0, end)));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return all;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string path_json(const Spec& spec) {
  const std::string text = quoted(spec.text);
  const std::string type =
      "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
  switch (spec.kind) {
    case 'e':
      return "\"path\":" + text;
    case 'p':
      return "\"prefix\":" + text;
    case 's':
      return "\"path_separated_prefix\":" + text;
    case 'r':
      return "\"safe_regex\":{\"regex\":" + text + "}";
    case 'c':
      return "\"connect_matcher\":{}";
    default:
      return "\"path_match_policy\":{\"typed_config\":{\"@type\":\"" + type + "\",\"path_template\":" + text +
             "}}";
  }
}

std::string table_json(const std::vector<Spec>& routes) {
  std::string json = "{\"virtual_hosts\":[";
  for (size_t i = 0; i < std::size(domains); i++) {
    json.append(i == 0 ? "" : ",")
        .append("{\"name\":\"v\",\"domains\":[")
        .append(quoted(domains[i]))
        .append("]");
    json.append(",\"routes\":[");
    for (size_t r = 0; r < routes.size(); r++) {
      json.append(r == 0 ? "" : ",").append("{\"match\":{").append(path_json(routes[r]));
      if (routes[r].ignore_case) json += ",\"case_sensitive\":false";
      if (routes[r].header) json += ",\"headers\":[{\"name\":\"x-h\"}]";
      json += "},\"direct_response\":{\"status\":200}}";
    }
    json += "]}";
  }
  return json + "]}";
}

class NoClusters final : public RouteBuildContext {
 public:
  uint32_t cluster_index(std::string_view) override { return 0; }
};

struct Fixture {
  std::vector<Spec> specs;
  std::unique_ptr<ConfigTree> tree;
  std::unique_ptr<RouteTable> table;
};

std::vector<Fixture> build_all() {
  std::vector<Fixture> all;
  for (const std::string_view words : specs) {
    Fixture fixture{parse_all(words), nullptr, nullptr};
    NoClusters clusters;
    fixture.tree = ConfigTree::parse(table_json(fixture.specs));
    if (fixture.tree == nullptr) std::abort();
    Result<std::unique_ptr<RouteTable>> table = RouteTable::build(fixture.tree->root(), clusters);
    if (!table) std::abort();
    fixture.table = std::move(table.value());
    all.push_back(std::move(fixture));
  }
  return all;
}

bool path_fits(const RouteEntry& entry, const Spec& spec, std::string path) {
  std::string text = spec.text;
  if (spec.kind == 'r') return entry.path.regex->full_match(path);
  if (spec.kind == 't') return entry.path.uri->matches(path);
  if (spec.ignore_case) path = lower_case(std::string_view(path));
  if (spec.ignore_case) text = lower_case(std::string_view(text));
  if (spec.kind == 'e') return path == text;
  if (!path.starts_with(text)) return false;
  return spec.kind == 'p' || path.size() == text.size() || path[text.size()] == '/';
}

// The index of the first route that fits, or the number of routes.
size_t first_fit(const Fixture& fixture, const VirtualHost& host, const HeaderMap& headers) {
  const std::string_view whole = headers.get(HeaderId::Path);
  const std::string path(whole.substr(0, whole.find_first_of("?#")));
  const bool connect = headers.get(HeaderId::Method) == "CONNECT";
  for (size_t i = 0; i < fixture.specs.size(); i++) {
    const Spec& spec = fixture.specs[i];
    if (spec.header && !headers.has("x-h")) continue;
    if (spec.kind == 'c') {
      if (connect) return i;
      continue;
    }
    const RouteEntry& entry = fixture.table->route_at(host.id * fixture.specs.size() + i);
    if (headers.has(HeaderId::Path) && path_fits(entry, spec, path)) return i;
  }
  return fixture.specs.size();
}

size_t best_domain(std::string_view host) {
  const std::string lower = lower_case(host);
  size_t best = 0;
  size_t best_rank = 0;
  for (size_t i = 1; i < std::size(domains); i++) {
    std::string_view domain = domains[i];
    size_t rank = 0;
    if (domain == lower) rank = 3'000;
    if (domain[0] == '*' && lower.size() >= domain.size() && lower.ends_with(domain.substr(1))) {
      rank = 2'000 + domain.size();
    }
    if (domain.ends_with('*') && lower.size() >= domain.size() &&
        lower.starts_with(domain.substr(0, domain.size() - 1))) {
      rank = 1'000 + domain.size();
    }
    if (rank > best_rank) best = i;
    best_rank = std::max(best_rank, rank);
  }
  return best;
}

}  // namespace
}  // namespace outrider

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace outrider;
  static const std::vector<Fixture> fixtures = build_all();
  if (size < 2) return 0;
  const Fixture& fixture = fixtures[data[0] % fixtures.size()];
  const uint8_t flags = data[1];
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t cut = std::min(rest.find('\n'), rest.size());
  ArenaBlockPool pool;
  Arena arena(pool);
  HeaderMap headers(arena, HeaderMapKind::Request);
  headers.add(HeaderId::Method, flags & 1 ? "CONNECT" : "GET");
  headers.add(HeaderId::Authority, rest.substr(0, cut));
  if (!(flags & 2)) headers.add(HeaderId::Path, rest.substr(std::min(cut + 1, rest.size())));
  if (flags & 4) headers.add("x-h", "");
  const RouteResult result = fixture.table->route(RouteRequest{headers});
  if (result.virtual_host->id != best_domain(headers.get(HeaderId::Authority))) std::abort();
  const size_t expected = first_fit(fixture, *result.virtual_host, headers);
  const size_t routes = fixture.specs.size();
  const size_t found = result.route == nullptr ? routes : result.route->id % routes;
  if (found != expected) std::abort();
  return 0;
}
