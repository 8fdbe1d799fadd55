// What a route does to the headers of requests and responses.
#include <array>

#include "router/route_table.h"

namespace outrider {

using KeepOriginals = RouteTable::KeepOriginals;

namespace {

using Levels = std::array<const HeaderEdits*, 4>;  // null: a level without edits

// In the order in which they are applied. Those of a cluster weight come first even where the most specific
// level is to win: so does Envoy.
Levels levels_of(const RouteResult& result, const HeaderEdits* table, bool most_specific_last) {
  const HeaderEdits* const target = result.target == nullptr ? nullptr : result.target->edits.get();
  const HeaderEdits* const route = result.route->edits.get();
  const HeaderEdits* const host = result.virtual_host->edits.get();
  return most_specific_last ? Levels{target, table, host, route} : Levels{target, route, host, table};
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
  for (const HeaderEdits* edits : levels_of(result, edits_.get(), most_specific_wins_)) {
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
  for (const HeaderEdits* edits : levels_of(result, edits_.get(), most_specific_wins_)) {
    if (edits != nullptr) edits->response.apply(headers, context, scratch);
  }
}

}  // namespace outrider
