#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrider {

// Domains of virtual hosts -> a number: exact, "*suffix" (the longest first), "prefix*" (the longest first),
// "*". One probe of a hash table for each length in use, whatever their count. Immutable once filled.
class DomainIndex {
 public:
  static constexpr uint32_t none = UINT32_MAX;

  // False when the domain stands there already (case does not count).
  bool add(std::string_view domain, uint32_t value);
  // To be called once, after the last add().
  void build();
  uint32_t find(std::string_view host) const;

 private:
  enum class Side : uint8_t { Front, Back };
  struct Entry {
    uint32_t hash;
    uint32_t value;
    uint32_t text_at;
    uint32_t text_size;
  };
  // Texts of one kind, hashed from one end.
  struct Texts {
    Side side;
    std::vector<Entry> entries;
    std::vector<uint32_t> slots;    // index into entries + 1; 0: empty; a power of two of them
    std::vector<uint32_t> lengths;  // in use, ascending
  };
  bool add_text(Texts& texts, std::string_view text, uint32_t value);
  uint32_t probe(const Texts& texts, uint32_t hash, std::string_view part) const;
  uint32_t longest(const Texts& texts, std::string_view host) const;
  uint32_t whole(const Texts& texts, std::string_view host) const;

  std::string text_;  // all domains, lower case
  Texts exact_{Side::Front, {}, {}, {}};
  Texts suffixes_{Side::Back, {}, {}, {}};
  Texts prefixes_{Side::Front, {}, {}, {}};
  uint32_t any_ = none;
};

}  // namespace outrider
