#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/header_map.h"
#include "codec/http1/parser.h"

// Field lines (RFC 9112 §5), of heads and of trailers.
namespace outrider::http1 {

// A head or trailer section, as it came and copied to the arena: the lines are found in the first, which no
// store has just touched (a load that straddles one stalls: it cost a third), and changed in the second.
struct Section {
  const char* source;      // the section's field lines, up to and including its empty line, and what follows
  const char* source_end;  // end of what may be read
  char* copy;              // the same bytes in the arena, section_padding writable bytes behind them
  size_t bytes;            // of the copy; the lines and the empty line are within it, or the reading fails
};
inline constexpr size_t section_padding = 16;

// Reads the field lines of `section` into `map`: names lower-cased, folds and stray CRs taken out; the bytes
// stay in the copy. *bytes_read counts the empty line, too. False with *error set. A repeated name of Envoy's
// header tables is joined to the first.
bool read_fields(const Section& section, const Options& options, HeaderMap& map, size_t* bytes_read,
                 uint32_t* dropped_underscores, ParseError* error);

// How Envoy counts the field lines of a head that was just read: without line ends' blanks and pseudo headers.
uint64_t field_bytes_received(const HeaderMap& map);

// A copy of `bytes` in the arena with the padding behind it; nullptr when the arena has failed.
char* copy_padded(Arena& arena, std::string_view bytes);

// The bytes of `input` up to and including the empty line that ends it, 0 when it is not there yet.
// Starts looking at *scanned and leaves there where to go on.
size_t find_end(std::string_view input, uint32_t* scanned);

}  // namespace outrider::http1
