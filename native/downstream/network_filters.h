#pragma once
#include <memory>
#include <vector>

#include "downstream/filter_chain.h"
#include "filter/network.h"

namespace outrider {

// The network filters of one connection, between its socket and its terminal filter. Only chains that have such
// filters have one of these.
class NetworkFilters final : public DownstreamConnection, public DownstreamOwner, NetworkStream, Deferred {
 public:
  NetworkFilters(NetworkWorker& network, const FilterChain& chain, DownstreamOwner& owner);
  virtual ~NetworkFilters() = default;

  // Takes its place before `terminal`, which was made with this as its owner.
  DownstreamConnection& guard(DownstreamConnection& terminal);

  // DownstreamConnection
  bool start(int fd) override { return terminal_->start(fd); }
  void begin() override { open_filters(); }
  void drain() override { terminal_->drain(); }
  void abort() override { terminal_->abort(); }
  Connection& connection() override { return terminal_->connection(); }
  ConnectionInfo& info() override { return terminal_->info(); }
  // DownstreamOwner of the terminal filter
  void on_downstream_closed(uint64_t started_ns) override;

 private:
  // ConnectionHandler
  size_t on_data(std::string_view bytes) override;
  void on_end_of_input() override;
  void on_connected() override { terminal_->on_connected(); }
  void on_output_full(bool full) override { terminal_->on_output_full(full); }
  void on_closed(CloseReason reason) override { terminal_->on_closed(reason); }
  // NetworkStream
  NetworkWorker& network() override { return network_; }
  void close(std::string_view details) override;
  void continue_reading() override;

  void free_deferred() override { delete this; }
  void open_filters();
  bool pass(std::string_view bytes);
  void stop();

  NetworkWorker& network_;
  DownstreamOwner& owner_;
  DownstreamConnection* terminal_ = nullptr;
  std::vector<std::unique_ptr<NetworkFilter>> filters_;
  size_t opened_ = 0;      // filters that have let the connection pass
  size_t data_from_ = 0;   // the filter that sees the bytes at hand next
  size_t seen_bytes_ = 0;  // of those that are offered, at the front: every filter has let them pass
  bool begun_ = false;     // the terminal filter has the connection
  bool stopped_ = false;   // by a filter; reads are paused
  bool ended_ = false;     // the peer's end came while stopped
  bool over_ = false;
};

}  // namespace outrider
