#include "router/domain_index.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace outrider {

namespace {

// Eight bytes at once; ASCII capitals become small, other bytes stay.
uint64_t lower_word(uint64_t word) {
  constexpr uint64_t all = 0x0101010101010101;
  const uint64_t ascii = word & (all * 0x7f);
  const uint64_t from_a = ascii + all * (0x80 - 'A');    // the high bit: at least 'A'
  const uint64_t beyond_z = ascii + all * (0x7f - 'Z');  // the high bit: more than 'Z'
  return word | ((from_a & ~beyond_z & ~word & (all * 0x80)) >> 2);
}

uint64_t load_word(const char* bytes, size_t count) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  return word;
}

// Of a whole text, in any case.
uint32_t hash_whole(std::string_view text) {
  uint64_t hash = text.size() * 0x9E3779B97F4A7C15;
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0xD6E8FEB86659FD93;
    hash ^= hash >> 32;
  };
  for (; text.size() >= 8; text.remove_prefix(8)) mix(lower_word(load_word(text.data(), 8)));
  if (!text.empty()) mix(lower_word(load_word(text.data(), text.size())));
  return static_cast<uint32_t>(hash);
}

// Of all beginnings or all ends of a text, byte by byte (FNV-1a).
constexpr uint32_t rolling_start = 0x811C9DC5;
constexpr uint32_t roll(uint32_t hash, char c) {
  return (hash ^ static_cast<uint8_t>(lower_case(c))) * 0x01000193;
}

bool same_text(std::string_view text, const char* lower) {
  for (; text.size() >= 8; text.remove_prefix(8), lower += 8) {
    if (lower_word(load_word(text.data(), 8)) != load_word(lower, 8)) return false;
  }
  return text.empty() || lower_word(load_word(text.data(), text.size())) == load_word(lower, text.size());
}

}  // namespace

void DomainIndex::Table::place(uint32_t index) {
  const uint32_t hash = entries_[index].hash;
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = uint64_t{hash} << 32 | (index + 1);
}

void DomainIndex::Table::add(Entry entry) {
  entries_.push_back(entry);
  const auto at = std::lower_bound(lengths_.begin(), lengths_.end(), entry.text_size);
  if (at == lengths_.end() || *at != entry.text_size) lengths_.insert(at, entry.text_size);
  if (entries_.size() * 2 <= slots_.size()) return place(static_cast<uint32_t>(entries_.size() - 1));
  slots_.assign(std::max<size_t>(8, slots_.size() * 2), 0);
  for (uint32_t i = 0; i < entries_.size(); i++) place(i);
}

uint32_t DomainIndex::Table::find(uint32_t hash, std::string_view part, const std::string& text) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if (slots_[slot] >> 32 != hash) continue;
    const Entry& entry = entries_[static_cast<uint32_t>(slots_[slot]) - 1];
    if (entry.text_size == part.size() && same_text(part, text.data() + entry.text_at)) return entry.value;
  }
  return none;
}

bool DomainIndex::add_to(Table& table, uint32_t hash, std::string_view lower, uint32_t value) {
  if (!table.empty() && table.find(hash, lower, text_) != none) return false;
  table.add({hash, value, static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(lower.size())});
  text_.append(lower);
  return true;
}

bool DomainIndex::add(std::string_view domain, uint32_t value) {
  const std::string lower = lower_case(domain);
  std::string_view text = lower;
  uint32_t hash = rolling_start;
  if (text == "*") {
    if (any_ != none) return false;
    any_ = value;
    return true;
  }
  if (text.starts_with('*')) {
    text.remove_prefix(1);
    for (size_t i = text.size(); i > 0; i--) hash = roll(hash, text[i - 1]);
    return add_to(suffixes_, hash, text, value);
  }
  if (text.ends_with('*')) {
    text.remove_suffix(1);
    for (const char c : text) hash = roll(hash, c);
    return add_to(prefixes_, hash, text, value);
  }
  return add_to(exact_, hash_whole(text), text, value);
}

uint32_t DomainIndex::longest_suffix(std::string_view host) const {
  uint32_t hash = rolling_start;
  uint32_t best = none;
  size_t size = 0;
  for (const uint32_t length : suffixes_.lengths()) {
    if (length >= host.size()) break;  // "*" stands for one byte at least
    for (; size < length; size++) hash = roll(hash, host[host.size() - 1 - size]);
    const uint32_t found = suffixes_.find(hash, host.substr(host.size() - length), text_);
    if (found != none) best = found;
  }
  return best;
}

uint32_t DomainIndex::longest_prefix(std::string_view host) const {
  uint32_t hash = rolling_start;
  uint32_t best = none;
  size_t size = 0;
  for (const uint32_t length : prefixes_.lengths()) {
    if (length >= host.size()) break;
    for (; size < length; size++) hash = roll(hash, host[size]);
    const uint32_t found = prefixes_.find(hash, host.substr(0, length), text_);
    if (found != none) best = found;
  }
  return best;
}

uint32_t DomainIndex::find(std::string_view host) const {
  if (!exact_.empty()) {
    const uint32_t found = exact_.find(hash_whole(host), host, text_);
    if (found != none) return found;
  }
  if (!suffixes_.empty()) {
    const uint32_t found = longest_suffix(host);
    if (found != none) return found;
  }
  if (!prefixes_.empty()) {
    const uint32_t found = longest_prefix(host);
    if (found != none) return found;
  }
  return any_;
}

}  // namespace outrider
