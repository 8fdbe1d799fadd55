#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"
#include "codec/http1/parser.h"

// Field lines (RFC 9112 §5), of heads and of trailers.
namespace outrider::http1 {

inline constexpr size_t fields_padding = 16;  // bytes that must follow `end`, for block reads

// Reads the field lines in [p, end), which ends with the empty line, into `map`. The bytes are a copy in
// the map's arena and are changed in place: names lower-cased, folds and stray CRs taken out.
// False with *error set. A repeated name of Envoy's fixed table is joined to the first.
// `source` is where the bytes were copied from: names as they came, for KeyFormat::PreserveCase.
bool read_fields(char* p, char* end, const char* source, const Options& options, HeaderMap& map,
                 uint32_t* dropped_underscores, ParseError* error);

// A copy of `bytes` in the arena with the padding behind it; nullptr when the arena has failed.
char* copy_padded(Arena& arena, std::string_view bytes);

// The bytes of `input` up to and including the empty line that ends it, 0 when it is not there yet.
// Starts looking at *scanned and leaves there where to go on.
size_t find_end(std::string_view input, uint32_t* scanned);

}  // namespace outrider::http1
