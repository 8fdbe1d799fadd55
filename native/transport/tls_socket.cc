#include "transport/tls_socket.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "transport/tls_failure.h"

namespace outrider {

// ---- sessions of clients -------------------------------------------------------------------------------------

void ClientSessions::keep(std::string_view key, SSL_SESSION* session, size_t most) {
  kept_.insert(kept_.begin(), Kept{std::string(key), SessionPtr(session)});
  if (kept_.size() > most) kept_.pop_back();
}

SessionPtr ClientSessions::take(std::string_view key) {
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (kept->key != key) continue;
    SessionPtr session = std::move(kept->session);
    if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(session.get());
      kept->session.reset(session.get());
    } else {
      kept_.erase(kept);
    }
    return session;
  }
  return nullptr;
}

bool TlsSocket::keep_session(SSL_SESSION* session) {
  if (sessions_ == nullptr) return false;
  sessions_->keep(server_name_, session, context_->sessions_max);
  return true;
}

// ---- the BIO -------------------------------------------------------------------------------------------------

struct TlsBio {
  static TlsSocket& socket(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }
  static int read(BIO* bio, char* out, int size) { return socket(bio).bio_read(bio, out, size); }
  static int write(BIO* bio, const char* bytes, int size) { return socket(bio).bio_write(bytes, size); }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return socket(bio).source_ == TlsSocket::Source::Ended ? 1 : 0;
    return 0;
  }
  static const BIO_METHOD* make() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "outrider");
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const shared = make();
    return shared;
  }
};

static TransportScratch& scratch_of(WorkerContext& worker) {
  if (worker.transport == nullptr) worker.transport.reset(new TransportScratch);
  return *worker.transport;
}

void TlsSocket::fill() {
  TransportScratch& scratch = scratch_of(worker_);
  ssize_t got;
  do {
    got = ::recv(fd_, scratch.in, recv_max_, 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    source_ = got == 0 ? Source::Ended : errno == EAGAIN ? Source::Empty : Source::Broken;
    return;
  }
  source_ = static_cast<size_t>(got) < recv_max_ ? Source::Short : Source::Full;
  in_ = scratch.in;
  in_size_ = static_cast<size_t>(got);
}

int TlsSocket::bio_read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  if (in_size_ == 0 &&
      (source_ == Source::Unread || (recv_again_ && (source_ == Source::Short || source_ == Source::Full)))) {
    fill();
  }
  if (in_size_ == 0) {
    if (source_ == Source::Ended) return 0;
    if (source_ != Source::Broken) BIO_set_retry_read(bio);
    return -1;
  }
  const size_t taken = std::min(in_size_, static_cast<size_t>(size));
  std::memcpy(out, in_, taken);
  in_ += taken;
  in_size_ -= taken;
  if (in_size_ == 0) saved_.reset();
  return static_cast<int>(taken);
}

int TlsSocket::bio_write(const char* bytes, int size) {
  TransportScratch& scratch = *worker_.transport;
  const auto count = static_cast<size_t>(size);
  if (unsent_.empty() && scratch.out_size + count > TransportScratch::out_bytes) send_scratch();
  if (!unsent_.empty() || count > TransportScratch::out_bytes) {
    unsent_.append({bytes, count});
  } else {
    std::memcpy(scratch.out + scratch.out_size, bytes, count);
    scratch.out_size += count;
  }
  return size;
}

// Input that is not decrypted yet must not stay where the next connection reads.
void TlsSocket::save_input() {
  if (in_size_ == 0 || saved_ != nullptr) return;
  saved_.reset(new char[in_size_]);
  std::memcpy(saved_.get(), in_, in_size_);
  in_ = saved_.get();
}

// False: the socket is broken.
bool TlsSocket::send_scratch() {
  TransportScratch& scratch = *worker_.transport;
  while (!unsent_.empty()) {
    iovec parts[16];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = static_cast<size_t>(unsent_.gather(parts, 16));
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    unsent_.consume(static_cast<size_t>(sent));
  }
  if (scratch.out_size == 0) return true;
  ssize_t sent;
  do {
    sent = ::send(fd_, scratch.out, scratch.out_size, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  const bool whole = sent >= 0 || errno == EAGAIN;
  const size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
  if (whole && taken < scratch.out_size) unsent_.append({scratch.out + taken, scratch.out_size - taken});
  scratch.out_size = 0;
  return whole;
}

// ---- the handshake -------------------------------------------------------------------------------------------

static std::string wire_alpn(std::string_view names) {
  std::string out;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    out += static_cast<char>(name.size());
    out += name;
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
  return out;
}

TlsSocket::TlsSocket(WorkerContext& worker, Ref<const TlsContext> context, ClientSessions* sessions,
                     const TransportOptions& options)
    : worker_(worker), context_(std::move(context)), sessions_(sessions), unsent_(worker.chunks) {
  scratch_of(worker);
  ssl_ = context_->make_ssl(*this);
  BIO* const bio = BIO_new(TlsBio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (context_->role == TlsRole::Server) return;
  server_name_ = !options.server_name.empty()                            ? options.server_name
                 : context_->auto_host_sni && !options.host_name.empty() ? options.host_name
                                                                         : std::string_view(context_->sni);
  verified_name_ = options.verified_name;
  if (context_->auto_sni_san_validation) verified_name_ = server_name_;
  if (!server_name_.empty()) SSL_set_tlsext_host_name(ssl_.get(), server_name_.c_str());
  const std::string alpn = !options.alpn.empty()     ? wire_alpn(options.alpn)
                           : !context_->alpn.empty() ? context_->alpn
                                                     : wire_alpn(options.alpn_fallback);
  if (!alpn.empty()) {
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  }
  if (sessions_ == nullptr) return;
  if (const SessionPtr session = sessions_->take(server_name_)) SSL_set_session(ssl_.get(), session.get());
}

static uint64_t now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

TransportSocket::Handshake TlsSocket::handshake() {
  TransportScratch& scratch = *worker_.transport;
  if (scratch.turn_ns != worker_.loop.now_ns()) {
    scratch.turn_ns = worker_.loop.now_ns();
    scratch.handshakes_ns = 0;
  }
  if (scratch.handshakes_ns >= handshakes_ns_max) return Handshake::Later;
  const uint64_t begun = now_ns();
  ERR_clear_error();
  recv_max_ = TransportScratch::in_bytes;
  recv_again_ = true;
  if (source_ != Source::Ended && source_ != Source::Broken) source_ = Source::Unread;
  const int result = SSL_do_handshake(ssl_.get());
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  recv_again_ = false;
  if (result == 1) {
    on_done();
  } else if (error != SSL_ERROR_WANT_READ) {
    fail(error);
  }
  if (!send_scratch() && !broken_) {
    broken_ = true;
    failure_ = connection_failure(SSL_ERROR_SYSCALL, {});
  }
  save_input();
  scratch.handshakes_ns += now_ns() - begun;
  if (broken_) return Handshake::Failed;
  return done_ ? Handshake::Done : Handshake::Blocked;
}

void TlsSocket::on_verdict(const CertificateValidator::Verdict& verdict) {
  using Fault = CertificateValidator::Fault;
  trusted_ = verdict.trusted || (verdict.fault == Fault::None && context_->validator.verifies());
  verdict_ = verdict.reason;
  if (verdict.fault == Fault::Untrusted) count(SslStat::fail_verify_error);
  if (verdict.fault == Fault::San) count(SslStat::fail_verify_san);
  if (verdict.fault == Fault::Hash) count(SslStat::fail_verify_cert_hash);
}

void TlsSocket::count_named(std::string_view prefix, std::string_view name) const {
  constexpr auto& stats = StatTemplate<SslStat>::stats;
  for (uint32_t i = 0; i < std::size(stats); ++i) {
    const std::string_view known = stats[i].name;
    if (known.starts_with(prefix) && known.substr(prefix.size()) == name)
      return count(static_cast<SslStat>(i));
  }
}

void TlsSocket::on_done() {
  done_ = true;
  trusted_ |= resumed() && context_->validator.verifies() && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
  count(SslStat::handshake);
  if (resumed()) count(SslStat::session_reused);
  if (!peer_presented()) count(SslStat::no_certificate);
  count_named("versions.", version());
  count_named("ciphers.", cipher());
  count_named("curves.", group());
  count_named("sigalgs.", signature_name(ssl_.get()));
}

void TlsSocket::fail(int error) {
  if (broken_) return;
  broken_ = true;
  failure_ = connection_failure(error, verdict_);
  const bool missing = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
  ERR_clear_error();
  if (missing) count(SslStat::fail_verify_no_cert);
  if (source_ != Source::Ended && source_ != Source::Broken) count(SslStat::connection_error);
}

// ---- bytes ---------------------------------------------------------------------------------------------------

TransportSocket::Read TlsSocket::read(char* into, size_t room) {
  if (broken_) return {0, ReadStatus::Failed};
  // All that is read now must find room when it is decrypted, and so must the record that was begun before.
  constexpr size_t begun_bytes_max = 17 * 1024;
  recv_max_ = std::min(TransportScratch::in_bytes,
                       room > 2 * begun_bytes_max ? room - begun_bytes_max : room / 2 + 1);
  if (source_ != Source::Ended && source_ != Source::Broken) source_ = Source::Unread;
  ERR_clear_error();
  size_t got = 0;
  ReadStatus status = ReadStatus::More;
  while (got < room) {
    size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), into + got, room - got, &bytes);
    if (result == 1) {
      got += bytes;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) {
      status = source_ == Source::Full ? ReadStatus::More : ReadStatus::Drained;
    } else if (error == SSL_ERROR_ZERO_RETURN || source_ == Source::Ended) {
      source_ = Source::Ended;
      status = ReadStatus::Ended;
    } else {
      fail(error);
      status = ReadStatus::Failed;
    }
    break;
  }
  save_input();
  // Alerts and answers to key updates.
  if (!send_scratch() && !broken_) {
    broken_ = true;
    status = ReadStatus::Failed;
  }
  return {got, status};
}

size_t TlsSocket::record_size(const OutputBuffer& output) {
  const uint64_t now = worker_.loop.now_ns();
  if (now - wrote_ns_ > pause_ns) small_left_ = small_bytes;
  wrote_ns_ = now;
  // What fits into one record is one.
  if (small_left_ == 0 || output.bytes() <= small_record_bytes) return TransportScratch::record_bytes;
  return small_record_bytes;
}

TransportSocket::WriteStatus TlsSocket::write(OutputBuffer& output) {
  TransportScratch& scratch = *worker_.transport;
  if (broken_) return WriteStatus::Failed;
  ERR_clear_error();
  if (!send_scratch()) return WriteStatus::Failed;
  while (!output.empty() && unsent_.empty()) {
    iovec parts[8];
    const int count = output.gather(parts, 8);
    const size_t want = record_size(output);
    const char* bytes = static_cast<const char*>(parts[0].iov_base);
    size_t size = std::min(parts[0].iov_len, want);
    if (count > 1 && size < want) {
      bytes = scratch.record;
      size = 0;
      for (int i = 0; i < count && size < want; ++i) {
        const size_t piece = std::min(parts[i].iov_len, want - size);
        std::memcpy(scratch.record + size, parts[i].iov_base, piece);
        size += piece;
      }
    }
    size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes, size, &written);
    if (result != 1) {
      fail(SSL_get_error(ssl_.get(), result));
      return WriteStatus::Failed;
    }
    output.consume(written);
    small_left_ -= std::min<uint32_t>(small_left_, static_cast<uint32_t>(written));
    if (scratch.out_size >= send_at_bytes && !send_scratch()) return WriteStatus::Failed;
  }
  if (!send_scratch()) return WriteStatus::Failed;
  return unsent_.empty() ? WriteStatus::Done : WriteStatus::Blocked;
}

void TlsSocket::end_output() {
  if (!done_ || broken_ || ended_ || fd_ < 0) return;
  ended_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  if (!send_scratch()) broken_ = true;
  ERR_clear_error();
}

// ---- what is known -------------------------------------------------------------------------------------------

std::string_view TlsSocket::server_name() const {
  const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

std::string_view TlsSocket::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsSocket::group() const {
  switch (SSL_get_negotiated_group(ssl_.get())) {
    case NID_X25519:
      return "X25519";
    case NID_X9_62_prime256v1:
      return "P-256";
    case NID_secp384r1:
      return "P-384";
    case NID_secp521r1:
      return "P-521";
    case TLSEXT_nid_unknown | 0x11ec:
      return "X25519MLKEM768";
    default:
      return {};
  }
}

std::string_view TlsSocket::session_id() const {
  const SSL_SESSION* const session = SSL_get_session(ssl_.get());
  if (session == nullptr || SSL_version(ssl_.get()) >= TLS1_3_VERSION) return {};
  if (!session_id_.empty()) return session_id_;
  unsigned int size = 0;
  const unsigned char* const bytes = SSL_SESSION_get_id(session, &size);
  for (unsigned int i = 0; i < size; ++i) {
    session_id_ += "0123456789abcdef"[bytes[i] >> 4];
    session_id_ += "0123456789abcdef"[bytes[i] & 15];
  }
  return session_id_;
}

bool TlsSocket::peer_validated() const { return peer_presented() && trusted_; }

const CertificateFacts* TlsSocket::peer() const {
  X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return nullptr;
  if (!peer_) peer_ = certificate_facts(certificate);
  return &*peer_;
}

// A server has its client's own certificate apart from the rest.
static std::vector<X509*> chain_of(const SSL* ssl) {
  std::vector<X509*> out;
  X509* const own = SSL_get0_peer_certificate(ssl);
  if (own != nullptr) out.push_back(own);
  const STACK_OF(X509)* const rest = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; rest != nullptr && i < sk_X509_num(rest); ++i) {
    X509* const next = sk_X509_value(rest, i);
    if (own == nullptr || X509_cmp(own, next) != 0) out.push_back(next);
  }
  return out;
}

std::string TlsSocket::peer_pem(bool whole_chain) const {
  std::string out;
  for (X509* certificate : chain_of(ssl_.get())) {
    out += pem_text(certificate);
    if (!whole_chain) break;
  }
  return out;
}

const std::vector<CertificateFacts>& TlsSocket::peer_chain() const {
  if (!peer_chain_) {
    peer_chain_.emplace();
    for (X509* certificate : chain_of(ssl_.get())) peer_chain_->push_back(certificate_facts(certificate));
  }
  return *peer_chain_;
}

}  // namespace outrider
