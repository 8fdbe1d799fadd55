#include "base/data_source.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace outrider {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Six bits of one base64 digit, or 64. The URL alphabet is as good: canonical JSON readers take both.
uint32_t digit(char c) {
  if (c == '-') return 62;
  if (c == '_') return 63;
  return static_cast<uint32_t>(std::min(alphabet.find(c), alphabet.size()));
}

struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};

Result<std::string> read_file(const std::string& name, size_t bytes_max) {
  const std::unique_ptr<FILE, CloseFile> file(std::fopen(name.c_str(), "rbe"));
  if (file == nullptr) return ConfigError{"filename", name + ": " + std::strerror(errno)};
  std::string content;
  std::array<char, 4096> block;
  size_t bytes = 0;
  while (content.size() <= bytes_max && (bytes = std::fread(block.data(), 1, block.size(), file.get())) > 0) {
    content.append(block.data(), bytes);
  }
  if (std::ferror(file.get()) != 0) return ConfigError{"filename", name + ": cannot be read"};
  return content;
}

Result<std::string> read_any(ConfigView source, size_t bytes_max) {
  if (source.has("filename")) return read_file(std::string(source.string("filename")), bytes_max);
  if (source.has("inline_bytes")) {
    std::string bytes;
    if (!decode_base64(source.string("inline_bytes"), bytes))
      return ConfigError{"inline_bytes", "is not base64"};
    return bytes;
  }
  if (source.has("environment_variable")) {
    const std::string name(source.string("environment_variable"));
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return ConfigError{"environment_variable", name + " is not set"};
    return std::string(value);
  }
  return std::string(source.string("inline_string"));
}

}  // namespace

bool decode_base64(std::string_view text, std::string& out) {
  while (text.ends_with('=')) text.remove_suffix(1);
  uint32_t bits = 0;
  uint32_t count = 0;
  for (const char c : text) {
    const uint32_t six = digit(c);
    if (six == 64) return false;
    bits = bits << 6 | six;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return count < 6;
}

Result<std::string> read_data_source(ConfigView source, size_t bytes_max) {
  Result<std::string> content = read_any(source, bytes_max);
  if (content && content.value().size() > bytes_max) {
    return ConfigError{"", "is longer than " + std::to_string(bytes_max) + " bytes"};
  }
  return content;
}

}  // namespace outrider
