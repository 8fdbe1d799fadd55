#pragma once
#include <string>
#include <utility>
#include <variant>

namespace outrider {

// Why a piece of configuration was refused: the field path below the object that was read, and the reason.
struct ConfigError {
  std::string path;
  std::string reason;
};

// A value, or the reason why there is none. For set-up code; the request path answers with enums.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(ConfigError error) : state_(std::move(error)) {}
  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  const ConfigError& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, ConfigError> state_;
};

}  // namespace outrider
