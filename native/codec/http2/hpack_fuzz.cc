// Header blocks of a peer through the decoder, and what it read through the encoder and another decoder: the fields
// must come out the same, block after block, whatever the table sizes. Input: a byte for the peer's table size, then
// blocks, each behind a byte with its length.
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "codec/http2/hpack_decoder.h"
#include "codec/http2/hpack_encoder.h"

using namespace outrider;
using namespace outrider::http2;

namespace {

struct Fields {
  std::vector<std::pair<std::string, std::string>> all;
  bool sound = true;
  void on_field(const HpackEntry& entry) {
    all.emplace_back(entry.name, entry.value);
    sound = sound && entry.sound;
    if (entry.id != HeaderId::None && header_name(entry.id) != entry.name) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  ArenaBlockPool blocks;
  HpackDecoder decoder(4096);
  HpackEncoder encoder(4096, data[0] & 1);
  HpackDecoder second(4096);
  std::string scratch;
  encoder.set_peer_table_bytes(data[0] * 16u);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!rest.empty()) {
    const std::string_view block = rest.substr(1, static_cast<uint8_t>(rest.front()));
    rest.remove_prefix(1 + block.size());
    Fields fields;
    if (!decoder.decode(block, scratch, fields)) return 0;
    if (!fields.sound) continue;
    Arena arena(blocks);
    HeaderMap map(arena, HeaderMapKind::RequestTrailers);
    for (const auto& [name, value] : fields.all) {
      map.push(arena.copy_view(name), arena.copy_view(value), header_id(name));
    }
    std::string out(HpackEncoder::bytes_max(map), 0);
    out.resize(static_cast<size_t>(encoder.encode(map, out.data()) - out.data()));
    Fields again;
    if (!second.decode(out, scratch, again)) std::abort();
    std::erase_if(fields.all, [](const auto& field) {
      switch (header_id(field.first)) {  // HTTP/1's own are left out
        case HeaderId::Connection:
        case HeaderId::KeepAlive:
        case HeaderId::ProxyConnection:
        case HeaderId::TransferEncoding:
        case HeaderId::Upgrade:
        case HeaderId::Http2Settings:
        case HeaderId::Host:
          return true;
        default:
          return false;
      }
    });
    if (again.all != fields.all) std::abort();
  }
  return 0;
}
