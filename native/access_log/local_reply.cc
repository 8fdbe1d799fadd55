#include "access_log/local_reply.h"

#include "base/data_source.h"

namespace outrider {

namespace {

constexpr size_t body_bytes_max = 1 << 20;

ConfigError below(std::string_view field, const ConfigError& error) {
  std::string path(field);
  if (!error.path.empty() && error.path.front() != '[') path += '.';
  return ConfigError{path + error.path, error.reason};
}

}  // namespace

Result<LocalReplyConfig::Mapper> LocalReplyConfig::read_mapper(ConfigView config) {
  Mapper mapper;
  if (!config.has("filter")) return ConfigError{"filter", "a mapper needs a filter"};
  Result<LogFilter> filter = LogFilter::read(config["filter"]);
  if (!filter.ok()) return below("filter", filter.error());
  mapper.filter = std::move(filter.value());
  if (config.has("status_code")) {
    const uint64_t status = config.uint("status_code");
    if (status < 200 || status > 599) return ConfigError{"status_code", "not from 200 to 599"};
    mapper.status = static_cast<uint16_t>(status);
  }
  if (config.has("body")) {
    Result<std::string> body = read_data_source(config["body"], body_bytes_max);
    if (!body.ok()) return below("body", body.error());
    mapper.body = std::move(body.value());
  }
  if (config.has("body_format_override")) {
    Result<SubstitutionFormat> format = SubstitutionFormat::read(config["body_format_override"]);
    if (!format.ok()) return below("body_format_override", format.error());
    mapper.format = std::move(format.value());
  }
  Result<HeaderMutations> headers = HeaderMutations::read(config.list("headers_to_add"));
  if (!headers.ok()) return below("headers_to_add", headers.error());
  mapper.headers = std::move(headers.value());
  return mapper;
}

Result<LocalReplyConfig> LocalReplyConfig::read(ConfigView config) {
  LocalReplyConfig replies;
  for (ConfigView item : config.list("mappers")) {
    Result<Mapper> mapper = read_mapper(item);
    if (!mapper.ok())
      return below("mappers[" + std::to_string(replies.mappers_.size()) + "]", mapper.error());
    replies.mappers_.push_back(std::move(mapper.value()));
  }
  if (config.has("body_format")) {
    Result<SubstitutionFormat> format = SubstitutionFormat::read(config["body_format"]);
    if (!format.ok()) return below("body_format", format.error());
    replies.format_ = std::move(format.value());
  }
  return replies;
}

const LocalReplyConfig::Mapper* LocalReplyConfig::find(const FormatContext& context,
                                                       const LogFilterState& state) const {
  for (const Mapper& mapper : mappers_) {
    if (mapper.filter.wants(context, state)) return &mapper;
  }
  return nullptr;
}

void LocalReplyConfig::rewrite(FormatContext context, StreamInfo& info, const LogFilterState& state,
                               std::string& scratch, uint16_t& status, std::string& body,
                               std::string_view& content_type, HeaderMap& headers) const {
  info.response_code = status;
  context.info = &info;
  context.response_headers = &headers;
  context.local_reply_body = {};  // empty for filters and headers, as in Envoy
  const SubstitutionFormat* format = format_ ? &*format_ : nullptr;
  if (const Mapper* mapper = find(context, state); mapper != nullptr) {
    mapper->headers.apply(headers, context, scratch);
    if (mapper->body) body = *mapper->body;
    if (mapper->status != 0) {
      status = info.response_code = mapper->status;
      headers.set_number(HeaderId::Status, status);
    }
    if (mapper->format) format = &*mapper->format;
  }
  if (format == nullptr) return;
  context.local_reply_body = body;
  scratch.clear();
  format->append(context, scratch);
  body.swap(scratch);
  content_type = format->content_type();
}

}  // namespace outrider
