#pragma once
#include <cstdint>
#include <string_view>

#include "codec/end_stream.h"
#include "codec/header_map.h"
#include "codec/wire_bytes.h"

namespace outrider {

class Connection;

// Why an exchange ended before it was complete.
enum class ResetReason : uint8_t {
  LocalReset,              // we gave it up
  RemoteReset,             // the peer gave up this stream alone
  RefusedStream,           // the peer has not looked at it (HTTP/2): safe to send again
  ConnectionTermination,   // the peer's connection ended
  ConnectionFailure,       // it never came to be: the peer refused
  LocalConnectionFailure,  // nor was a socket to be had here
  ConnectTimeout,          // nor within connect_timeout
  StaleConnection,         // a reused connection had ended before the peer took the request
  Overflow,                // a circuit breaker is open
  ProtocolError,           // what the peer sent is not HTTP
};

// The outgoing half of one exchange, whatever the HTTP version. Implemented by codecs' streams.
// After EndStream::Yes, or reset(), it must not be used any more.
class MessageEncoder {
 public:
  virtual void encode_headers(const HeaderMap& headers, EndStream end) = 0;
  // `data` may be borrowed until the current event has been handled.
  virtual void encode_data(std::string_view data, EndStream end) = 0;
  virtual void encode_trailers(const HeaderMap& trailers) = 0;
  // Gives the exchange up; no call back follows.
  virtual void reset(ResetReason reason) = 0;
  // Holds back the incoming half (counted).
  virtual void pause_input() = 0;
  virtual void resume_input() = 0;

 protected:
  ~MessageEncoder() = default;
};

class ResponseEncoder : public MessageEncoder {
 public:
  // Where body bytes may be spliced to, past this encoder; null: nowhere.
  virtual Connection* splice_target() = 0;
  // 100 Continue and other interim heads, which may come before the final one.
  virtual void encode_1xx(const HeaderMap& headers) = 0;

 protected:
  ~ResponseEncoder() = default;
};

// The incoming half of an exchange: who is told what arrives.
class MessageDecoder {
 public:
  virtual void on_headers(HeaderMap& headers, EndStream end) = 0;
  virtual void on_data(std::string_view data, EndStream end) = 0;
  virtual void on_trailers(HeaderMap& trailers) = 0;
  // The exchange ended early; its encoder is gone.
  virtual void on_reset(ResetReason reason) = 0;
  // What was encoded piles up (true), or has gone out again (false).
  virtual void on_output_full(bool full) = 0;

 protected:
  ~MessageDecoder() = default;
};

// A server's side of an exchange, as the codec of a multiplexed connection sees it.
class RequestDecoder : public MessageDecoder {
 public:
  // Where heads are decoded into: maps that live as long as the stream.
  virtual HeaderMap& request_headers() = 0;
  virtual HeaderMap& request_trailers() = 0;
  // Where the bytes of the exchange are counted.
  virtual WireBytes& wire_bytes() = 0;

 protected:
  ~RequestDecoder() = default;
};

class ResponseDecoder : public MessageDecoder {
 public:
  // The connection that body bytes may be spliced to, if nobody wants to see them; each move is told.
  virtual Connection* splice_target() = 0;
  virtual void on_spliced(uint64_t bytes) = 0;
  // Where heads are parsed into: maps that live as long as the stream. Trailers are asked for when there are any.
  virtual HeaderMap& response_headers() = 0;
  virtual HeaderMap& response_trailers() = 0;
  virtual void on_1xx(HeaderMap& headers) = 0;
  // Where the bytes of the exchange are counted while it lasts; null: nobody asks.
  virtual WireBytes* wire_bytes() { return nullptr; }
  // Request facts that change how a response is framed.
  virtual bool is_head_request() const = 0;
  virtual bool is_connect_request() const = 0;
  virtual bool is_upgrade_request() const = 0;

 protected:
  ~ResponseDecoder() = default;
};

}  // namespace outrider
