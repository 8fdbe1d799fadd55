#include "router/path_index.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/ascii.h"

namespace outrider {

// A node whose children are still to be made: its rules in the sorted list share their first `depth` bytes.
struct PathIndex::Pending {
  uint32_t node;
  uint32_t first;
  uint32_t last;
  uint32_t depth;
  uint32_t up;
};

static uint32_t pack(const PathIndex::Rule& rule) {
  return rule.route << 3 | static_cast<uint32_t>(rule.ends) << 1 | (rule.certain ? 1 : 0);
}

RouteGroup PathIndex::add(std::vector<Rule> rules) {
  const auto middle =
      std::stable_partition(rules.begin(), rules.end(), [](const Rule& r) { return !r.ignore_case; });
  std::vector<Rule> lower(std::make_move_iterator(middle), std::make_move_iterator(rules.end()));
  rules.erase(middle, rules.end());
  for (Rule& rule : lower) rule.text = lower_case(std::string_view(rule.text));
  return {rules.empty() ? none : add_tree(rules), lower.empty() ? none : add_tree(lower)};
}

uint32_t PathIndex::add_tree(std::vector<Rule>& rules) {
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    const int order = a.text.compare(b.text);
    return order != 0 ? order < 0 : a.route < b.route;
  });
  const uint32_t root = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({0, 0, 0, none, 0, 0});
  first_bytes_.push_back(0);
  // Breadth first, so that the upper forks of a tree share cache lines.
  std::vector<Pending> queue{{root, 0, static_cast<uint32_t>(rules.size()), 0, none}};
  for (size_t i = 0; i < queue.size(); i++) {
    Pending at = queue[i];
    const uint32_t start = at.first;
    while (at.first < at.last && rules[at.first].text.size() == at.depth) at.first++;
    if (at.first != start) at.up = add_stop(&rules[start], rules.data() + at.first, at.up, at.depth);
    if (at.first != start) nodes_[at.node].stop = at.up;
    add_children(rules, at, queue);
  }
  return root;
}

uint32_t PathIndex::add_stop(const Rule* first, const Rule* last, uint32_t up, uint32_t depth) {
  Stop stop{up, depth, static_cast<uint32_t>(rules_.size()), 0};
  for (const Rule* rule = first; rule != last; rule++) {
    assert(rule->route < routes_max);
    rules_.push_back(pack(*rule));
    stop.rule_count++;
    if (rule->certain && rule->ends == Ends::Anywhere) break;  // it hides the rest
  }
  if (stop.rule_count == 1) {
    stop.rules = rules_.back();
    rules_.pop_back();
  }
  stops_.push_back(stop);
  return static_cast<uint32_t>(stops_.size() - 1);
}

static size_t common_size(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + size, b.begin()).first - a.begin());
}

void PathIndex::add_children(const std::vector<Rule>& rules, const Pending& parent,
                             std::vector<Pending>& queue) {
  nodes_[parent.node].children = static_cast<uint32_t>(nodes_.size());
  for (uint32_t first = parent.first; first < parent.last;) {
    const std::string& text = rules[first].text;
    uint32_t last = first + 1;
    while (last < parent.last && rules[last].text[parent.depth] == text[parent.depth]) last++;
    const uint32_t depth = static_cast<uint32_t>(common_size(text, rules[last - 1].text));
    const uint32_t size = depth - parent.depth;
    queue.push_back({static_cast<uint32_t>(nodes_.size()), first, last, depth, parent.up});
    const uint8_t first_byte = static_cast<uint8_t>(text[parent.depth]);
    nodes_.push_back({static_cast<uint32_t>(labels_.size()), size, 0, none, 0, first_byte});
    nodes_[parent.node].child_count++;
    first_bytes_.push_back(first_byte);
    labels_.append(text, parent.depth, size);
    first = last;
  }
}

template <bool to_lower>
static bool same_bytes(const char* label, const char* path, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (label[i] != (to_lower ? lower_case(path[i]) : path[i])) return false;
  }
  return true;
}

// The child whose label begins with `byte`, or null.
const PathIndex::Node* PathIndex::child(const Node& node, uint8_t byte) const {
  const Node* const first = &nodes_[node.children];
  if (node.child_count == 1) return first->first_byte == byte ? first : nullptr;
  const uint8_t* const fork = &first_bytes_[node.children];
  const void* const found = std::memchr(fork, byte, node.child_count);
  return found == nullptr ? nullptr : first + (static_cast<const uint8_t*>(found) - fork);
}

// The deepest stop along `path`, or none.
template <bool to_lower>
uint32_t PathIndex::walk(uint32_t root, std::string_view path) const {
  if (root == none) return none;
  const Node* node = &nodes_[root];
  uint32_t stop = node->stop;
  while (!path.empty() && node->child_count != 0) {
    const uint8_t byte = static_cast<uint8_t>(to_lower ? lower_case(path[0]) : path[0]);
    node = child(*node, byte);
    if (node == nullptr || node->label_size > path.size()) return stop;
    const char* const label = labels_.data() + node->label_at;
    if (!same_bytes<to_lower>(label + 1, path.data() + 1, node->label_size - 1)) return stop;
    path.remove_prefix(node->label_size);
    if (node->stop != none) stop = node->stop;
  }
  return stop;
}

PathIndex::Candidates::Candidates(const PathIndex& index, RouteGroup group, std::string_view path)
    : index_(index),
      path_(path),
      as_is_(index.walk<false>(group.as_is, path)),
      lower_(index.walk<true>(group.lower, path)) {}

// The lowest rule from `from_` on that fits, at `stop` or above it; `best` when that is lower.
uint32_t PathIndex::Candidates::lowest(uint32_t at, uint32_t best) const {
  for (; at != none; at = index_.stops_[at].up) {
    const Stop& stop = index_.stops_[at];
    const uint32_t* rule = stop.rule_count == 1 ? &stop.rules : index_.rules_.data() + stop.rules;
    const uint32_t* const end = rule + stop.rule_count;
    if (*rule < from_) rule = std::lower_bound(rule, end, from_);
    const bool at_end = stop.depth == path_.size();
    const bool at_slash = !at_end && path_[stop.depth] == '/';
    for (; rule != end && *rule < best; rule++) {
      const Ends ends = static_cast<Ends>(*rule >> 1 & 3);
      if (ends == Ends::Anywhere || at_end || (at_slash && ends == Ends::AtEndOrSlash)) best = *rule;
    }
  }
  return best;
}

bool PathIndex::Candidates::next() {
  const uint32_t rule = lowest(lower_, lowest(as_is_, none));
  if (rule == none) return false;
  from_ = rule + 1;
  return true;
}

}  // namespace outrider
