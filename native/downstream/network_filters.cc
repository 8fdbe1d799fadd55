#include "downstream/network_filters.h"

#include <utility>

namespace outrider {

NetworkFilters::NetworkFilters(NetworkWorker& network, const FilterChain& chain, DownstreamOwner& owner)
    : network_(network), owner_(owner) {
  filters_.reserve(chain.filters().size());
  for (const auto& factory : chain.filters()) filters_.push_back(factory->make(network));
}

DownstreamConnection& NetworkFilters::guard(DownstreamConnection& terminal) {
  terminal_ = &terminal;
  terminal.connection().interpose(*this);
  return *this;
}

void NetworkFilters::stop() {
  if (!std::exchange(stopped_, true)) connection().pause_reads();
}

void NetworkFilters::open_filters() {
  while (opened_ < filters_.size()) {
    const NetworkStatus status = filters_[opened_]->on_new_connection(*this);
    if (over_) return;
    ++opened_;
    if (status == NetworkStatus::StopIteration) return stop();
  }
  if (!std::exchange(begun_, true)) terminal_->begin();
}

// Shows `bytes` to the filters that have not seen them. False: one wants to wait, or has ended the connection.
bool NetworkFilters::pass(std::string_view bytes) {
  while (data_from_ < filters_.size()) {
    const NetworkStatus status = filters_[data_from_++]->on_data(*this, bytes);
    if (over_) return false;
    if (status == NetworkStatus::Continue) continue;
    stop();
    return false;
  }
  return true;
}

size_t NetworkFilters::on_data(std::string_view bytes) {
  if (stopped_ || !begun_) return 0;
  if (bytes.size() > seen_bytes_) {
    if (!pass(bytes.substr(seen_bytes_))) return over_ ? bytes.size() : 0;
    data_from_ = 0;
  }
  const size_t taken = terminal_->on_data(bytes);
  seen_bytes_ = bytes.size() - taken;
  if (ended_ && !over_ && seen_bytes_ == 0) terminal_->on_end_of_input();
  return taken;
}

void NetworkFilters::on_end_of_input() {
  if (stopped_) {
    ended_ = true;
  } else {
    terminal_->on_end_of_input();
  }
}

void NetworkFilters::continue_reading() {
  if (over_ || !std::exchange(stopped_, false)) return;
  open_filters();
  if (over_ || stopped_) return;
  connection().resume_reads();
  if (ended_ && !over_ && connection().kept_bytes() == 0) terminal_->on_end_of_input();
}

void NetworkFilters::close(std::string_view details) {
  if (over_) return;
  info().termination_details = details;
  terminal_->abort();
}

void NetworkFilters::on_downstream_closed(uint64_t started_ns) {
  over_ = true;
  for (const auto& filter : filters_) filter->on_close(*this);
  ListLink<DownstreamConnection>::unlink();
  network_.worker.loop.free_later(*this);
  owner_.on_downstream_closed(started_ns);
}

}  // namespace outrider
