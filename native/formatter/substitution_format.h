#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/config_view.h"
#include "base/result.h"
#include "formatter/format.h"
#include "formatter/json_format.h"

namespace outrider {

// Envoy's access log format where none is configured, with its line end.
extern const std::string_view default_access_log_format;

// envoy.config.core.v3.SubstitutionFormatString: text, or JSON with typed values. Immutable, shared.
class SubstitutionFormat {
 public:
  static Result<SubstitutionFormat> read(ConfigView format);
  static Result<SubstitutionFormat> from_text(std::string_view text);
  // FileAccessLog's deprecated json_format and typed_json_format, which are the same by now.
  static Result<SubstitutionFormat> from_json(ConfigView object);

  void append(const FormatContext& context, std::string& out) const {
    if (text_ != nullptr) return text_->append(context, out);
    json_->append(context, out);
  }
  // As configured; else "text/plain", or "application/json" for JSON. For local replies.
  std::string_view content_type() const { return content_type_; }

 private:
  SubstitutionFormat() = default;
  Result<bool> read_value(ConfigView format);
  Result<bool> set_text(std::string_view text, MissingValue missing, const FormatExtensions& extensions);
  Result<bool> set_json(ConfigView object, MissingValue missing, const FormatExtensions& extensions);

  std::unique_ptr<Format> text_;
  std::unique_ptr<JsonFormat> json_;
  std::string content_type_;
};

}  // namespace outrider
