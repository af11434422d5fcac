// What evaluates positions, whatever runs the network.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "tdgammon/board.h"

namespace tdgammon {

// What a position is worth to the player on roll.
struct Evaluation {
  // Probabilities, cumulative: win, win gammon, win backgammon, lose gammon, lose backgammon.
  std::array<float, 5> outcomes;
  // Cubeless money equity in points, -3 to 3.
  float equity;
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;

  // The name of the exported agent, or of the file if the file does not say it.
  virtual const std::string& name() const = 0;

  // Evaluates `n` positions as the network sees them; see `evaluate` in player.h for games that are
  // over. Writes n times five outcomes and n equities. Boards are not checked here: they must be
  // valid. May be called by several threads at once. Throws Error if the network fails or answers
  // what is not a finite number.
  virtual void run(const Board* boards, std::size_t n, float* outcomes, float* equities) const = 0;
};

}  // namespace tdgammon
