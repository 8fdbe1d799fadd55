#include "formatter/substitution_format.h"

#include "base/data_source.h"

namespace outrider {

const std::string_view default_access_log_format =
    "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% "
    "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "
    "\"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" "
    "\"%UPSTREAM_HOST%\"\n";

namespace {

constexpr size_t format_bytes_max = 1 << 20;

// %METADATA% needs no extension any more, as in Envoy, but naming it is fine.
Result<FormatExtensions> read_extensions(ConfigView list) {
  FormatExtensions extensions;
  size_t index = 0;
  for (ConfigView formatter : list) {
    const std::string_view type = formatter["typed_config"].type_name();
    if (type == "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery") {
      extensions.req_without_query = true;
    } else if (type != "envoy.extensions.formatter.metadata.v3.Metadata") {
      return ConfigError{"formatters[" + std::to_string(index) + "].typed_config",
                         std::string(type) + " is not supported"};
    }
    index++;
  }
  return extensions;
}

ConfigError below(std::string_view field, const ConfigError& error) {
  std::string path(field);
  if (!error.path.empty() && error.path.front() != '[') path += '.';
  return ConfigError{path + error.path, error.reason};
}

}  // namespace

Result<bool> SubstitutionFormat::set_text(std::string_view text, MissingValue missing,
                                          const FormatExtensions& extensions) {
  Result<Format> format = Format::parse(text, missing, extensions);
  if (!format.ok()) return format.error();
  text_ = std::make_unique<Format>(std::move(format.value()));
  content_type_ = "text/plain";
  return true;
}

Result<bool> SubstitutionFormat::set_json(ConfigView object, MissingValue missing,
                                          const FormatExtensions& extensions) {
  Result<JsonFormat> format = JsonFormat::read(object, missing, extensions);
  if (!format.ok()) return format.error();
  json_ = std::make_unique<JsonFormat>(std::move(format.value()));
  content_type_ = "application/json";
  return true;
}

Result<bool> SubstitutionFormat::read_value(ConfigView format) {
  const MissingValue missing =
      format.boolean("omit_empty_values") ? MissingValue::Nothing : MissingValue::Dash;
  const Result<FormatExtensions> extensions = read_extensions(format.list("formatters"));
  if (!extensions.ok()) return extensions.error();
  if (format["json_format"].kind() == ConfigView::Kind::Object) {
    const Result<bool> set = set_json(format["json_format"], missing, extensions.value());
    return set.ok() ? set : below("json_format", set.error());
  }
  if (format.has("text_format_source")) {
    const Result<std::string> text = read_data_source(format["text_format_source"], format_bytes_max);
    if (!text.ok()) return below("text_format_source", text.error());
    const Result<bool> set = set_text(text.value(), missing, extensions.value());
    return set.ok() ? set : below("text_format_source", set.error());
  }
  if (!format.has("text_format")) return ConfigError{"", "it needs text_format_source or json_format"};
  const Result<bool> set = set_text(format.string("text_format"), missing, extensions.value());
  return set.ok() ? set : below("text_format", set.error());
}

Result<SubstitutionFormat> SubstitutionFormat::read(ConfigView config) {
  SubstitutionFormat format;
  const Result<bool> read = format.read_value(config);
  if (!read.ok()) return read.error();
  if (!config.string("content_type").empty()) format.content_type_ = config.string("content_type");
  return format;
}

Result<SubstitutionFormat> SubstitutionFormat::from_text(std::string_view text) {
  SubstitutionFormat format;
  const Result<bool> set = format.set_text(text, MissingValue::Dash, {});
  if (!set.ok()) return set.error();
  return format;
}

Result<SubstitutionFormat> SubstitutionFormat::from_json(ConfigView object) {
  SubstitutionFormat format;
  const Result<bool> set = format.set_json(object, MissingValue::Dash, {});
  if (!set.ok()) return set.error();
  return format;
}

}  // namespace outrider
