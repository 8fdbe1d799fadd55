#include "filter/authz/http_service.h"

#include <algorithm>

#include "base/ascii.h"

namespace outrider {
namespace {

// Of every answer that the client may get headers of; it frames its body itself.
constexpr HeaderId never_copied[] = {
    HeaderId::Status,     HeaderId::ContentLength, HeaderId::TransferEncoding,
    HeaderId::Connection, HeaderId::KeepAlive,     HeaderId::Host,
    HeaderId::Te,         HeaderId::Upgrade};
// Told to the service whatever the lists say.
constexpr HeaderId always_told[] = {HeaderId::Authorization, HeaderId::Method, HeaderId::Path,
                                    HeaderId::Authority};

bool among(std::span<const HeaderId> ids, HeaderId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

Result<StringMatchers> read_list(ConfigView place, std::string_view field) {
  auto matchers = StringMatchers::read(place[field].list("patterns"));
  if (!matchers)
    return ConfigError{std::string(field) + ".patterns" + matchers.error().path, matchers.error().reason};
  return matchers;
}

void copy_matching(const HeaderMap& from, const StringMatchers& matchers, HeaderChange::Action action,
                   std::vector<HeaderChange>& to) {
  for (const Header& header : from) {
    if (among(never_copied, header.id) || !matchers.matches_any(header.key())) continue;
    to.push_back({std::string(header.key()), std::string(header.text()), action});
  }
}

// x-envoy-auth-headers-to-remove: names between commas.
void read_removals(const HeaderMap& headers, std::vector<std::string>& removals) {
  std::string_view list = headers.get("x-envoy-auth-headers-to-remove");
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (!name.empty()) removals.push_back(lower_case(name));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

}  // namespace

Result<std::unique_ptr<AuthzHttpService>> AuthzHttpService::read(ConfigView config,
                                                                 ConfigView allowed_headers) {
  auto service = std::make_unique<AuthzHttpService>();
  const ConfigView uri = config["server_uri"];
  const ConfigView request = config["authorization_request"];
  const ConfigView response = config["authorization_response"];
  service->cluster = uri.string("cluster");
  service->timeout_ms = static_cast<uint64_t>(uri.duration_ms("timeout"));
  service->path_prefix = config.string("path_prefix");
  service->path_override = config.string("path_override");
  uint32_t index = 0;
  for (const ConfigView item : request.list("headers_to_add")) {
    auto format = Format::parse(item.string("value"), MissingValue::Nothing);
    if (!format) {
      return ConfigError{"authorization_request.headers_to_add[" + std::to_string(index) + "].value",
                         format.error().reason};
    }
    service->additions.push_back({lower_case(item.string("key")), std::move(format.value())});
    ++index;
  }
  const ConfigView patterns =
      allowed_headers ? allowed_headers.list("patterns") : request["allowed_headers"].list("patterns");
  auto allowed = StringMatchers::read(patterns);
  if (!allowed) return ConfigError{"allowed_headers.patterns" + allowed.error().path, allowed.error().reason};
  service->allowed = std::move(allowed.value());
  struct Field {
    std::string_view name;
    StringMatchers AuthzHttpService::*list;
  };
  for (const Field& field :
       {Field{"allowed_upstream_headers", &AuthzHttpService::upstream},
        Field{"allowed_upstream_headers_to_append", &AuthzHttpService::upstream_append},
        Field{"allowed_client_headers", &AuthzHttpService::client},
        Field{"allowed_client_headers_on_success", &AuthzHttpService::client_on_success}}) {
    auto list = read_list(response, field.name);
    if (!list) return ConfigError{"authorization_response." + list.error().path, list.error().reason};
    (*service).*field.list = std::move(list.value());
  }
  return service;
}

void AuthzHttpService::write_request(const CheckQuestion& question, const FormatContext& context,
                                     std::string& scratch, AsyncCall& call) const {
  HeaderMap& headers = call.headers();
  for (const Header& header : question.headers) {
    if (header.id == HeaderId::ContentLength || header.id == HeaderId::TransferEncoding) continue;
    if (question.disallowed != nullptr && question.disallowed->matches_any(header.key())) continue;
    if (!among(always_told, header.id) && !allowed.matches_any(header.key())) continue;
    headers.add(header.key(), header.text());
  }
  scratch.assign(path_override.empty() ? path_prefix : path_override);
  if (path_override.empty()) scratch.append(question.headers.get(HeaderId::Path));
  headers.set(HeaderId::Path, scratch);
  headers.set_number(HeaderId::ContentLength, question.body.size());
  if (question.has_body)
    headers.set("x-envoy-auth-partial-body", question.body_is_partial ? "true" : "false");
  for (const Addition& addition : additions) {
    scratch.clear();
    addition.value.append(context, scratch);
    headers.set(addition.name, scratch);
  }
  call.body().assign(question.body);
}

CheckResult AuthzHttpService::read_answer(AsyncCall& call, CallEnd end) const {
  CheckResult result;
  if (end != CallEnd::Complete || call.status() >= 500) return result;
  const HeaderMap& headers = *call.answer();
  if (call.status() == 200) {
    result.decision = CheckResult::Decision::Allowed;
    copy_matching(headers, upstream, HeaderChange::Action::Set, result.request);
    copy_matching(headers, upstream_append, HeaderChange::Action::AppendIfExists, result.request);
    copy_matching(headers, client_on_success, HeaderChange::Action::Set, result.response);
    read_removals(headers, result.removals);
    return result;
  }
  result.decision = CheckResult::Decision::Denied;
  result.status = call.status();
  result.body = std::move(call.answer_body());
  for (const Header& header : headers) {
    const bool always = header.id == HeaderId::Location || header.key() == "www-authenticate";
    if (among(never_copied, header.id)) continue;
    if (!client.empty() && !always && !client.matches_any(header.key())) continue;
    result.response.push_back(
        {std::string(header.key()), std::string(header.text()), HeaderChange::Action::Add});
  }
  return result;
}

}  // namespace outrider
