#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrider {

// Where the routes of one list start in a PathIndex: a tree for paths as they are, one for paths in lower
// case.
struct RouteGroup {
  static constexpr uint32_t none = UINT32_MAX;
  uint32_t exact_case = none;
  uint32_t lower_case = none;
};

// Radix trees over the paths and prefixes of all route lists, in flat arrays. A walk costs by the forks along
// the path, not by the number of routes. The first route that matches wins, so a walk gives every candidate
// in the order of the configuration. Immutable once filled.
class PathIndex {
 public:
  // What must follow the text of a rule for it to be a candidate.
  enum class Ends : uint8_t { Anywhere, AtEnd, AtSlash };
  struct Rule {
    std::string text;
    uint32_t route;
    Ends ends;
    bool ignore_case;
    bool certain;  // matches whenever it is a candidate: nothing further to ask
  };

  RouteGroup add(std::vector<Rule> rules);

  // The candidates for one path, ascending.
  class Candidates;

 private:
  friend class Candidates;
  struct Node {
    uint32_t label_at;
    uint32_t label_size;  // the first byte is in first_bytes_
    uint32_t children;    // index of the first; they stand in a row
    uint16_t child_count;
    uint16_t unused;
    uint32_t stop;  // index into stops_, or none
  };
  // A node where the text of at least one rule ends.
  struct Stop {
    uint32_t up;     // the nearest stop above, or none
    uint32_t depth;  // bytes of path up to here
    uint32_t rules;  // index of the first in rules_, ascending by route
    uint32_t rule_count;
  };
  static constexpr uint32_t none = UINT32_MAX;

  std::vector<Node> nodes_;
  std::vector<uint8_t> first_bytes_;  // of the label, by node
  std::string labels_;
  std::vector<Stop> stops_;
  std::vector<uint64_t> rules_;
};

}  // namespace outrider
