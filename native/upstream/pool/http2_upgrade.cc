#include "upstream/pool/http2_upgrade.h"

namespace outrider {

void Http2Upgrade::encode_headers(const HeaderMap& headers, EndStream end_stream) {
  protocol_ = arena_.copy_view(headers.get(HeaderId::Upgrade));
  HeaderMap sent(arena_, HeaderMapKind::Request);
  const bool upgrade = !protocol_.empty();
  sent.set_ref(HeaderId::Method, "CONNECT");
  sent.set_ref(HeaderId::Authority, headers.get(HeaderId::Authority));
  if (upgrade) {
    sent.set_ref(HeaderId::Scheme, headers.get(HeaderId::Scheme));
    sent.set_ref(HeaderId::Path, headers.get(HeaderId::Path));
    sent.set_ref(HeaderId::Protocol, protocol_);
  }
  for (const Header& header : headers) {
    const bool of_head = header.key().starts_with(':') || header.id == HeaderId::Upgrade ||
                         header.id == HeaderId::Connection || header.id == HeaderId::ContentLength;
    if (!of_head) sent.push(header.key(), header.text(), header.id);
  }
  // Extended CONNECT has no end: the tunnel's bytes follow.
  stream_->encode_headers(sent, upgrade ? EndStream::No : end_stream);
}

void Http2Upgrade::reset(ResetReason reason) {
  stream_->reset(reason);
  end();
}

void Http2Upgrade::on_headers(HeaderMap& headers, EndStream end_stream) {
  if (!protocol_.empty() && headers.get(HeaderId::Status) == "200") {
    headers.set_ref(HeaderId::Status, "101");
    headers.set_ref(HeaderId::Upgrade, headers.arena().copy_view(protocol_));
    headers.set_ref(HeaderId::Connection, "upgrade");
  }
  if (end_stream == EndStream::Yes) end();
  decoder_->on_headers(headers, end_stream);
}

void Http2Upgrade::on_data(std::string_view data, EndStream end_stream) {
  if (end_stream == EndStream::Yes) end();
  decoder_->on_data(data, end_stream);
}

void Http2Upgrade::on_trailers(HeaderMap& trailers) {
  end();
  decoder_->on_trailers(trailers);
}

void Http2Upgrade::on_reset(ResetReason reason) {
  end();
  decoder_->on_reset(reason);
}

}  // namespace outrider
