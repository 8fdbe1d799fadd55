#pragma once
#include <cstddef>
#include <vector>

namespace outrider {

// A kernel pipe of up to 1 MiB.
struct Pipe {
  static constexpr int bytes_max = 1 << 20;
  int in = -1;   // written to
  int out = -1;  // read from
};

// Empty pipes of one worker, for reuse.
class PipePool {
 public:
  PipePool() = default;
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;
  ~PipePool();
  // Descriptors are -1 when the kernel gives none.
  Pipe take();
  void give_back(Pipe pipe);

 private:
  static constexpr size_t kept_max = 64;
  std::vector<Pipe> free_;
};

}  // namespace outrider
