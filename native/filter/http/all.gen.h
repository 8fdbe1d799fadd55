// Written by native/filter/emit_tables.cjs from this folder's files; do not edit.
#pragma once
#include "filter/chain.h"

namespace outrider {

extern const HttpFilterType ext_authz;
extern const HttpFilterType header_mutation;

inline const HttpFilterType* const http_filter_types[] = {
    &ext_authz,
    &header_mutation,
};

}  // namespace outrider
