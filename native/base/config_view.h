#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

namespace outrider {

// A read-only tree of canonical proto3 JSON, as TypeScript checked it. Views are cheap copies and are
// valid as long as their ConfigTree. A missing field reads as its default, as in proto3.
class ConfigView {
 public:
  enum class Kind : uint8_t { None, Null, Boolean, Number, String, List, Object };

  struct Node;
  struct Member;

  class Iterator;  // over the items of a list
  class Members;   // over the fields of an object

  ConfigView() = default;
  explicit ConfigView(const Node* node) : node_(node) {}

  Kind kind() const;
  // Present and not null.
  explicit operator bool() const { return kind() > Kind::Null; }
  bool has(std::string_view field) const { return static_cast<bool>((*this)[field]); }
  ConfigView operator[](std::string_view field) const;
  ConfigView operator[](uint32_t index) const;
  // Tells this place in its tree from every other.
  const void* identity() const { return node_; }
  // Items of a list or fields of an object; 0 for anything else.
  uint32_t size() const;

  // This node's own value.
  std::string_view as_string(std::string_view fallback = {}) const;
  bool as_boolean(bool fallback = false) const;
  double as_number(double fallback = 0) const;
  // Also reads 64-bit integers that canonical JSON writes as text.
  uint64_t as_uint(uint64_t fallback = 0) const;
  int64_t as_int(int64_t fallback = 0) const;
  // google.protobuf.Duration, e.g. "1.5s": whole milliseconds, rounded up.
  int64_t as_duration_ms(int64_t fallback = 0) const;

  // A field's value.
  std::string_view string(std::string_view field, std::string_view fallback = {}) const;
  bool boolean(std::string_view field, bool fallback = false) const;
  double number(std::string_view field, double fallback = 0) const;
  uint64_t uint(std::string_view field, uint64_t fallback = 0) const;
  int64_t integer(std::string_view field, int64_t fallback = 0) const;
  int64_t duration_ms(std::string_view field, int64_t fallback = 0) const;
  // The field as a list to iterate over; a missing one is empty.
  ConfigView list(std::string_view field) const { return (*this)[field]; }
  // The full name of the message in a google.protobuf.Any, without "type.googleapis.com/".
  std::string_view type_name() const;

  // `for (ConfigView item : view.list("x"))`
  Iterator begin() const;
  Iterator end() const;
  // `for (auto& [key, value] : view.members())`
  Members members() const;

 private:
  const Node* node_ = nullptr;
};

struct ConfigView::Node {
  Kind kind = Kind::None;
  bool boolean = false;
  uint32_t size = 0;  // bytes of text, items or fields
  union {
    double number;
    const char* text;
    const Node* items;
    const Member* fields;
  };
};

struct ConfigView::Member {
  std::string_view key;
  Node node;
  ConfigView value() const { return ConfigView(&node); }
};

class ConfigView::Iterator {
 public:
  explicit Iterator(const Node* node) : node_(node) {}
  ConfigView operator*() const { return ConfigView(node_); }
  Iterator& operator++() {
    ++node_;
    return *this;
  }
  bool operator!=(const Iterator& other) const { return node_ != other.node_; }

 private:
  const Node* node_;
};

class ConfigView::Members {
 public:
  Members(const Member* first, const Member* last) : first_(first), last_(last) {}
  const Member* begin() const { return first_; }
  const Member* end() const { return last_; }

 private:
  const Member* first_;
  const Member* last_;
};

// Owns the nodes and the text of one configuration message.
class ConfigTree {
 public:
  // Parses JSON text; null when it is not JSON or nests deeper than 200. The tree keeps its own copy.
  static std::unique_ptr<ConfigTree> parse(std::string_view json);
  ~ConfigTree();
  ConfigTree(const ConfigTree&) = delete;
  ConfigTree& operator=(const ConfigTree&) = delete;
  ConfigView root() const { return ConfigView(root_); }

 private:
  friend class JsonReader;
  ConfigTree() = default;
  void* allocate(size_t bytes);

  struct Block;
  Block* blocks_ = nullptr;
  const ConfigView::Node* root_ = nullptr;
};

}  // namespace outrider
