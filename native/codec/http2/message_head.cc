#include "codec/http2/message_head.h"

#include <array>

namespace outrider::http2 {
namespace {

// Bits of seen_pseudo_.
constexpr uint8_t bit(HeaderId id) {
  return static_cast<uint8_t>(1u << (static_cast<uint8_t>(id) - static_cast<uint8_t>(HeaderId::Method)));
}

bool read_number(std::string_view text, uint64_t& number) {
  if (text.empty() || text.size() > 19) return false;
  number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

bool equals_trailers(std::string_view value) {
  constexpr std::string_view word = "trailers";
  if (value.size() != word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if ((value[i] | 0x20) != word[i]) return false;
  }
  return true;
}

}  // namespace

void MessageHead::on_field(const HpackEntry& entry) {
  if (kind_ == Kind::Skipped || fault_ != HeadFault::None) return;
  bytes_ += entry.name.size() + entry.value.size();
  if (bytes_ > options_.header_bytes_max || ++count_ > options_.header_count_max) {
    fault_ = HeadFault::TooLarge;
    return;
  }
  if (!entry.sound) return malformed();
  const bool good = entry.name.front() == ':' ? pseudo(entry) : plain(entry);
  if (!good) malformed();
}

bool MessageHead::pseudo(const HpackEntry& entry) {
  if (fields_begun_ || kind_ == Kind::Trailers || !is_pseudo(entry.id)) return false;
  const bool of_response = entry.id == HeaderId::Status;
  if (of_response != (kind_ == Kind::Response) || (seen_pseudo_ & bit(entry.id)) != 0) return false;
  if (entry.id == HeaderId::Protocol && !options_.allow_connect) return false;
  seen_pseudo_ |= bit(entry.id);
  if (entry.id == HeaderId::Method) {
    if (entry.value.empty()) return false;
    connect_ = entry.value == "CONNECT";
  }
  if (of_response) {
    uint64_t status = 0;
    if (entry.value.size() != 3 || !read_number(entry.value, status) || status < 100 || status == 101)
      return false;
    status_ = static_cast<uint16_t>(status);
  }
  map_->add(entry.id, entry.value);
  return true;
}

bool MessageHead::plain(const HpackEntry& entry) {
  fields_begun_ = true;
  switch (entry.id) {
    case HeaderId::Connection:
    case HeaderId::KeepAlive:
    case HeaderId::ProxyConnection:
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade:
      return false;
    case HeaderId::Te:
      if (!equals_trailers(entry.value)) return false;
      break;
    case HeaderId::Cookie:
      if (kind_ != Kind::Request) break;
      add_cookie(entry.value);
      return true;
    case HeaderId::ContentLength:
      if (kind_ == Kind::Trailers) break;
      if (has_content_length_ || !read_number(entry.value, content_length_)) return false;
      has_content_length_ = true;
      break;
    case HeaderId::Host:
      if (kind_ != Kind::Request) break;
      // As Envoy: what counts is :authority.
      if (!map_->has(HeaderId::Authority)) map_->add(HeaderId::Authority, entry.value);
      return true;
    case HeaderId::None:
      if (options_.underscores == http1::UnderscoresAction::Allow ||
          entry.name.find('_') == std::string_view::npos) {
        break;
      }
      if (options_.underscores == http1::UnderscoresAction::DropHeader) {
        ++dropped_;
      } else {
        fault_ = HeadFault::Underscores;
      }
      return true;
    default:
      break;
  }
  add(entry);
  return true;
}

void MessageHead::add(const HpackEntry& entry) {
  if (entry.id == HeaderId::None) return map_->add(entry.name, entry.value);
  if (map_->has(entry.id)) return map_->add(entry.id, entry.value);
  const std::string_view value = map_->arena().copy_view(entry.value);
  if (!map_->arena().failed()) map_->push(header_name(entry.id), value, entry.id);
}

// Clients split cookies for the sake of compression (RFC 9113 §8.2.3).
void MessageHead::add_cookie(std::string_view value) {
  if (!has_cookies_) {
    cookies_.assign(value);
    has_cookies_ = true;
    return;
  }
  cookies_.append("; ");
  cookies_.append(value);
}

bool MessageHead::request_is_whole() {
  if ((seen_pseudo_ & bit(HeaderId::Method)) == 0) return false;
  const bool path = seen_pseudo_ & bit(HeaderId::Path);
  const bool scheme = seen_pseudo_ & bit(HeaderId::Scheme);
  const bool protocol = seen_pseudo_ & bit(HeaderId::Protocol);
  if (connect_ && !protocol) return !path && !scheme && map_->has(HeaderId::Authority);
  if (protocol && !connect_) return false;
  if (!path || !scheme || !map_->has(HeaderId::Authority)) return false;
  const std::string_view value = map_->get(HeaderId::Path);
  if (value.empty()) return false;
  const std::string_view scheme_value = map_->get(HeaderId::Scheme);
  const bool http = scheme_value == "http" || scheme_value == "https";
  return !http || value.front() == '/' || (value == "*" && map_->get(HeaderId::Method) == "OPTIONS");
}

void MessageHead::finish() {
  if (kind_ == Kind::Skipped || fault_ != HeadFault::None) return;
  if (has_cookies_) map_->add(HeaderId::Cookie, cookies_);
  if (kind_ == Kind::Request && !request_is_whole()) return malformed();
  if (kind_ == Kind::Response && status_ == 0) malformed();
}

}  // namespace outrider::http2
