// A value network that `tdgammon export --to onnx` has written, run by ONNX Runtime.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tdgammon/board.h"

namespace tdgammon {

// What a position is worth to the player on roll.
struct Evaluation {
  // Probabilities, cumulative: win, win gammon, win backgammon, lose gammon, lose backgammon.
  std::array<float, 5> outcomes;
  // Cubeless money equity in points, -3 to 3.
  float equity;
};

class Model {
 public:
  // Reads an ONNX file with the input board int8[N, 2, 25] and the outputs outcomes float32[N, 5]
  // and equity float32[N]. `threads` work on one batch. Throws Error for anything else.
  explicit Model(const std::string& path, int threads = 1);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  // The name of the exported agent, or of the file if the file does not say it.
  const std::string& name() const;

  // Evaluates `n` positions as the network sees them; see `evaluate` in player.h for games that are
  // over. Writes n times five outcomes and n equities. Boards are not checked here: they must be
  // valid. May be called by several threads at once. Throws Error if the network fails or answers
  // what is not a finite number.
  void run(const Board* boards, std::size_t n, float* outcomes, float* equities) const;

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace tdgammon
