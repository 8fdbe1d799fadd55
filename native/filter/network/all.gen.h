// Written by native/filter/emit_tables.cjs from this folder's files; do not edit.
#pragma once
#include "filter/network.h"

namespace outrider {

extern const NetworkFilterType direct_response;
extern const NetworkFilterType echo;
extern const NetworkFilterType tcp_proxy;

inline const NetworkFilterType* const network_filter_types[] = {
    &direct_response,
    &echo,
    &tcp_proxy,
};

}  // namespace outrider
