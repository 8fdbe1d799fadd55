#include "router/grpc_client.h"

#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "formatter/grpc_status.h"

namespace outrider {
namespace {

constexpr uint64_t unlimited_bytes = UINT32_MAX;

// The status of an exchange that came to an end: trailers first, then a head that is all there is.
int64_t status_of_answer(AsyncCall& call, CallEnd end) {
  if (end == CallEnd::TooLarge) return grpc_status_code::resource_exhausted;
  if (end != CallEnd::Complete) return grpc_status_code::unavailable;
  if (call.status() != 200) return grpc_status_of_http(call.status());
  const HeaderMap* const trailers = call.answer_trailers();
  const Header* header = trailers == nullptr ? nullptr : trailers->find(HeaderId::GrpcStatus);
  if (header == nullptr) header = call.answer()->find(HeaderId::GrpcStatus);
  if (header == nullptr) return grpc_status_code::unknown;
  const std::string_view text = header->text();
  uint32_t status = 0;
  const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  return error == std::errc() && last == text.data() + text.size() ? status : grpc_status_code::unknown;
}

std::string_view message_of_answer(AsyncCall& call) {
  const HeaderMap* const trailers = call.answer_trailers();
  if (trailers != nullptr && trailers->has(HeaderId::GrpcMessage))
    return trailers->get(HeaderId::GrpcMessage);
  return call.answer() == nullptr ? std::string_view{} : call.answer()->get(HeaderId::GrpcMessage);
}

// At most eight digits, in the smallest unit that can say it.
void write_timeout(uint64_t ms, HeaderMap& headers) {
  constexpr uint64_t most = 99'999'999;
  struct Unit {
    uint64_t ms;
    char letter;
  };
  for (const Unit unit : {Unit{1, 'm'}, Unit{1'000, 'S'}, Unit{60'000, 'M'}, Unit{3'600'000, 'H'}}) {
    const uint64_t count = ms / unit.ms;
    if (count > most && unit.letter != 'H') continue;
    char text[24];
    char* end = std::to_chars(text, text + 20, std::min(count, most)).ptr;
    *end++ = unit.letter;
    return headers.set(HeaderId::GrpcTimeout, {text, static_cast<size_t>(end - text)});
  }
}

}  // namespace

Result<std::unique_ptr<GrpcService>> GrpcService::read(ConfigView config) {
  auto service = std::make_unique<GrpcService>();
  const ConfigView envoy = config["envoy_grpc"];
  if (!envoy) return ConfigError{"", "only envoy_grpc is supported"};
  service->cluster = envoy.string("cluster_name");
  service->authority = envoy.string("authority", service->cluster);
  service->timeout_ms = static_cast<uint64_t>(config.duration_ms("timeout"));
  service->message_bytes_max = envoy.uint("max_receive_message_length", unlimited_bytes);
  service->envoy_headers = !envoy.boolean("skip_envoy_headers");
  if (envoy.has("retry_policy")) {
    auto retry = RetryPolicy::read(envoy["retry_policy"]);  // core.v3.RetryPolicy: fields of the same names
    if (!retry) return ConfigError{"envoy_grpc.retry_policy." + retry.error().path, retry.error().reason};
    service->retry = std::move(retry.value());
  }
  uint32_t index = 0;
  for (const ConfigView item : config.list("initial_metadata")) {
    auto format = Format::parse(item.string("value"), MissingValue::Nothing);
    if (!format)
      return ConfigError{"initial_metadata[" + std::to_string(index) + "].value", format.error().reason};
    service->initial_metadata.push_back({lower_case(item.string("key")), std::move(format.value())});
    ++index;
  }
  return service;
}

void write_grpc_head(const GrpcService& service, std::string_view method, const FormatContext* context,
                     std::string& scratch, HeaderMap& headers) {
  headers.add_ref(HeaderId::Method, "POST");
  headers.add(HeaderId::Path, method);
  headers.add_ref(HeaderId::Authority, service.authority);
  headers.add_ref(HeaderId::Scheme, "http");
  headers.add_ref(HeaderId::Te, "trailers");
  if (service.timeout_ms != 0) write_timeout(service.timeout_ms, headers);
  headers.add_ref(HeaderId::ContentType, "application/grpc");
  for (const GrpcService::Metadata& item : service.initial_metadata) {
    scratch.clear();
    item.value.append(context == nullptr ? FormatContext{} : *context, scratch);
    headers.add(item.name, scratch);
  }
}

AsyncCall& GrpcUnary::open(AsyncClient& client, const GrpcService& service, std::string_view method,
                           const FormatContext* context, std::string& scratch) {
  service_ = &service;
  call_ = &client.open(this, {.timeout_ms = service.timeout_ms,
                              .body_bytes_max = service.message_bytes_max + grpc_prefix_bytes,
                              .retry = service.retry.get(),
                              .envoy_headers = service.envoy_headers});
  write_grpc_head(service, method, context, scratch, call_->headers());
  call_->body().assign(grpc_prefix_bytes, '\0');
  return *call_;
}

void GrpcUnary::send() {
  std::string& body = call_->body();
  write_grpc_prefix(0, static_cast<uint32_t>(body.size() - grpc_prefix_bytes), body.data());
  call_->start(service_->cluster);
}

void GrpcUnary::cancel() {
  if (AsyncCall* call = std::exchange(call_, nullptr)) call->cancel();
}

int64_t GrpcUnary::status_of(AsyncCall& call, CallEnd end, std::string_view& payload) {
  const int64_t status = status_of_answer(call, end);
  if (status != grpc_status_code::ok) return status;
  GrpcFrameDecoder decoder(service_->message_bytes_max);
  std::string_view body = call.answer_body();
  if (decoder.decode(body) != GrpcFrameDecoder::Status::Message || !body.empty()) {
    return grpc_status_code::internal;
  }
  if (decoder.compressed()) return grpc_status_code::unimplemented;
  payload = decoder.message();
  return grpc_status_code::ok;
}

void GrpcUnary::on_call_end(AsyncCall& call, CallEnd end) {
  call_ = nullptr;
  std::string_view payload;
  const int64_t status = status_of(call, end, payload);
  message_ = message_of_answer(call);
  receiver_.on_grpc_answer(*this, status, payload);
}

void GrpcStream::start(AsyncClient& client, const GrpcService& service, std::string_view method,
                       const FormatContext* context, std::string& scratch) {
  decoder_ = GrpcFrameDecoder(service.message_bytes_max);
  call_ = &client.open(this, {.timeout_ms = service.timeout_ms, .envoy_headers = service.envoy_headers});
  write_grpc_head(service, method, context, scratch, call_->headers());
  call_->start(service.cluster, EndStream::No);
}

void GrpcStream::send(std::string_view message) {
  if (call_ == nullptr) return;
  std::string frame;
  append_grpc_prefix(0, static_cast<uint32_t>(message.size()), frame);
  frame.append(message);
  call_->send_copied(frame, EndStream::No);
}

void GrpcStream::close() {
  if (call_ != nullptr) call_->send({}, EndStream::Yes);
}

void GrpcStream::cancel() {
  if (AsyncCall* call = std::exchange(call_, nullptr)) call->cancel();
}

void GrpcStream::on_call_headers(AsyncCall& call, HeaderMap& headers, EndStream end) {
  if (end == EndStream::Yes ||
      (call.status() == 200 && is_grpc_content_type(headers.get(HeaderId::ContentType))))
    return;
  fail(grpc_status_of_http(call.status()), "not a gRPC answer");
}

void GrpcStream::on_call_data(AsyncCall&, std::string_view data, EndStream) {
  while (call_ != nullptr && !data.empty()) {
    switch (decoder_.decode(data)) {
      case GrpcFrameDecoder::Status::NeedMore:
        return;
      case GrpcFrameDecoder::Status::Error:
        return fail(grpc_status_code::resource_exhausted, "a message that is too long");
      case GrpcFrameDecoder::Status::Message:
        if (decoder_.compressed()) return fail(grpc_status_code::unimplemented, "a compressed message");
        receiver_.on_grpc_message(decoder_.message());
    }
  }
}

void GrpcStream::on_call_end(AsyncCall& call, CallEnd end) {
  call_ = nullptr;
  receiver_.on_grpc_end(status_of_answer(call, end), message_of_answer(call));
}

void GrpcStream::fail(int64_t status, std::string_view message) {
  cancel();
  receiver_.on_grpc_end(status, message);
}

}  // namespace outrider
