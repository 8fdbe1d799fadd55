#include "access_log/access_log.h"

namespace outrider {

namespace {

ConfigError below(std::string_view field, const ConfigError& error) {
  std::string path(field);
  if (!error.path.empty()) path += "." + error.path;
  return ConfigError{path, error.reason};
}

// The format of a file or stream logger; `format`, `json_format` and `typed_json_format` are the file's old ways.
Result<SubstitutionFormat> read_format(ConfigView config) {
  if (config.has("log_format")) {
    Result<SubstitutionFormat> format = SubstitutionFormat::read(config["log_format"]);
    if (!format.ok()) return below("log_format", format.error());
    return format;
  }
  for (const char* field : {"json_format", "typed_json_format"}) {
    if (!config.has(field)) continue;
    Result<SubstitutionFormat> format = SubstitutionFormat::from_json(config[field]);
    if (!format.ok()) return below(field, format.error());
    return format;
  }
  const std::string_view text = config.string("format");
  Result<SubstitutionFormat> format =
      SubstitutionFormat::from_text(text.empty() ? default_access_log_format : text);
  if (!format.ok()) return below("format", format.error());
  return format;
}

Result<LogFile*> open_sink(ConfigView config, LogFiles& files) {
  const std::string_view type = config.type_name();
  if (type == "envoy.extensions.access_loggers.file.v3.FileAccessLog")
    return files.open(config.string("path"));
  if (type == "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog") return files.standard_output();
  if (type == "envoy.extensions.access_loggers.stream.v3.StderrAccessLog") return files.standard_error();
  return ConfigError{
      "", std::string(type.empty() ? "an access log without typed_config" : type) + " is not supported"};
}

}  // namespace

Result<AccessLogger> AccessLogger::read(ConfigView access_log, LogFiles& files) {
  Result<LogFilter> filter = LogFilter::read(access_log["filter"]);
  if (!filter.ok()) return below("filter", filter.error());
  const ConfigView config = access_log["typed_config"];
  Result<SubstitutionFormat> format = read_format(config);
  if (!format.ok()) return below("typed_config", format.error());
  const Result<LogFile*> file = open_sink(config, files);
  if (!file.ok()) return below("typed_config", file.error());
  return AccessLogger(std::move(filter.value()), std::move(format.value()), file.value());
}

Result<AccessLogs> AccessLogs::read(ConfigView list, LogFiles& files) {
  AccessLogs logs;
  for (ConfigView item : list) {
    Result<AccessLogger> logger = AccessLogger::read(item, files);
    if (!logger.ok()) return below("[" + std::to_string(logs.loggers_.size()) + "]", logger.error());
    logs.loggers_.push_back(std::move(logger.value()));
  }
  return logs;
}

}  // namespace outrider
