// Written by native/filter/emit_tables.cjs from this folder's files; do not edit.
#pragma once
#include "filter/network.h"

namespace outrider {

extern const NetworkFilterType connection_limit;
extern const NetworkFilterType direct_response;
extern const NetworkFilterType echo;
extern const NetworkFilterType local_ratelimit;
extern const NetworkFilterType rbac;
extern const NetworkFilterType sni_cluster;
extern const NetworkFilterType tcp_proxy;

inline const NetworkFilterType* const network_filter_types[] = {
    &connection_limit,
    &direct_response,
    &echo,
    &local_ratelimit,
    &rbac,
    &sni_cluster,
    &tcp_proxy,
};

}  // namespace outrider
