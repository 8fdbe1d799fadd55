// Any text is either refused with a reason or prints without fault for a full and an empty stream; the same
// text as a JSON value and as a header's value too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "formatter/format.h"
#include "formatter/json_format.h"
#include "formatter/json_text.h"
#include "formatter/testing.h"

namespace outrider {

static void print(const Format& format, const FormatContext& context) {
  std::string out = "kept";
  format.append(context, out);
  if (!out.starts_with("kept")) std::abort();
}

static void print_json(std::string_view text, const FormatContext& context) {
  std::string json = "{\"key\":";
  append_json_string(text, json);
  json += '}';
  const auto tree = ConfigTree::parse(json);
  if (tree == nullptr) return;  // the text is no UTF-8
  for (const MissingValue missing : {MissingValue::Dash, MissingValue::Nothing}) {
    const Result<JsonFormat> format = JsonFormat::read(tree->root(), missing);
    if (!format.ok()) continue;
    std::string out;
    format.value().append(context, out);
    if (ConfigTree::parse(std::string_view(out)) == nullptr) std::abort();
  }
}

static void try_text(std::string_view text) {
  TestStream stream;
  StreamInfo nothing;
  const FormatContext empty{.info = &nothing};
  const Result<Format> format = Format::parse(text);
  if (format.ok()) {
    print(format.value(), stream.context);
    print(format.value(), empty);
    stream.request.set(":path", text);  // and as data
    stream.request.set("x-forwarded-client-cert", text);
    print(format.value(), stream.context);
  } else if (format.error().reason.empty()) {
    std::abort();
  }
  print_json(text, stream.context);
  print_json(text, empty);
}

}  // namespace outrider

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  outrider::try_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
