// A value network that `tdgammon export --to onnx` has written, run by ONNX Runtime.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "tdgammon/evaluator.h"

namespace tdgammon {

class Model final : public Evaluator {
 public:
  // Reads an ONNX file with the input board int8[N, 2, 25] and the outputs outcomes float32[N, 5]
  // and equity float32[N]. `threads` work on one batch. Throws Error for anything else.
  explicit Model(const std::string& path, int threads = 1);
  ~Model() override;
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  const std::string& name() const override;
  void run(const Board* boards, std::size_t n, float* outcomes, float* equities) const override;

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace tdgammon
