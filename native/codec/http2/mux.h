#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/output_buffer.h"
#include "base/slab.h"
#include "base/stats.h"
#include "base/worker_context.h"
#include "codec/http2/flow_window.h"
#include "codec/http2/frame.h"
#include "codec/http2/hpack_decoder.h"
#include "codec/http2/hpack_encoder.h"
#include "codec/http2/message_head.h"
#include "codec/http2/options.h"
#include "codec/http2/rate_limit.h"
#include "codec/http2/stream_table.h"
#include "codec/stream_codec.h"

namespace outrider::http2 {

class Mux;
struct Workspace;
enum class Role : uint8_t { Server, Client };
enum class SendList : uint8_t {};
enum class DeliverList : uint8_t {};

// RFC 9113 §5.1, without the states of pushed streams. Idle: of our own, its head is not sent yet.
enum class StreamState : uint8_t { Idle, Open, HalfClosedLocal, HalfClosedRemote, Closed };

// One exchange on a connection. A server answers through it; a client sends its request. Freed at the end of the turn
// in which both halves have ended or it was reset; whoever was told so, or reset it, must not touch it again.
class Stream final : public ResponseEncoder,
                     public Deferred,
                     public ListLink<Stream>,
                     public ListLink<SendList>,
                     public ListLink<DeliverList> {
 public:
  Stream(Mux& mux, uint32_t id, uint32_t send_window, uint32_t receive_window);

  uint32_t id() const { return id_; }
  StreamState state() const { return state_; }

  Connection* splice_target() override { return nullptr; }
  void encode_1xx(const HeaderMap& headers) override;
  void encode_headers(const HeaderMap& headers, EndStream end) override;
  void encode_data(std::string_view data, EndStream end) override;
  void encode_trailers(const HeaderMap& trailers) override;
  // LocalReset, ProtocolError and RefusedStream have RST_STREAM codes of their own.
  void reset(ResetReason reason) override;
  // Body bytes that come meanwhile are kept, and hold their share of both flow-control windows.
  void pause_input() override { ++paused_; }
  void resume_input() override;
  void free_deferred() override;

 private:
  friend class Mux;
  enum Full : uint8_t { OfConnection = 1, OfStream = 2 };
  static constexpr uint64_t no_length = UINT64_MAX;

  bool remote_open() const { return state_ == StreamState::Open || state_ == StreamState::HalfClosedLocal; }
  bool local_open() const { return state_ == StreamState::Open || state_ == StreamState::HalfClosedRemote; }

  void release_server();

  Mux& mux_;
  Workspace* space_;                     // where it came from; the Mux may go first
  MessageDecoder* decoder_ = nullptr;    // null: nobody listens any more
  RequestDecoder* request_ = nullptr;    // the same one, with a server
  ResponseDecoder* response_ = nullptr;  // with a client
  WireBytes* wire_;
  OutputBuffer waiting_;                   // body bytes that the peer's windows hold back
  OutputBuffer held_;                      // body bytes that came while the input is paused
  std::unique_ptr<std::string> trailers_;  // encoded after what waits
  HeaderMap* held_trailers_ = nullptr;
  uint64_t length_left_ = no_length;   // of the body, as content-length has it
  uint64_t flush_by_ms_ = UINT64_MAX;  // what waits of a complete message goes until then, or is dropped
  uint32_t id_;
  uint32_t consumed_ = 0;  // bytes that the peer may send again, not told yet
  FlowWindow send_window_;
  FlowWindow receive_window_;
  uint16_t paused_ = 0;
  StreamState state_;
  uint8_t full_ = 0;  // Full bits that the decoder was told of
  bool head_received_ = false;
  bool head_sent_ = false;
  bool waiting_end_ = false;  // the message ends behind what waits
  bool held_end_ = false;
};

// Who owns the connection. Calls come from within the Mux's own; the Mux may be abandon()ed in them, not destroyed.
class MuxHandler {
 public:
  // Server: a request begins; its head follows. Answers who takes it.
  virtual RequestDecoder& on_request(Stream& stream) = 0;
  // A stream has ended, whoever ended it; streams() does not count it any more.
  virtual void on_stream_closed() = 0;
  // The peer's settings are known, or have changed.
  virtual void on_settings() {}
  // No new streams may be opened from here on; comes before any stream is told why it ends.
  virtual void on_no_new_streams() {}
  // The peer takes no new streams. Streams of ours that it will not look at were reset before (RefusedStream).
  virtual void on_goaway(ErrorCode) {}
  // deadline_ms() is earlier than it was.
  virtual void on_new_deadline() {}
  // There is something in the output.
  virtual void on_output() = 0;
  // The connection cannot go on: what is in the output goes out, then it ends. All streams were reset before.
  virtual void on_connection_error(std::string_view details) = 0;

 protected:
  ~MuxHandler() = default;
};

// What all connections of a worker share.
struct Workspace {
  Slab<Stream> streams;
  std::string decoded;  // of one field
  std::string cookies;  // of one head
  std::string block;    // one head that is larger than a frame
};

// One HTTP/2 connection, either side of it: bytes to messages and back, many streams at a time. Knows no socket: it
// takes what was read, and puts what is to be written into `output`.
class Mux final : EndOfTurn {
 public:
  // `limit_bytes`: of what waits for the peer's windows, a stream.
  Mux(Role role, const Options& options, WorkerContext& worker, Workspace& space, OutputBuffer& output,
      MuxHandler& handler, StatScope<Http2Stat> stats);
  ~Mux();

  // Sends the preface (client) and our settings.
  void start();
  // Answers how many bytes it is done with; the rest comes again with more behind it.
  size_t on_data(std::string_view bytes);
  // The connection is gone: every stream is told `reason`. Nothing else may be called after it.
  void abandon(ResetReason reason);
  // What waits to be written has passed the connection's watermark, or is below it again.
  void on_output_full(bool full);

  // Client: a new exchange; encode_headers() of the answer begins it. Only while can_open().
  Stream& open(ResponseDecoder& decoder);
  bool can_open() const {
    return !dead_ && !peer_goes_away_ && next_id_ <= stream_id_max && streams() < peer_streams_max_;
  }
  // The peer's last word on how many streams it takes at a time.
  uint32_t peer_streams_max() const { return peer_streams_max_; }
  bool peer_allows_connect() const { return peer_allows_connect_; }
  bool settings_received() const { return settings_received_; }
  bool peer_goes_away() const { return peer_goes_away_; }

  // GOAWAY as a notice: new streams are still taken (RFC 9113 §6.8). go_away() says which were the last.
  void send_shutdown_notice();
  void go_away(ErrorCode code = ErrorCode::NoError);

  // Streams that have not ended, those included whose last bytes wait for the peer.
  size_t streams() const { return live_; }
  // Server: requests whose answers have not ended.
  template <typename Visit>
  void for_each_request(Visit visit) const {
    table_.for_each([&visit](const Stream& stream) {
      if (stream.request_ != nullptr) visit(*stream.request_);
    });
  }
  bool dead() const { return dead_; }
  // When on_deadline() must be called (keepalive pings, what the peer does not take); UINT64_MAX: never.
  uint64_t deadline_ms() const;
  void on_deadline();
  // How long what is complete may wait for the peer's window; 0: for ever.
  void set_flush_timeout(uint64_t ms) { flush_timeout_ms_ = ms; }

 private:
  friend class Stream;
  enum class Tell : uint8_t { GoAway, Nothing };
  // One piece of a header block that goes on in CONTINUATION frames.
  struct OpenBlock {
    uint32_t stream_id = 0;  // 0: none
    bool end_stream = false;
  };
  // How streams ended lately: late frames are judged by that.
  enum class Ended : uint8_t { Normally, ByPeer, ByUs };
  struct Closed {
    uint32_t id = 0;
    Ended how = Ended::Normally;
  };
  static constexpr size_t closed_kept = 64;
  // Of one stream: beyond it whoever sends is told to wait.
  static constexpr uint64_t waiting_bytes_max = 1 << 20;

  // Reading.
  size_t read_preface(std::string_view bytes);
  size_t read_frame(std::string_view bytes);
  size_t begin_data(const FrameHeader& frame, std::string_view bytes);
  size_t read_data(std::string_view bytes);
  void handle_frame(const FrameHeader& frame, std::string_view payload);
  void handle_headers(const FrameHeader& frame, std::string_view payload);
  void handle_continuation(const FrameHeader& frame, std::string_view payload);
  void handle_block(uint32_t stream_id, std::string_view block, bool end_stream);
  void handle_priority(const FrameHeader& frame, std::string_view payload);
  void handle_reset(const FrameHeader& frame, std::string_view payload);
  void handle_settings(const FrameHeader& frame, std::string_view payload);
  bool apply_setting(uint16_t id, uint32_t value);
  void handle_ping(const FrameHeader& frame, std::string_view payload);
  void handle_goaway(const FrameHeader& frame, std::string_view payload);
  void handle_window_update(const FrameHeader& frame, std::string_view payload);
  bool count_empty_frame(const FrameHeader& frame);

  void new_request(uint32_t id, std::string_view block, bool end_stream);
  void response_head(Stream& stream, std::string_view block, bool end_stream);
  void trailers(Stream& stream, std::string_view block, bool end_stream);
  void late_head(uint32_t id, std::string_view block);
  bool decode(std::string_view block, MessageHead& head);
  bool skip_block(std::string_view block);
  bool judge(const MessageHead& head, Stream& stream);
  bool is_idle(uint32_t id) const { return ours(id) ? id >= next_id_ : id > last_peer_id_; }
  bool strip_padding(const FrameHeader& frame, std::string_view& payload);
  void deliver_data(Stream& stream, std::string_view data, EndStream end);
  void deliver_held(Stream& stream);
  bool end_remote(Stream& stream);
  void after_remote_end(Stream& stream, bool closed);
  void on_end_of_turn() override;
  void consumed(Stream* stream, uint32_t bytes);

  // Writing
  void begin(Stream& stream);
  void send_block(Stream& stream, const HeaderMap& headers, bool end_stream);
  void send_large_block(Stream& stream, const HeaderMap& headers, size_t bytes_max, uint8_t flags);
  char* control_frame(FrameType type, uint8_t flags, uint32_t id, uint32_t payload_bytes);
  void put_data_header(Stream& stream, uint32_t bytes, bool end);
  void send_reset(uint32_t id, ErrorCode code);
  void send_window_update(uint32_t id, uint32_t bytes);
  void send_settings();
  void send_ping(std::string_view payload, bool ack);
  void send_goaway(uint32_t last_id, ErrorCode code);
  void count_frame(bool control);
  size_t send_some(Stream& stream, std::string_view data, bool end);
  void send_waiting(Stream& stream);
  void send_all_waiting();
  void send_waiting_trailers(Stream& stream);
  void wait(Stream& stream, std::string_view data);
  void end_local(Stream& stream);
  uint32_t sendable(const Stream& stream) const;
  void tell_full(Stream& stream, uint8_t bit, bool full);

  // Ends
  void stream_error(Stream& stream, ErrorCode code, ResetReason reason = ResetReason::ProtocolError);
  void message_error(Stream& stream, std::string_view details);
  void reset_stream(Stream& stream, Ended how, ResetReason reason);
  void close(Stream& stream, Ended how);
  void insert(Stream& stream);
  void remember(uint32_t id, Ended how);
  void fail(ErrorCode code, std::string_view details, Tell tell = Tell::GoAway);
  void flood(Http2Stat stat, std::string_view details);
  void schedule_ping();
  Closed* find_closed(uint32_t id);

  bool server() const { return role_ == Role::Server; }
  bool ours(uint32_t id) const { return (id & 1) == (server() ? 0 : 1); }
  void count(Http2Stat stat, uint64_t n = 1) { worker_.stats.add(stats_, stat, n); }
  void uncount(Http2Stat stat, uint64_t n = 1) { worker_.stats.sub(stats_, stat, n); }

  const Options& options_;
  WorkerContext& worker_;
  Workspace& space_;
  OutputBuffer& output_;
  MuxHandler& handler_;
  StatScope<Http2Stat> stats_;
  StreamTable table_;
  IntrusiveList<Stream> all_;
  size_t live_ = 0;
  IntrusiveList<Stream, SendList> sending_;        // with bytes that wait for a window
  IntrusiveList<Stream, DeliverList> delivering_;  // resumed, with bytes that were held
  HpackDecoder decoder_;
  HpackEncoder encoder_;
  std::string block_;  // of open_block_
  OpenBlock open_block_;
  Closed closed_[closed_kept];
  uint32_t closed_at_ = 0;
  uint32_t forgotten_id_ = 0;  // streams up to this one may have been among the closed

  // The DATA frame that is being read, as its bytes come.
  Stream* data_stream_ = nullptr;
  uint32_t data_left_ = 0;
  uint32_t padding_left_ = 0;
  bool data_open_ = false;
  bool data_end_ = false;

  FlowWindow send_window_;
  FlowWindow receive_window_;
  uint32_t consumed_ = 0;
  uint32_t peer_stream_window_ = FlowWindow::bytes_at_first;
  uint32_t peer_frame_max_ = frame_payload_bytes_min;
  uint32_t peer_streams_max_ = 100;  // until its settings say otherwise
  uint32_t next_id_;                 // of our own streams
  uint32_t last_peer_id_ = 0;
  uint32_t goaway_id_ = stream_id_max;  // new streams above this one are not taken any more

  // Floods
  uint32_t outbound_frames_ = 0;  // since the output was empty
  uint32_t outbound_control_frames_ = 0;
  uint32_t empty_frames_ = 0;
  uint64_t inbound_streams_ = 0;
  uint64_t priority_frames_ = 0;
  uint64_t window_updates_ = 0;
  uint64_t data_frames_sent_ = 0;
  TokenBucket resets_;
  std::string_view doom_;  // why the connection ends with this turn; empty: it does not
  WireBytes unwatched_;

  uint64_t next_ping_ms_ = UINT64_MAX;
  uint64_t pong_by_ms_ = UINT64_MAX;
  uint64_t last_frame_ms_ = 0;
  uint64_t flush_timeout_ms_ = 0;
  uint64_t next_flush_check_ms_ = UINT64_MAX;

  Role role_;
  bool preface_read_;
  bool settings_received_ = false;
  bool peer_goes_away_ = false;
  bool peer_allows_connect_ = false;
  bool output_full_ = false;
  bool dead_ = false;
};

}  // namespace outrider::http2
