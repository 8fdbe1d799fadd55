#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  LocalReplyConfig() = default;  // changes nothing
  static Result<LocalReplyConfig> read(ConfigView config);

  bool empty() const { return mappers_.empty() && !format_; }

  // Rewrites one answer in place: the first mapper whose filter wants it, then the format. `status` is written
  // to `info` (and to `headers` when a mapper changes it), since filters and formats read it there. The caller
  // sets content-length, and content-type to `content_type` where `headers` has none; that text is static or
  // this object's. `scratch` is the worker's, reused; its content is lost.
  void rewrite(FormatContext context, StreamInfo& info, const LogFilterState& state, std::string& scratch,
               uint16_t& status, std::string& body, std::string_view& content_type, HeaderMap& headers) const;

 private:
  struct Mapper {
    LogFilter filter;
    std::optional<std::string> body;
    uint16_t status = 0;  // 0: stays
    HeaderMutations headers;
    std::optional<SubstitutionFormat> format;
  };
  static Result<Mapper> read_mapper(ConfigView config);
  const Mapper* find(const FormatContext& context, const LogFilterState& state) const;

  std::vector<Mapper> mappers_;
  std::optional<SubstitutionFormat> format_;
};

}  // namespace outrider
