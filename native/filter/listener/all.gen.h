// Written by native/filter/emit_tables.cjs from this folder's files; do not edit.
#pragma once
#include "filter/listener.h"

namespace outrider {

extern const ListenerFilterType http_inspector;
extern const ListenerFilterType local_ratelimit_listener;
extern const ListenerFilterType original_dst;
extern const ListenerFilterType proxy_protocol;
extern const ListenerFilterType tls_inspector;

inline const ListenerFilterType* const listener_filter_types[] = {
    &http_inspector,
    &local_ratelimit_listener,
    &original_dst,
    &proxy_protocol,
    &tls_inspector,
};

}  // namespace outrider
