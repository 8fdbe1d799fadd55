#pragma once
#include <cassert>
#include <cstddef>

namespace outrider {

// A place in an IntrusiveList; leaves it when destroyed. Tag, the object's own type by default, tells several
// links of one object apart.
template <typename Tag>
class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }
  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (next_ == nullptr) return;
    next_->prev_ = prev_;
    prev_->next_ = next_;
    next_ = prev_ = nullptr;
  }

 private:
  template <typename, typename>
  friend class IntrusiveList;
  ListLink* next_ = nullptr;
  ListLink* prev_ = nullptr;
};

// A doubly linked list of objects that derive from ListLink<Tag>. Owns nothing, allocates nothing.
template <typename T, typename Tag = T>
class IntrusiveList {
  using Link = ListLink<Tag>;

 public:
  IntrusiveList() { head_.next_ = head_.prev_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) head_.next_->unlink();
    head_.next_ = head_.prev_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* back() { return empty() ? nullptr : static_cast<T*>(head_.prev_); }
  // The item after `item`, or null.
  T* next(T& item) {
    Link* link = static_cast<Link&>(item).next_;
    return link == &head_ ? nullptr : static_cast<T*>(link);
  }
  void push_front(T& item) { insert(item, &head_); }
  void push_back(T& item) { insert(item, head_.prev_); }
  T* pop_front() {
    T* item = front();
    if (item != nullptr) static_cast<Link*>(item)->unlink();
    return item;
  }

 private:
  void insert(T& item, Link* after) {
    Link& link = item;
    assert(!link.linked());
    link.prev_ = after;
    link.next_ = after->next_;
    after->next_->prev_ = &link;
    after->next_ = &link;
  }
  Link head_;
};

}  // namespace outrider
