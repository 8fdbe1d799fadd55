#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "access_log/log_filter.h"
#include "base/config_view.h"
#include "base/result.h"
#include "codec/header_map.h"
#include "formatter/header_mutation.h"
#include "formatter/substitution_format.h"

namespace outrider {

// envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig: rewrites answers that the
// proxy gives itself. Immutable, shared by all workers.
class LocalReplyConfig {
 public:
  LocalReplyConfig();  // changes nothing, "text/plain"
  static Result<LocalReplyConfig> read(ConfigView config);
  LocalReplyConfig(LocalReplyConfig&&) noexcept;
  LocalReplyConfig& operator=(LocalReplyConfig&&) noexcept;
  ~LocalReplyConfig();

  bool empty() const { return mappers_.empty() && !format_; }
  // Rewrites one answer in place. `context.info` is the stream's (its response_code is set to the status),
  // `headers` the response's. `content_type` points into this object or to static text.
  void rewrite(FormatContext context, StreamInfo& info, LogFilterState& state, std::string& scratch,
               uint16_t& status, std::string& body, std::string_view& content_type, HeaderMap& headers) const;

 private:
  struct Mapper;
  std::vector<Mapper> mappers_;
  std::unique_ptr<SubstitutionFormat> format_;
};

}  // namespace outrider
