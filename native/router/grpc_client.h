#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_view.h"
#include "base/result.h"
#include "codec/grpc_frame.h"
#include "formatter/format.h"
#include "router/async_client.h"

namespace outrider {

// envoy.config.core.v3.GrpcService with envoy_grpc. Immutable, shared by all workers.
struct GrpcService {
  static Result<std::unique_ptr<GrpcService>> read(ConfigView config);

  struct Metadata {
    std::string name;  // lower case
    Format value;
  };
  std::string cluster;
  std::string authority;           // empty: the cluster's name
  uint64_t timeout_ms = 0;         // 0: none; also told by grpc-timeout
  uint64_t message_bytes_max = 0;  // of one answer
  bool envoy_headers = true;
  std::vector<Metadata> initial_metadata;
  std::unique_ptr<RetryPolicy> retry;  // null: none
};

namespace grpc_status_code {
inline constexpr int64_t ok = 0;
inline constexpr int64_t unknown = 2;
inline constexpr int64_t resource_exhausted = 8;
inline constexpr int64_t unimplemented = 12;
inline constexpr int64_t internal = 13;
inline constexpr int64_t unavailable = 14;
}  // namespace grpc_status_code

// A request's head for a method: "/package.Service/Method". `context` may be null where no metadata has operators.
void write_grpc_head(const GrpcService& service, std::string_view method, const FormatContext* context,
                     std::string& scratch, HeaderMap& headers);

class GrpcUnary;

// Who made a unary call; called once, never after cancel() and never within send().
class GrpcReceiver {
 public:
  // `payload`: the answer's message where `status` is 0, valid during the call.
  virtual void on_grpc_answer(GrpcUnary& call, int64_t status, std::string_view payload) = 0;

 protected:
  ~GrpcReceiver() = default;
};

// One unary call; embedded in whoever makes it, and cancelled by its end. May be used again after the answer.
class GrpcUnary final : CallHandler {
 public:
  explicit GrpcUnary(GrpcReceiver& receiver) : receiver_(receiver) {}
  ~GrpcUnary() { cancel(); }
  GrpcUnary(const GrpcUnary&) = delete;
  GrpcUnary& operator=(const GrpcUnary&) = delete;

  // A call to be filled: append the request's message to its body() (five bytes stand there already), then send().
  AsyncCall& open(AsyncClient& client, const GrpcService& service, std::string_view method,
                  const FormatContext* context, std::string& scratch);
  void send();
  void cancel();
  bool active() const { return call_ != nullptr; }
  // grpc-message of the answer; empty where there is none.
  std::string_view message() const { return message_; }

 private:
  void on_call_end(AsyncCall& call, CallEnd end) override;
  int64_t status_of(AsyncCall& call, CallEnd end, std::string_view& payload);

  GrpcReceiver& receiver_;
  AsyncCall* call_ = nullptr;
  const GrpcService* service_ = nullptr;
  std::string_view message_;
};

// A call whose messages stream, in either direction or both. Embedded in whoever makes it.
class GrpcStreamReceiver {
 public:
  virtual void on_grpc_message(std::string_view message) = 0;
  virtual void on_grpc_output_full(bool) {}
  // Last. `message` is grpc-message.
  virtual void on_grpc_end(int64_t status, std::string_view message) = 0;

 protected:
  ~GrpcStreamReceiver() = default;
};

class GrpcStream final : CallHandler {
 public:
  explicit GrpcStream(GrpcStreamReceiver& receiver) : receiver_(receiver), decoder_(0) {}
  ~GrpcStream() { cancel(); }
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  void start(AsyncClient& client, const GrpcService& service, std::string_view method,
             const FormatContext* context, std::string& scratch);
  void send(std::string_view message);
  void close();
  void cancel();
  bool active() const { return call_ != nullptr; }
  void pause(bool pause) {
    if (call_ != nullptr) call_->pause_answer(pause);
  }

 private:
  void on_call_headers(AsyncCall& call, HeaderMap& headers, EndStream end) override;
  void on_call_data(AsyncCall& call, std::string_view data, EndStream end) override;
  void on_call_output_full(AsyncCall&, bool full) override { receiver_.on_grpc_output_full(full); }
  void on_call_end(AsyncCall& call, CallEnd end) override;
  void fail(int64_t status, std::string_view message);

  GrpcStreamReceiver& receiver_;
  AsyncCall* call_ = nullptr;
  GrpcFrameDecoder decoder_;
};

}  // namespace outrider
