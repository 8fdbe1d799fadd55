#include "codec/header_map.h"

#include <array>
#include <charconv>

namespace outrider {
namespace {

using enum HeaderId;

enum Joins : uint8_t { InRequest = 1, InResponse = 2, InResponseTrailers = 4 };

// Envoy's header tables, those that its filters register included: there a repeated line is joined to the
// first. Found by sending every well-known name twice through Envoy 1.40, in both directions.
constexpr HeaderId joined_in_both[] = {Connection,        ContentType,
                                       ContentEncoding,   ContentLength,
                                       CacheControl,      KeepAlive,
                                       ProxyConnection,   ProxyStatus,
                                       RequestId,         TransferEncoding,
                                       Upgrade,           Via,
                                       EnvoyAttemptCount, EnvoyDecoratorOperation};
constexpr HeaderId joined_in_requests[] = {Method,
                                           Path,
                                           Scheme,
                                           Authority,
                                           Protocol,
                                           Host,
                                           Expect,
                                           Te,
                                           UserAgent,
                                           Referer,
                                           Origin,
                                           Accept,
                                           AcceptEncoding,
                                           Authorization,
                                           Pragma,
                                           IfMatch,
                                           IfNoneMatch,
                                           IfModifiedSince,
                                           IfUnmodifiedSince,
                                           IfRange,
                                           ClientTraceId,
                                           GrpcTimeout,
                                           GrpcAcceptEncoding,
                                           ForwardedFor,
                                           ForwardedProto,
                                           ForwardedHost,
                                           ForwardedPort,
                                           ForwardedClientCert,
                                           AccessControlRequestMethod,
                                           AccessControlRequestHeaders,
                                           AccessControlRequestPrivateNetwork,
                                           EnvoyDownstreamServiceCluster,
                                           EnvoyDownstreamServiceNode,
                                           EnvoyExpectedRequestTimeoutMs,
                                           EnvoyExternalAddress,
                                           EnvoyForceTrace,
                                           EnvoyHedgeOnPerTryTimeout,
                                           EnvoyInternal,
                                           EnvoyIpTags,
                                           EnvoyIsTimeoutRetry,
                                           EnvoyMaxRetries,
                                           EnvoyOriginalHost,
                                           EnvoyOriginalPath,
                                           EnvoyOriginalUrl,
                                           EnvoyRetriableHeaderNames,
                                           EnvoyRetriableStatusCodes,
                                           EnvoyRetryGrpcOn,
                                           EnvoyRetryOn,
                                           EnvoyUpstreamAltStatName,
                                           EnvoyUpstreamRequestPerTryTimeoutMs,
                                           EnvoyUpstreamRequestTimeoutAltResponse,
                                           EnvoyUpstreamRequestTimeoutMs,
                                           EnvoyUpstreamStreamDurationMs};
constexpr HeaderId joined_in_responses[] = {Status,
                                            Date,
                                            Server,
                                            Location,
                                            Expires,
                                            Age,
                                            Etag,
                                            LastModified,
                                            Vary,
                                            GrpcStatus,
                                            GrpcMessage,
                                            AccessControlAllowOrigin,
                                            AccessControlAllowMethods,
                                            AccessControlAllowHeaders,
                                            AccessControlAllowCredentials,
                                            AccessControlAllowPrivateNetwork,
                                            AccessControlExposeHeaders,
                                            AccessControlMaxAge,
                                            EnvoyDegraded,
                                            EnvoyImmediateHealthCheckFail,
                                            EnvoyRateLimited,
                                            EnvoyUpstreamCanary,
                                            EnvoyUpstreamHealthCheckedCluster,
                                            EnvoyUpstreamServiceTime};
constexpr HeaderId joined_in_response_trailers[] = {GrpcStatus, GrpcMessage};

constexpr std::array<uint8_t, header_id_count> build_joins() {
  std::array<uint8_t, header_id_count> joins{};
  const auto mark = [&joins](const auto& ids, uint8_t where) {
    for (HeaderId id : ids) joins[static_cast<size_t>(id)] |= where;
  };
  mark(joined_in_both, InRequest | InResponse);
  mark(joined_in_requests, InRequest);
  mark(joined_in_responses, InResponse);
  mark(joined_in_response_trailers, InResponseTrailers);
  return joins;
}
constexpr std::array<uint8_t, header_id_count> joins = build_joins();

}  // namespace

const Header* HeaderMap::scan(HeaderId id, uint32_t from) const {
  for (uint32_t i = from; i < used_; i++) {
    if (entries_[i].id == id && !entries_[i].removed()) return &entries_[i];
  }
  return nullptr;
}

const Header* HeaderMap::find(std::string_view lower_name) const {
  const HeaderId id = header_id(lower_name);
  if (id != HeaderId::None) return find(id);
  for (const Header& header : *this) {
    if (header.id == HeaderId::None && header.key() == lower_name) return &header;
  }
  return nullptr;
}

const Header* HeaderMap::next_same(const Header* header) const {
  if (header->id != HeaderId::None) return scan(header->id, static_cast<uint32_t>(header + 1 - entries_));
  for (Iterator it(header + 1, entries_ + used_); it != end(); ++it) {
    if (it->id == HeaderId::None && it->key() == header->key()) return &*it;
  }
  return nullptr;
}

std::string_view HeaderMap::joined(const Header* first) {
  if (first == nullptr) return {};
  size_t bytes = 0;
  for (const Header* h = first; h != nullptr; h = next_same(h)) bytes += h->value_len + 1;
  if (bytes == size_t{first->value_len} + 1) return first->text();
  char* const start = static_cast<char*>(arena_->allocate(bytes, 1));
  if (start == nullptr) return {};
  char* to = start;
  for (const Header* h = first; h != nullptr; h = next_same(h)) {
    std::memcpy(to, h->value, h->value_len);
    to += h->value_len;
    *to++ = ',';
  }
  return {start, bytes - 1};
}

uint32_t HeaderMap::pseudo_slot(HeaderId id) const {
  if (kind_ == HeaderMapKind::Response) return id == HeaderId::Status ? 0 : no_slot;
  if (kind_ != HeaderMapKind::Request || !is_pseudo(id) || id == HeaderId::Status) return no_slot;
  return id == HeaderId::Protocol ? 4 : static_cast<uint32_t>(id) - static_cast<uint32_t>(HeaderId::Method);
}

void HeaderMap::fill_slot(uint32_t slot, HeaderId id, std::string_view value) {
  if (capacity_ == 0 && !grow()) return;
  const std::string_view name = header_name(id);
  Header& header = entries_[slot];
  header.name = name.data();
  header.value = value.data();
  header.value_len = static_cast<uint32_t>(value.size());
  header.name_len = static_cast<uint16_t>(name.size());
  header.id = id;
  header.flags = 0;
  first_[index(id)] = static_cast<uint8_t>(slot);
  byte_size_ += name.size() + value.size();
  live_++;
}

void HeaderMap::keep_case(std::string_view lower_name, std::string_view original) {
  if (original_case(lower_name).data() != lower_name.data()) return;
  const char* copy = arena_->copy(original);
  if (copy == nullptr || (used_ == capacity_ && !grow())) return;
  entries_[used_++] = {lower_name.data(),
                       copy,
                       static_cast<uint32_t>(original.size()),
                       static_cast<uint16_t>(lower_name.size()),
                       HeaderId::None,
                       Header::Removed | Header::OriginalCase};
}

std::string_view HeaderMap::original_case(std::string_view lower_name) const {
  for (uint32_t i = 0; i < used_; i++) {
    if (entries_[i].flags & Header::OriginalCase && entries_[i].key() == lower_name)
      return entries_[i].text();
  }
  return lower_name;
}

bool HeaderMap::grow() {
  const uint32_t capacity = capacity_ == 0 ? entries_at_first : capacity_ * 2;
  Header* entries = static_cast<Header*>(arena_->allocate(capacity * sizeof(Header), alignof(Header)));
  if (entries == nullptr) return false;
  if (capacity_ == 0) {
    while (used_ < pseudo_slots())
      entries[used_++] = {nullptr, nullptr, 0, 0, HeaderId::None, Header::Removed};
  } else {
    std::memcpy(entries, entries_, used_ * sizeof(Header));
  }
  entries_ = entries;
  capacity_ = capacity;
  return true;
}

void HeaderMap::change_value(Header& header, std::string_view value) {
  byte_size_ += value.size();
  byte_size_ -= header.value_len;
  header.flags &= static_cast<uint8_t>(~Header::WholeLine);
  header.value = value.data();
  header.value_len = static_cast<uint32_t>(value.size());
}

void HeaderMap::set_ref(HeaderId id, std::string_view value) {
  assert(id != HeaderId::None);
  if (arena_->failed()) return;
  Header* const first = const_cast<Header*>(find(id));
  if (first == nullptr) return add_ref(id, value);
  for (const Header* more = next_same(first); more != nullptr; more = next_same(first)) {
    drop(const_cast<Header&>(*more));
  }
  change_value(*first, value);
}

void HeaderMap::set(std::string_view lower_name, std::string_view value) {
  remove(lower_name);
  add(lower_name, value);
}

void HeaderMap::set_number(HeaderId id, uint64_t value) {
  char text[20];
  const char* const end = std::to_chars(text, text + sizeof(text), value).ptr;
  set(id, {text, static_cast<size_t>(end - text)});
}

void HeaderMap::add(HeaderId id, std::string_view value) {
  if (!join(id, value)) add_ref(id, arena_->copy_view(value));
}

void HeaderMap::add_ref(HeaderId id, std::string_view value) {
  assert(id != HeaderId::None);
  if (arena_->failed() || join(id, value)) return;
  const uint32_t slot = pseudo_slot(id);
  if (slot == no_slot) return push(header_name(id), value, id);
  fill_slot(slot, id, value);
}

void HeaderMap::add(std::string_view lower_name, std::string_view value) {
  const HeaderId id = header_id(lower_name);
  if (id != HeaderId::None) return add(id, value);
  add_ref(arena_->copy_view(lower_name), arena_->copy_view(value));
}

void HeaderMap::add_ref(std::string_view lower_name, std::string_view value) {
  const HeaderId id = header_id(lower_name);
  if (id != HeaderId::None) return add_ref(id, value);
  if (arena_->failed()) return;
  push(lower_name, value, HeaderId::None);
}

bool HeaderMap::join(HeaderId id, std::string_view value) {
  if (!has(id) || !joins_when_added(id)) return false;
  append(id, value);
  return true;
}

void HeaderMap::append(HeaderId id, std::string_view value, std::string_view separator) {
  Header* const first = const_cast<Header*>(find(id));
  if (first == nullptr) return add_ref(id, arena_->copy_view(value));
  if (first->value_len == 0) return change_value(*first, arena_->copy_view(value));
  if (value.empty()) return;
  const size_t bytes = first->value_len + separator.size() + value.size();
  char* const start = static_cast<char*>(arena_->allocate(bytes, 1));
  if (start == nullptr) return;
  std::memcpy(start, first->value, first->value_len);
  std::memcpy(start + first->value_len, separator.data(), separator.size());
  std::memcpy(start + first->value_len + separator.size(), value.data(), value.size());
  change_value(*first, {start, bytes});
}

void HeaderMap::append_comma(std::string_view lower_name, std::string_view value) {
  Header* const first = const_cast<Header*>(find(lower_name));
  if (first == nullptr) return add(lower_name, value);
  if (first->id != HeaderId::None) return append(first->id, value, ",");
  char* const start = static_cast<char*>(arena_->allocate(first->value_len + 1 + value.size(), 1));
  if (start == nullptr) return;
  std::memcpy(start, first->value, first->value_len);
  start[first->value_len] = ',';
  if (!value.empty()) std::memcpy(start + first->value_len + 1, value.data(), value.size());
  change_value(*first, {start, first->value_len + 1 + value.size()});
}

void HeaderMap::drop(Header& header) {
  header.flags |= Header::Removed;
  byte_size_ -= header.name_len + uint64_t{header.value_len};
  live_--;
  uint8_t& first = first_[index(header.id)];
  const uint32_t at = static_cast<uint32_t>(&header - entries_);
  if (header.id == HeaderId::None || (first < beyond && first != at)) return;
  const Header* next = scan(header.id, first < beyond ? at + 1 : beyond);
  const size_t next_at = next == nullptr ? 0 : static_cast<size_t>(next - entries_);
  first = next == nullptr ? absent : next_at < beyond ? static_cast<uint8_t>(next_at) : beyond;
}

size_t HeaderMap::remove(HeaderId id) {
  size_t removed = 0;
  for (const Header* header = find(id); header != nullptr; header = find(id), removed++) {
    drop(const_cast<Header&>(*header));
  }
  return removed;
}

size_t HeaderMap::remove(std::string_view lower_name) {
  const HeaderId id = header_id(lower_name);
  if (id != HeaderId::None) return remove(id);
  size_t removed = 0;
  for (uint32_t i = 0; i < used_; i++) {
    Header& header = entries_[i];
    if (header.removed() || header.id != HeaderId::None || header.key() != lower_name) continue;
    drop(header);
    removed++;
  }
  return removed;
}

size_t HeaderMap::remove_prefix(std::string_view lower_prefix) {
  size_t removed = 0;
  for (uint32_t i = 0; i < used_; i++) {
    if (entries_[i].removed() || !entries_[i].key().starts_with(lower_prefix)) continue;
    drop(entries_[i]);
    removed++;
  }
  return removed;
}

void HeaderMap::clear() {
  used_ = capacity_ == 0 ? 0 : pseudo_slots();
  for (uint32_t i = 0; i < used_; i++) entries_[i].flags = Header::Removed;
  live_ = 0;
  byte_size_ = 0;
  forget_index();
}

bool HeaderMap::joins_when_added(HeaderId id) const {
  constexpr uint8_t where[] = {InRequest, InResponse, 0, InResponseTrailers};  // by HeaderMapKind
  return joins[index(id)] & where[static_cast<size_t>(kind_)];
}

}  // namespace outrider
