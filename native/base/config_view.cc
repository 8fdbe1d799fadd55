#include "base/config_view.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace outrider {

using Kind = ConfigView::Kind;
using Node = ConfigView::Node;
using Member = ConfigView::Member;

Kind ConfigView::kind() const { return node_ == nullptr ? Kind::None : node_->kind; }

ConfigView ConfigView::operator[](std::string_view field) const {
  if (kind() != Kind::Object) return {};
  for (const Member& member : members()) {
    if (member.key == field) return member.value();
  }
  return {};
}

ConfigView ConfigView::operator[](uint32_t index) const {
  if (kind() != Kind::List || index >= node_->size) return {};
  return ConfigView(node_->items + index);
}

uint32_t ConfigView::size() const { return kind() == Kind::List || kind() == Kind::Object ? node_->size : 0; }

std::string_view ConfigView::as_string(std::string_view fallback) const {
  return kind() == Kind::String ? std::string_view(node_->text, node_->size) : fallback;
}

bool ConfigView::as_boolean(bool fallback) const {
  return kind() == Kind::Boolean ? node_->boolean : fallback;
}

double ConfigView::as_number(double fallback) const {
  if (kind() == Kind::Number) return node_->number;
  if (kind() != Kind::String) return fallback;
  const std::string_view text = as_string();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

template <typename T>
static T read_integer(const ConfigView& view, T fallback) {
  if (view.kind() == Kind::Number) return static_cast<T>(view.as_number());
  const std::string_view text = view.as_string();
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

uint64_t ConfigView::as_uint(uint64_t fallback) const { return read_integer<uint64_t>(*this, fallback); }
int64_t ConfigView::as_int(int64_t fallback) const { return read_integer<int64_t>(*this, fallback); }

int64_t ConfigView::as_duration_ms(int64_t fallback) const {
  std::string_view text = as_string();
  if (text.empty() || text.back() != 's') return fallback;
  text.remove_suffix(1);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t dot = text.find('.');
  int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + std::min(dot, text.size()), seconds);
  int64_t nanos = 0;
  if (dot != std::string_view::npos) {
    int64_t unit = 100'000'000;
    for (const char c : text.substr(dot + 1)) {
      nanos += (c - '0') * unit;
      unit /= 10;
    }
  }
  const int64_t ms = seconds * 1'000 + (nanos + 999'999) / 1'000'000;
  return negative ? -ms : ms;
}

std::string_view ConfigView::string(std::string_view field, std::string_view fallback) const {
  return (*this)[field].as_string(fallback);
}
bool ConfigView::boolean(std::string_view field, bool fallback) const {
  return (*this)[field].as_boolean(fallback);
}
double ConfigView::number(std::string_view field, double fallback) const {
  return (*this)[field].as_number(fallback);
}
uint64_t ConfigView::uint(std::string_view field, uint64_t fallback) const {
  return (*this)[field].as_uint(fallback);
}
int64_t ConfigView::integer(std::string_view field, int64_t fallback) const {
  return (*this)[field].as_int(fallback);
}
int64_t ConfigView::duration_ms(std::string_view field, int64_t fallback) const {
  return (*this)[field].as_duration_ms(fallback);
}

std::string_view ConfigView::type_name() const {
  const std::string_view url = string("@type");
  return url.substr(url.rfind('/') + 1);
}

ConfigView::Iterator ConfigView::begin() const {
  return Iterator(kind() == Kind::List ? node_->items : nullptr);
}
ConfigView::Iterator ConfigView::end() const {
  return Iterator(kind() == Kind::List ? node_->items + node_->size : nullptr);
}

ConfigView::Members ConfigView::members() const {
  if (kind() != Kind::Object) return {nullptr, nullptr};
  return {node_->fields, node_->fields + node_->size};
}

struct ConfigTree::Block {
  Block* next;
  size_t used;
  size_t size;
};

ConfigTree::~ConfigTree() {
  while (blocks_ != nullptr) {
    Block* next = blocks_->next;
    std::free(blocks_);
    blocks_ = next;
  }
}

void* ConfigTree::allocate(size_t bytes) {
  bytes = (bytes + 7) & ~size_t{7};
  if (blocks_ == nullptr || blocks_->size - blocks_->used < bytes) {
    const size_t size = std::max<size_t>(bytes, blocks_ == nullptr ? 1024 : 65536);
    auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
    if (block == nullptr) std::abort();
    *block = {blocks_, 0, size};
    blocks_ = block;
  }
  void* memory = reinterpret_cast<char*>(blocks_ + 1) + blocks_->used;
  blocks_->used += bytes;
  return memory;
}

// A JSON reader for text that our own side wrote: strict, no recovery, no positions.
class JsonReader {
 public:
  JsonReader(ConfigTree& tree, std::string_view json)
      : tree_(tree), at_(json.data()), end_(json.data() + json.size()) {}

  bool read(Node& node) { return value(node, 0) && (skip_space(), at_ == end_); }

 private:
  static constexpr int depth_max = 200;

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  bool take(char c) {
    skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool literal(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0)
      return false;
    at_ += word.size();
    return true;
  }

  bool value(Node& node, int depth) {
    skip_space();
    if (at_ == end_ || depth > depth_max) return false;
    switch (*at_) {
      case '{':
        return object(node, depth);
      case '[':
        return list(node, depth);
      case '"': {
        std::string_view text;
        if (!string(text)) return false;
        node.kind = Kind::String;
        node.text = text.data();
        node.size = static_cast<uint32_t>(text.size());
        return true;
      }
      case 't':
      case 'f':
        node.kind = Kind::Boolean;
        node.boolean = *at_ == 't';
        return literal(node.boolean ? "true" : "false");
      case 'n':
        node.kind = Kind::Null;
        return literal("null");
      default:
        return number(node);
    }
  }

  bool number(Node& node) {
    node.kind = Kind::Number;
    const auto [end, error] = std::from_chars(at_, end_, node.number);
    if (error != std::errc()) return false;
    at_ = end;
    return true;
  }

  bool object(Node& node, int depth) {
    ++at_;
    const size_t first = members_.size();
    if (!take('}')) {
      do {
        Member member;
        skip_space();
        if (at_ == end_ || *at_ != '"' || !string(member.key) || !take(':') ||
            !value(member.node, depth + 1)) {
          return false;
        }
        members_.push_back(member);
      } while (take(','));
      if (!take('}')) return false;
    }
    node.kind = Kind::Object;
    node.size = static_cast<uint32_t>(members_.size() - first);
    node.fields = keep(members_, first);
    return true;
  }

  bool list(Node& node, int depth) {
    ++at_;
    const size_t first = items_.size();
    if (!take(']')) {
      do {
        Node item;
        if (!value(item, depth + 1)) return false;
        items_.push_back(item);
      } while (take(','));
      if (!take(']')) return false;
    }
    node.kind = Kind::List;
    node.size = static_cast<uint32_t>(items_.size() - first);
    node.items = keep(items_, first);
    return true;
  }

  // Moves what was collected since `first` from the working stack into the tree.
  template <typename T>
  const T* keep(std::vector<T>& stack, size_t first) {
    const size_t count = stack.size() - first;
    auto* kept = static_cast<T*>(tree_.allocate(count * sizeof(T)));
    if (count > 0) std::memcpy(static_cast<void*>(kept), stack.data() + first, count * sizeof(T));
    stack.resize(first);
    return kept;
  }

  bool string(std::string_view& text) {
    const char* start = ++at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
    if (at_ == end_) return false;
    const char* plain_end = at_;
    const char* close = at_;
    while (close != end_ && *close != '"') close += *close == '\\' && close + 1 != end_ ? 2 : 1;
    if (close >= end_) return false;
    auto* out = static_cast<char*>(tree_.allocate(static_cast<size_t>(close - start)));
    std::memcpy(out, start, static_cast<size_t>(plain_end - start));
    char* to = out + (plain_end - start);
    while (*at_ != '"') {
      if (*at_ != '\\') {
        *to++ = *at_++;
      } else if (!escape(to)) {
        return false;
      }
    }
    ++at_;
    text = {out, static_cast<size_t>(to - out)};
    return true;
  }

  bool escape(char*& to) {
    ++at_;
    const char c = *at_++;
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    if (const size_t i = names.find(c); i != std::string_view::npos) {
      *to++ = values[i];
      return true;
    }
    uint32_t code = 0;
    if (c != 'u' || !hex4(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && end_ - at_ > 6 && at_[0] == '\\' && at_[1] == 'u') {
      at_ += 2;
      uint32_t low = 0;
      if (!hex4(low)) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    utf8(code, to);
    return true;
  }

  bool hex4(uint32_t& code) {
    if (end_ - at_ < 4) return false;
    const auto [end, error] = std::from_chars(at_, at_ + 4, code, 16);
    if (error != std::errc() || end != at_ + 4) return false;
    at_ += 4;
    return true;
  }

  static void utf8(uint32_t code, char*& to) {
    if (code < 0x80) {
      *to++ = static_cast<char>(code);
      return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = static_cast<char>(lead[more] | (code >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) *to++ = static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
  }

  ConfigTree& tree_;
  const char* at_;
  const char* end_;
  std::vector<Member> members_;
  std::vector<Node> items_;
};

std::unique_ptr<ConfigTree> ConfigTree::parse(std::string_view json) {
  std::unique_ptr<ConfigTree> tree(new ConfigTree());
  auto* root = static_cast<Node*>(tree->allocate(sizeof(Node)));
  new (root) Node();
  if (!JsonReader(*tree, json).read(*root)) return nullptr;
  tree->root_ = root;
  return tree;
}

}  // namespace outrider
