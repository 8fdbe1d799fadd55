#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrider {

// Domains of virtual hosts -> a number: exact, "*suffix" (the longest first), "prefix*" (the longest first),
// "*". One probe of a hash table for each length in use, whatever their count. Filled by add(), then only
// read.
class DomainIndex {
 public:
  static constexpr uint32_t none = UINT32_MAX;

  // False when the domain stands there already; case does not count.
  bool add(std::string_view domain, uint32_t value);
  // The number of the domain that fits best, or none. `host` in any case.
  uint32_t find(std::string_view host) const;
  // Only "*" was added: every host finds it, also a missing one.
  bool only_any() const { return any_ != none && exact_.empty() && suffixes_.empty() && prefixes_.empty(); }
  uint32_t any() const { return any_; }

 private:
  struct Entry {
    uint32_t hash;
    uint32_t value;
    uint32_t text_at;  // in DomainIndex::text_
    uint32_t text_size;
  };
  // An open-addressed hash table of lower-case texts.
  class Table {
   public:
    bool empty() const { return entries_.empty(); }
    void add(Entry entry);
    // The value of `part`, in any case, or none.
    uint32_t find(uint32_t hash, std::string_view part, const std::string& text) const;
    const std::vector<uint32_t>& lengths() const { return lengths_; }

   private:
    void place(uint32_t index);

    std::vector<Entry> entries_;
    std::vector<uint64_t>
        slots_;  // hash << 32 | index + 1; 0: empty; a power of two of them, half full at most
    std::vector<uint32_t> lengths_;  // of the texts, ascending, each once
  };
  uint32_t longest_suffix(std::string_view host) const;
  uint32_t longest_prefix(std::string_view host) const;
  bool add_to(Table& table, uint32_t hash, std::string_view lower, uint32_t value);

  std::string text_;
  Table exact_;
  Table suffixes_;
  Table prefixes_;
  uint32_t any_ = none;
};

}  // namespace outrider
