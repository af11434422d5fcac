#include "tdgammon/player.h"

#include <cstddef>

#include "tdgammon/error.h"
#include "tdgammon/plays.h"

namespace tdgammon {
namespace {

// Returns what a game that the player on roll has lost by 1 to 3 points is worth to him.
Evaluation lost_by(int points) {
  return {{0, 0, 0, points >= 2 ? 1.0F : 0.0F, points == 3 ? 1.0F : 0.0F},
          -static_cast<float>(points)};
}

}  // namespace

void require_unfinished(const Board& board) {
  if (checkers(board[0]) == 0 || checkers(board[1]) == 0) {
    throw Error("the game is over; nothing can be played");
  }
}

std::vector<Evaluation> evaluate(const Evaluator& model, const std::vector<Board>& boards) {
  for (const Board& board : boards) {
    validate(board);
    if (checkers(board[0]) == 0) {
      throw Error(
          "the player on roll has borne off everything; a game that is over has the loser on roll");
    }
  }
  std::vector<float> outcomes(5 * boards.size());
  std::vector<float> equities(boards.size());
  model.run(boards.data(), boards.size(), outcomes.data(), equities.data());
  std::vector<Evaluation> found(boards.size());
  for (std::size_t i = 0; i < boards.size(); ++i) {
    if (const int points = result(boards[i])) {
      found[i] = lost_by(points);
      continue;
    }
    for (std::size_t j = 0; j < 5; ++j) found[i].outcomes[j] = outcomes[5 * i + j];
    found[i].equity = equities[i];
  }
  return found;
}

std::vector<Board> best_plays(const Evaluator& model, const std::vector<Turn>& turns) {
  std::vector<Board> all;
  std::vector<std::size_t> ends;
  for (const Turn& turn : turns) {
    require_unfinished(turn.board);
    const std::vector<Board> after = afterstates(turn.board, turn.roll);
    all.insert(all.end(), after.begin(), after.end());
    ends.push_back(all.size());
  }
  const std::vector<Evaluation> worth = evaluate(model, all);
  std::vector<Board> best;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    // Equities are the opponent's: the mover wants the lowest.
    std::size_t lowest = at;
    for (; at < end; ++at) {
      if (worth[at].equity < worth[lowest].equity) lowest = at;
    }
    best.push_back(all[lowest]);
  }
  return best;
}

}  // namespace tdgammon
