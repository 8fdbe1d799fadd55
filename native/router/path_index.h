#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrider {

// Where the routes of one list start in a PathIndex: a tree for paths as they are, one for paths in lower
// case.
struct RouteGroup {
  uint32_t as_is = UINT32_MAX;  // UINT32_MAX: none
  uint32_t lower = UINT32_MAX;
};

// Radix trees over the paths and prefixes of all route lists, in flat arrays. A walk costs by the forks along
// the path, not by the number of routes. The first route of a list that matches wins, so the index gives
// every candidate in the order of the list. Filled by add(), then only read.
class PathIndex {
 public:
  // Where the path may go on after the text of a rule.
  enum class Ends : uint8_t { Anywhere, AtEnd, AtEndOrSlash };
  struct Rule {
    std::string text;
    uint32_t route;  // below routes_max; no two rules of a list have the same
    Ends ends = Ends::Anywhere;
    bool ignore_case = false;
    bool certain = false;  // a candidate matches without further questions
  };
  static constexpr uint32_t routes_max = 1u << 29;

  RouteGroup add(std::vector<Rule> rules);

  class Candidates;

 private:
  struct Node {
    uint32_t label_at;    // in labels_
    uint32_t label_size;  // 0 at the root
    uint32_t children;    // the first; they stand in a row
    uint32_t stop;        // index of a Stop, or none
    uint16_t child_count;
    uint8_t first_byte;  // of the label
  };
  // A node where the text of at least one rule ends.
  struct Stop {
    uint32_t up;     // the nearest one above, or none
    uint32_t depth;  // bytes of path up to here
    uint32_t
        rules;  // the rule itself when it is alone, else the first in rules_; they stand in a row, ascending
    uint32_t rule_count;
  };
  struct Pending;
  static constexpr uint32_t none = UINT32_MAX;

  uint32_t add_tree(std::vector<Rule>& rules);
  uint32_t add_stop(const Rule* first, const Rule* last, uint32_t up, uint32_t depth);
  void add_children(const std::vector<Rule>& rules, const Pending& parent, std::vector<Pending>& queue);
  const Node* child(const Node& node, uint8_t byte) const;
  template <bool to_lower>
  uint32_t walk(uint32_t root, std::string_view path) const;

  std::vector<Node> nodes_;
  std::vector<uint8_t> first_bytes_;  // by node; beside nodes_, so that a fork is one cache line
  std::string labels_;
  std::vector<Stop> stops_;
  std::vector<uint32_t> rules_;  // route << 3 | ends << 1 | certain
};

// The routes whose text fits one path, ascending: `while (candidates.next())`.
class PathIndex::Candidates {
 public:
  // `path` must live as long.
  Candidates(const PathIndex& index, RouteGroup group, std::string_view path);
  bool next();
  uint32_t route() const { return (from_ - 1) >> 3; }
  bool certain() const { return (from_ - 1) & 1; }

 private:
  uint32_t lowest(uint32_t stop, uint32_t best) const;

  const PathIndex& index_;
  std::string_view path_;
  uint32_t as_is_;  // the deepest stops of the two walks
  uint32_t lower_;
  uint32_t from_ = 0;  // the packed rule after the last one given
};

}  // namespace outrider
