#include "filter/http/all.gen.h"
#include "filter/listener/all.gen.h"
#include "filter/network/all.gen.h"

namespace outrider {

const HttpFilterType* find_http_filter(std::string_view type) {
  for (const HttpFilterType* filter : http_filter_types) {
    if (filter->type == type) return filter;
  }
  return nullptr;
}

const NetworkFilterType* find_network_filter(std::string_view type) {
  for (const NetworkFilterType* filter : network_filter_types) {
    if (filter->type == type) return filter;
  }
  return nullptr;
}

const HttpFilterType* find_http_filter_of_route(std::string_view type) {
  if (type.empty()) return nullptr;
  for (const HttpFilterType* filter : http_filter_types) {
    if (filter->route_type == type || filter->type == type) return filter;
  }
  return nullptr;
}

const ListenerFilterType* find_listener_filter(std::string_view type) {
  for (const ListenerFilterType* filter : listener_filter_types) {
    if (filter->type == type) return filter;
  }
  return nullptr;
}

}  // namespace outrider
