#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/config_view.h"
#include "base/regex.h"
#include "base/result.h"
#include "codec/header_map.h"
#include "formatter/stream_info.h"

namespace outrider {

// A repeated envoy.config.route.v3.RouteAction.HashPolicy: what of a request decides which host it goes to, the same
// number as Envoy's. Immutable, shared by all workers.
class HashPolicy {
 public:
  // Null when the list is empty.
  static Result<std::unique_ptr<HashPolicy>> read(ConfigView list);

  // Nothing when the request has none of what is asked for. A cookie that is made for a client that has none is put
  // into `new_cookies`, as whole Set-Cookie values in the request's arena, one after another.
  class Cookies;
  std::optional<uint64_t> hash(HeaderMap& request, const StreamInfo& info, std::string& scratch,
                               Cookies& new_cookies) const;

  // Set-Cookie values that wait for the response.
  class Cookies {
   public:
    bool empty() const { return first_ == nullptr; }
    void add(std::string_view value, Arena& arena);
    void write(HeaderMap& response) const;

   private:
    struct Item {
      std::string_view value;
      const Item* next;
    };
    const Item* first_ = nullptr;
  };

 private:
  struct FromHeader {
    std::string name;  // lower case
    std::optional<RegexRewrite> rewrite;
  };
  struct FromCookie {
    std::string name;
    bool generated = false;  // for a client that has none
    std::string tail;        // what follows the value in Set-Cookie
  };
  struct FromSourceIp {};
  struct FromQuery {
    std::string name;
  };
  struct Item {
    std::variant<FromHeader, FromCookie, FromSourceIp, FromQuery> source;
    bool terminal = false;
  };

  static Result<Item> read_item(ConfigView config);
  static FromCookie read_cookie(ConfigView config);
  static std::optional<uint64_t> hash_header(const FromHeader& from, HeaderMap& request,
                                             std::string& scratch);
  static std::optional<uint64_t> hash_cookie(const FromCookie& from, HeaderMap& request,
                                             const StreamInfo& info, std::string& scratch, Cookies& cookies);

  std::vector<Item> items_;
};

}  // namespace outrider
