#include "router/hash_policy.h"

#include <algorithm>
#include <new>

#include "base/xxhash64.h"
#include "codec/header_match.h"
#include "router/query_match.h"

namespace outrider {

void HashPolicy::Cookies::add(std::string_view value, Arena& arena) {
  void* const memory = arena.allocate(sizeof(Item), alignof(Item));
  if (memory != nullptr) first_ = new (memory) Item{arena.copy_view(value), first_};
}

void HashPolicy::Cookies::write(HeaderMap& response) const {
  for (const Item* item = first_; item != nullptr; item = item->next) {
    response.add_ref(HeaderId::SetCookie, item->value);
  }
}

HashPolicy::FromCookie HashPolicy::read_cookie(ConfigView config) {
  FromCookie cookie{std::string(config.string("name")), config.has("ttl"), {}};
  const int64_t seconds = config.duration_ms("ttl") / 1000;
  if (seconds != 0) cookie.tail += "; Max-Age=" + std::to_string(seconds);
  const std::string_view path = config.string("path");
  if (!path.empty()) cookie.tail.append("; Path=").append(path);
  for (const ConfigView attribute : config.list("attributes")) {
    cookie.tail.append("; ").append(attribute.string("name"));
    const std::string_view value = attribute.string("value");
    if (!value.empty()) cookie.tail.append("=").append(value);
  }
  cookie.tail += "; HttpOnly";
  return cookie;
}

Result<HashPolicy::Item> HashPolicy::read_item(ConfigView config) {
  Item item;
  item.terminal = config.boolean("terminal");
  if (const ConfigView header = config["header"]) {
    FromHeader from{request_header_name(header.string("header_name")), std::nullopt};
    if (header.has("regex_rewrite")) {
      Result<RegexRewrite> rewrite = RegexRewrite::read(header["regex_rewrite"]);
      if (!rewrite)
        return ConfigError{"header.regex_rewrite." + rewrite.error().path, rewrite.error().reason};
      from.rewrite = std::move(rewrite.value());
    }
    item.source = std::move(from);
  } else if (const ConfigView cookie = config["cookie"]) {
    item.source = read_cookie(cookie);
  } else if (const ConfigView connection = config["connection_properties"]) {
    if (!connection.boolean("source_ip")) return ConfigError{"connection_properties", "must have source_ip"};
    item.source = FromSourceIp{};
  } else if (const ConfigView query = config["query_parameter"]) {
    item.source = FromQuery{std::string(query.string("name"))};
  } else {
    return ConfigError{"", "is not supported"};
  }
  return item;
}

Result<std::unique_ptr<HashPolicy>> HashPolicy::read(ConfigView list) {
  if (list.size() == 0) return std::unique_ptr<HashPolicy>();
  auto policy = std::make_unique<HashPolicy>();
  for (const ConfigView config : list) {
    Result<Item> item = read_item(config);
    if (!item) {
      return ConfigError{"[" + std::to_string(policy->items_.size()) + "]." + item.error().path,
                         item.error().reason};
    }
    policy->items_.push_back(std::move(item.value()));
  }
  return policy;
}

// Several lines of one name count together, in whatever order they came: each hash is the seed of the next.
std::optional<uint64_t> HashPolicy::hash_header(const FromHeader& from, HeaderMap& request,
                                                std::string& scratch) {
  const Header* line = request.find(from.name);
  if (line == nullptr) return std::nullopt;
  const auto hash_one = [&](std::string_view value, uint64_t seed) {
    if (!from.rewrite) return xxhash64(value, seed);
    scratch.clear();
    from.rewrite->apply(value, scratch);
    return xxhash64(scratch, seed);
  };
  if (request.next_same(line) == nullptr) return hash_one(line->text(), 0);
  std::vector<std::string> values;
  for (; line != nullptr; line = request.next_same(line)) {
    scratch.assign(line->text());
    if (from.rewrite) {
      scratch.clear();
      from.rewrite->apply(line->text(), scratch);
    }
    values.push_back(scratch);
  }
  std::sort(values.begin(), values.end());
  uint64_t hash = 0;
  for (const std::string& value : values) hash = xxhash64(value, hash);
  return hash;
}

static void append_hex(uint64_t number, std::string& out) {
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(number >> shift) & 15];
}

// The made value is that of the connection, so that requests which race for the first cookie get the same one.
std::optional<uint64_t> HashPolicy::hash_cookie(const FromCookie& from, HeaderMap& request,
                                                const StreamInfo& info, std::string& scratch,
                                                Cookies& cookies) {
  const std::string_view value = cookie_value(request, from.name).value_or(std::string_view{});
  if (!value.empty()) return xxhash64(value);
  if (!from.generated || info.connection == nullptr) return std::nullopt;
  scratch = info.downstream_remote->text() + info.connection->local.text();
  const uint64_t connection = xxhash64(scratch);
  scratch.clear();
  append_hex(connection, scratch);
  const uint64_t hash = xxhash64(scratch);
  cookies.add(from.name + "=\"" + scratch + "\"" + from.tail, request.arena());
  return hash;
}

std::optional<uint64_t> HashPolicy::hash(HeaderMap& request, const StreamInfo& info, std::string& scratch,
                                         Cookies& new_cookies) const {
  std::optional<uint64_t> all;
  for (const Item& item : items_) {
    std::optional<uint64_t> one;
    if (const auto* header = std::get_if<FromHeader>(&item.source)) {
      one = hash_header(*header, request, scratch);
    } else if (const auto* cookie = std::get_if<FromCookie>(&item.source)) {
      one = hash_cookie(*cookie, request, info, scratch, new_cookies);
    } else if (const auto* query = std::get_if<FromQuery>(&item.source)) {
      const std::optional<std::string_view> value = query_parameter(request.get(HeaderId::Path), query->name);
      if (value) one = xxhash64(*value);
    } else if (info.downstream_remote != nullptr && info.downstream_remote->is_ip()) {
      one = xxhash64(info.downstream_remote->ip());
    }
    // Turned by a bit, so that two equal parts do not cancel each other out.
    if (one) all = (all ? (*all << 1) | (*all >> 63) : 0) ^ *one;
    if (item.terminal && all) break;
  }
  return all;
}

}  // namespace outrider
