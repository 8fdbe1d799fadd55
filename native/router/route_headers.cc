// What a route does to the headers of requests and responses.
#include <algorithm>
#include <array>

#include "router/route_table.h"

namespace outrider {

using KeepOriginals = RouteTable::KeepOriginals;

namespace {

// From the most specific level to the least; a null level has no edits.
struct Levels {
  std::array<const HeaderEdits*, 4> edits;  // cluster weight, route, virtual host, route configuration
};

Levels levels_of(const RouteResult& result, const HeaderEdits* table) {
  return {{result.target == nullptr ? nullptr : result.target->edits.get(), result.route->edits.get(),
           result.virtual_host->edits.get(), table}};
}

std::string_view last_item(std::string_view list) {
  const size_t comma = list.rfind(',');
  return comma == std::string_view::npos ? list : list.substr(comma + 1);
}

void rewrite_host(const RouteEntry& route, HeaderMap& headers, const FormatContext& context,
                  KeepOriginals keep, std::string& scratch) {
  if (route.host_rewrite == nullptr) return;
  route.host_rewrite->apply(headers, context, scratch);
  if (!scratch.empty()) update_authority(headers, scratch, route.append_x_forwarded_host, keep);
}

}  // namespace

void update_authority(HeaderMap& headers, std::string_view host, bool append_x_forwarded_host,
                      KeepOriginals keep) {
  const std::string_view old = headers.get(HeaderId::Authority);
  if (!old.empty()) {
    const bool told = last_item(headers.get(HeaderId::ForwardedHost)) == old;
    if (append_x_forwarded_host && !told) headers.append_comma(HeaderId::ForwardedHost, old);
    if (keep == KeepOriginals::Yes) headers.set(HeaderId::EnvoyOriginalHost, old);
  }
  headers.set(HeaderId::Authority, host);
}

void rewrite_path(const RouteEntry& route, HeaderMap& headers, const FormatContext& context,
                  KeepOriginals keep, std::string& scratch) {
  if (route.path_rewrite == nullptr || !headers.has(HeaderId::Path)) return;
  const std::string_view path = headers.get(HeaderId::Path);
  route.path_rewrite->apply(path, context, scratch);
  if (scratch.empty()) return;
  if (keep == KeepOriginals::Yes) headers.set(HeaderId::EnvoyOriginalPath, path);
  headers.set(HeaderId::Path, scratch);
}

void RouteTable::finalize_request_headers(const RouteResult& result, HeaderMap& headers,
                                          const FormatContext& context, KeepOriginals keep,
                                          std::string& scratch) const {
  Levels levels = levels_of(result, edits_.get());
  if (most_specific_wins_) std::reverse(levels.edits.begin(), levels.edits.end());
  for (const HeaderEdits* edits : levels.edits) {
    if (edits != nullptr) edits->request.apply(headers, context, scratch);
  }
  if (result.target != nullptr && !result.target->host_rewrite.empty()) {
    headers.set(HeaderId::Authority, result.target->host_rewrite);
  }
  rewrite_host(*result.route, headers, context, keep, scratch);
  rewrite_path(*result.route, headers, context, keep, scratch);
}

void RouteTable::finalize_response_headers(const RouteResult& result, HeaderMap& headers,
                                           const FormatContext& context, std::string& scratch) const {
  Levels levels = levels_of(result, edits_.get());
  if (most_specific_wins_) std::reverse(levels.edits.begin(), levels.edits.end());
  for (const HeaderEdits* edits : levels.edits) {
    if (edits != nullptr) edits->response.apply(headers, context, scratch);
  }
}

}  // namespace outrider
