#pragma once
#include <memory>
#include <string_view>
#include <utility>

#include "base/config_view.h"
#include "base/ref.h"

namespace outrider {

// A configuration tree with several owners: everything that keeps a view of it keeps one of these.
class SharedConfig final : public RefCounted<SharedConfig> {
 public:
  explicit SharedConfig(std::unique_ptr<ConfigTree> tree) : tree_(std::move(tree)) {}
  // Null when the text is not JSON.
  static Ref<const SharedConfig> parse(std::string_view json) {
    auto tree = ConfigTree::parse(json);
    return tree == nullptr ? Ref<const SharedConfig>() : make_ref<SharedConfig>(std::move(tree));
  }
  ConfigView root() const { return tree_->root(); }

 private:
  std::unique_ptr<ConfigTree> tree_;
};

}  // namespace outrider
