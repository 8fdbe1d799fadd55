#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connection/tls_facts.h"
#include "connection/transport_socket.h"
#include "transport/tls_context.h"

namespace outrider {

// Sessions that a client may resume, of one worker and one configuration; the last first.
class ClientSessions {
 public:
  void keep(std::string_view key, SSL_SESSION* session, size_t most);
  // Null: none. TLS 1.3 sessions are used once.
  SessionPtr take(std::string_view key);
  void clear() { kept_.clear(); }

 private:
  struct Kept {
    std::string key;
    SessionPtr session;
  };
  std::vector<Kept> kept_;
};

// TLS on one connection. OpenSSL reads and writes through a BIO of ours that stands on the worker's scratch memory: one
// read and one write of the socket a turn, however many records those are, and nothing held while the connection waits.
class TlsSocket final : public TransportSocket, TlsFacts {
 public:
  TlsSocket(WorkerContext& worker, Ref<const TlsContext> context, ClientSessions* sessions,
            const TransportOptions& options);
  ~TlsSocket() override = default;

  void start(int fd) override { fd_ = fd; }
  Handshake handshake() override;
  Read read(char* into, size_t room) override;
  WriteStatus write(OutputBuffer& output) override;
  size_t unwritten_bytes() const override { return unsent_.bytes(); }
  void end_output() override;
  const TlsFacts* tls() const override { return done_ ? this : nullptr; }
  std::string_view failure() const override { return failure_; }

  // For the context's callbacks.
  const TlsContext* context() const { return context_.get(); }
  std::string_view verified_name() const { return verified_name_; }
  void on_verdict(const CertificateValidator::Verdict& verdict);
  void count(SslStat stat) const { worker_.stats.add(context_->stats, stat); }
  bool keep_session(SSL_SESSION* session);

 private:
  friend struct TlsBio;

  // TlsFacts
  std::string_view server_name() const override;
  std::string_view alpn() const override;
  std::string_view version() const override { return SSL_get_version(ssl_.get()); }
  std::string_view cipher() const override { return SSL_get_cipher_name(ssl_.get()); }
  std::string_view group() const override;
  std::string_view session_id() const override;
  bool resumed() const override { return SSL_session_reused(ssl_.get()) == 1; }
  bool peer_presented() const override { return SSL_get0_peer_certificate(ssl_.get()) != nullptr; }
  bool peer_validated() const override;
  const CertificateFacts* peer() const override;
  const CertificateFacts* local() const override {
    return context_->has_certificate ? &context_->local : nullptr;
  }
  std::string peer_pem(bool whole_chain) const override;
  const std::vector<CertificateFacts>& peer_chain() const override;

  // Latency first: the first bytes after a pause go in records that a client can decrypt as they come.
  static constexpr size_t small_record_bytes = 4 * 1024;
  static constexpr uint32_t small_bytes = 32 * 1024;
  static constexpr uint64_t pause_ns = 1'000'000'000;
  // A turn may spend this long in handshakes.
  static constexpr uint64_t handshakes_ns_max = 1'000'000;
  static constexpr size_t send_at_bytes = 64 * 1024;

  // Bytes came from the socket, or can come: how the last recv() ended.
  enum class Source : uint8_t { Unread, Short, Full, Empty, Ended, Broken };

  int bio_read(BIO* bio, char* out, int size);
  int bio_write(const char* bytes, int size);
  void fill();
  void save_input();
  bool send_scratch();
  void on_done();
  void count_named(std::string_view prefix, std::string_view name) const;
  void fail(int error);
  size_t record_size(const OutputBuffer& output);

  WorkerContext& worker_;
  Ref<const TlsContext> context_;
  ClientSessions* sessions_;
  SslPtr ssl_;
  OutputBuffer unsent_;  // encrypted, and the socket did not take it
  const char* in_ = nullptr;
  size_t in_size_ = 0;
  size_t recv_max_ = 0;
  std::unique_ptr<char[]> saved_;  // what in_ refers to, where it could not stay in the scratch memory
  std::string server_name_;        // that a client asked for
  std::string verified_name_;
  std::string failure_;
  std::string verdict_;
  mutable std::string session_id_;
  mutable std::optional<CertificateFacts> peer_;
  mutable std::optional<std::vector<CertificateFacts>> peer_chain_;
  uint64_t wrote_ns_ = 0;
  uint32_t small_left_ = small_bytes;
  int fd_ = -1;
  Source source_ = Source::Unread;
  bool recv_again_ = false;  // until the socket is empty
  bool done_ = false;
  bool broken_ = false;
  bool ended_ = false;  // close_notify is out
  bool trusted_ = false;
};

}  // namespace outrider
