#include "access_log/log_filter.h"

#include <charconv>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "access_log/value_match.h"
#include "codec/header_map.h"
#include "codec/header_match.h"
#include "formatter/grpc_status.h"
#include "formatter/log_type.h"
#include "formatter/response_flags.h"

namespace outrider {

namespace {

enum class Kind : uint8_t {
  Status,
  Duration,
  NotHealthCheck,
  Traceable,
  Runtime,
  And,
  Or,
  Header,
  Flags,
  GrpcStatus,
  LogType,
  Metadata,
};

enum class Comparison : uint8_t { Equal, AtLeast, AtMost, NotEqual };

// Where a metadata_filter looks and what it wants there.
struct MetadataCondition {
  std::string name;  // of the filter that wrote it
  std::vector<std::string> path;
  std::optional<ValueMatcher> value;
  bool if_missing = true;
};

}  // namespace

struct LogFilter::Node {
  explicit Node(Kind kind) : kind(kind) {}

  Kind kind;
  Comparison comparison = Comparison::Equal;
  bool excludes = false;     // GrpcStatus, LogType
  bool independent = false;  // Runtime: not the same decision for all proxies that see the request
  uint64_t number = 0;       // Status, Duration
  uint64_t bits = 0;         // Flags, GrpcStatus, LogType
  std::string runtime_key;
  Fraction fraction;
  std::vector<std::unique_ptr<Node>> parts;  // And, Or
  std::optional<HeaderMatcher> header;
  std::unique_ptr<MetadataCondition> metadata;
};

namespace {

using Node = LogFilter::Node;
using NodeResult = Result<std::unique_ptr<Node>>;

NodeResult read_node(ConfigView filter);

ConfigError below(std::string_view field, const ConfigError& error) {
  std::string path(field);
  if (!error.path.empty()) path += "." + error.path;
  return ConfigError{path, error.reason};
}

NodeResult read_comparison(Kind kind, ConfigView config) {
  const ConfigView comparison = config["comparison"];
  auto node = std::make_unique<Node>(kind);
  const std::string_view op = comparison.string("op", "EQ");
  if (op == "GE") node->comparison = Comparison::AtLeast;
  if (op == "LE") node->comparison = Comparison::AtMost;
  if (op == "NE") node->comparison = Comparison::NotEqual;
  node->number = comparison["value"].uint("default_value");
  node->runtime_key = comparison["value"].string("runtime_key");
  return node;
}

NodeResult read_runtime(ConfigView config) {
  auto node = std::make_unique<Node>(Kind::Runtime);
  node->runtime_key = config.string("runtime_key");
  node->fraction = Fraction::read(config["percent_sampled"]);
  node->independent = config.boolean("use_independent_randomness");
  return node;
}

NodeResult read_parts(Kind kind, ConfigView config) {
  auto node = std::make_unique<Node>(kind);
  for (ConfigView filter : config.list("filters")) {
    NodeResult part = read_node(filter);
    if (!part.ok()) return below("filters[" + std::to_string(node->parts.size()) + "]", part.error());
    node->parts.push_back(std::move(part.value()));
  }
  if (node->parts.size() < 2) return ConfigError{"filters", "it needs at least two filters"};
  return node;
}

NodeResult read_header(ConfigView config) {
  Result<HeaderMatcher> matcher = HeaderMatcher::read(config["header"]);
  if (!matcher.ok()) return below("header", matcher.error());
  auto node = std::make_unique<Node>(Kind::Header);
  node->header = std::move(matcher.value());
  return node;
}

NodeResult read_flags(ConfigView config) {
  auto node = std::make_unique<Node>(Kind::Flags);
  for (ConfigView item : config.list("flags")) {
    const std::optional<ResponseFlag> flag = find_response_flag(item.as_string());
    if (!flag) return ConfigError{"flags", "no such response flag: " + std::string(item.as_string())};
    node->bits |= uint64_t{1} << static_cast<uint8_t>(*flag);
  }
  return node;
}

NodeResult read_grpc(ConfigView config) {
  auto node = std::make_unique<Node>(Kind::GrpcStatus);
  node->excludes = config.boolean("exclude");
  for (ConfigView item : config.list("statuses")) {
    const std::optional<int64_t> status = find_grpc_status(item.as_string());
    if (!status) return ConfigError{"statuses", "no such gRPC status: " + std::string(item.as_string())};
    node->bits |= uint64_t{1} << *status;
  }
  return node;
}

NodeResult read_log_types(ConfigView config) {
  auto node = std::make_unique<Node>(Kind::LogType);
  node->excludes = config.boolean("exclude");
  for (ConfigView item : config.list("types")) {
    const std::optional<AccessLogType> type = find_log_type(item.as_string());
    if (!type) return ConfigError{"types", "no such access log type: " + std::string(item.as_string())};
    node->bits |= uint64_t{1} << static_cast<uint8_t>(*type);
  }
  return node;
}

// MetadataMatcher.invert is not read, since Envoy does not read it here either.
NodeResult read_metadata(ConfigView config) {
  auto condition = std::make_unique<MetadataCondition>();
  const ConfigView matcher = config["matcher"];
  condition->name = matcher.string("filter");
  for (ConfigView segment : matcher.list("path")) condition->path.emplace_back(segment.string("key"));
  condition->if_missing = config.boolean("match_if_key_not_found", true);
  if (matcher.has("value")) {
    Result<ValueMatcher> value = ValueMatcher::read(matcher["value"]);
    if (!value.ok()) return below("matcher.value", value.error());
    condition->value = std::move(value.value());
  }
  auto node = std::make_unique<Node>(Kind::Metadata);
  node->metadata = std::move(condition);
  return node;
}

struct Reader {
  std::string_view field;
  NodeResult (*read)(ConfigView config);
};
constexpr Reader readers[] = {
    {"status_code_filter", [](ConfigView config) { return read_comparison(Kind::Status, config); }},
    {"duration_filter", [](ConfigView config) { return read_comparison(Kind::Duration, config); }},
    {"not_health_check_filter",
     [](ConfigView) -> NodeResult { return std::make_unique<Node>(Kind::NotHealthCheck); }},
    {"traceable_filter", [](ConfigView) -> NodeResult { return std::make_unique<Node>(Kind::Traceable); }},
    {"runtime_filter", read_runtime},
    {"and_filter", [](ConfigView config) { return read_parts(Kind::And, config); }},
    {"or_filter", [](ConfigView config) { return read_parts(Kind::Or, config); }},
    {"header_filter", read_header},
    {"response_flag_filter", read_flags},
    {"grpc_status_filter", read_grpc},
    {"log_type_filter", read_log_types},
    {"metadata_filter", read_metadata},
};

NodeResult read_node(ConfigView filter) {
  for (const Reader& reader : readers) {
    if (!filter.has(reader.field)) continue;
    NodeResult node = reader.read(filter[reader.field]);
    if (!node.ok()) return below(reader.field, node.error());
    return node;
  }
  if (filter.has("extension_filter")) {
    return ConfigError{
        "extension_filter.typed_config",
        std::string(filter["extension_filter"]["typed_config"].type_name()) + " is not supported"};
  }
  return ConfigError{"", "it needs one of the filters"};
}

// --- on the request path ---

bool compare(const Node& node, uint64_t value, const LogFilterState& state) {
  const uint64_t with = state.runtime == nullptr || node.runtime_key.empty()
                            ? node.number
                            : state.runtime->integer(node.runtime_key, node.number);
  switch (node.comparison) {
    case Comparison::Equal:
      return value == with;
    case Comparison::AtLeast:
      return value >= with;
    case Comparison::AtMost:
      return value <= with;
    case Comparison::NotEqual:
      return value != with;
  }
  return false;
}

uint64_t duration_ms(const StreamTiming& timing) {
  uint64_t end = timing.end_ns;
  if (end == 0) {  // still going on: up to now, on the loop's clock
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    end = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  }
  return end < timing.start_ns ? 0 : (end - timing.start_ns) / 1'000'000;
}

// The number that all proxies read from the same request id: its first eight hexadecimal digits.
std::optional<uint64_t> request_id_number(const HeaderMap* headers) {
  if (headers == nullptr) return std::nullopt;
  const std::string_view id = headers->get(HeaderId::RequestId);
  if (id.size() < 8) return std::nullopt;
  uint32_t number = 0;
  const auto read = std::from_chars(id.data(), id.data() + 8, number, 16);
  if (read.ec != std::errc{} || read.ptr != id.data() + 8) return std::nullopt;
  return number;
}

bool sampled(const Node& node, const FormatContext& context, const LogFilterState& state) {
  std::optional<uint64_t> number;
  if (!node.independent) number = request_id_number(context.request_headers);
  if (!number && state.random == nullptr) return false;
  if (!number) number = state.random->next();
  if (state.runtime == nullptr) return node.fraction.contains(*number);
  return state.runtime->enabled(node.runtime_key, node.fraction, *number);
}

bool matches_header(const Node& node, const HeaderMap* headers) {
  if (headers != nullptr) return node.header->matches(*headers);
  ArenaBlockPool blocks;  // a stream that failed before it had headers
  Arena arena(blocks);
  return node.header->matches(HeaderMap(arena, HeaderMapKind::Request));
}

bool matches_grpc(const Node& node, const FormatContext& context) {
  const int64_t status = grpc_status_of_response(context).value_or(2);
  const bool found = status >= 0 && status < 64 && (node.bits >> status & 1) != 0;
  return found != node.excludes;
}

bool matches_metadata(const MetadataCondition& condition, ConfigView metadata) {
  ConfigView value = metadata["filter_metadata"][condition.name];
  for (const std::string& key : condition.path) value = value[key];
  if (value.kind() == ConfigView::Kind::None || !condition.value) return condition.if_missing;
  return condition.value->matches(value);
}

bool wants_node(const Node& node, const FormatContext& context, const LogFilterState& state) {
  const StreamInfo& info = *context.info;
  switch (node.kind) {
    case Kind::Status:
      return compare(node, info.response_code, state);
    case Kind::Duration:
      return compare(node, duration_ms(info.timing), state);
    case Kind::NotHealthCheck:
      return !info.health_check;
    case Kind::Traceable:
      return info.trace_forced;
    case Kind::Runtime:
      return sampled(node, context, state);
    case Kind::And:
      for (const auto& part : node.parts) {
        if (!wants_node(*part, context, state)) return false;
      }
      return true;
    case Kind::Or:
      for (const auto& part : node.parts) {
        if (wants_node(*part, context, state)) return true;
      }
      return false;
    case Kind::Header:
      return matches_header(node, context.request_headers);
    case Kind::Flags:
      return node.bits == 0 ? info.response_flags != 0 : (info.response_flags & node.bits) != 0;
    case Kind::GrpcStatus:
      return matches_grpc(node, context);
    case Kind::LogType:
      return ((node.bits >> static_cast<uint8_t>(context.log_type) & 1) != 0) != node.excludes;
    case Kind::Metadata:
      return matches_metadata(*node.metadata, info.dynamic_metadata);
  }
  return true;
}

}  // namespace

LogFilter::LogFilter() = default;
LogFilter::LogFilter(LogFilter&&) noexcept = default;
LogFilter& LogFilter::operator=(LogFilter&&) noexcept = default;
LogFilter::~LogFilter() = default;

Result<LogFilter> LogFilter::read(ConfigView config) {
  LogFilter filter;
  if (!config) return filter;
  NodeResult root = read_node(config);
  if (!root.ok()) return root.error();
  filter.root_ = std::move(root.value());
  return filter;
}

bool LogFilter::wants(const FormatContext& context, const LogFilterState& state) const {
  return root_ == nullptr || wants_node(*root_, context, state);
}

}  // namespace outrider
