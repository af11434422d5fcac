// A model as a player: what positions are worth, and the best play of a roll.
#pragma once

#include <vector>

#include "tdgammon/board.h"
#include "tdgammon/evaluator.h"

namespace tdgammon {

// A position and the dice that the player on roll has to play.
struct Turn {
  Board board;
  Roll roll;
};

// Returns what each position is worth to the player on roll; exact where the other has borne off
// his last checker. Throws Error if the player on roll has: a game that is over has the loser on
// roll.
std::vector<Evaluation> evaluate(const Evaluator& model, const std::vector<Board>& boards);

// Returns the after-position of the best play of each turn, the opponent on roll: the one of
// highest equity to the mover, the first listed of equals. All turns are evaluated in batches.
// Throws Error for a game that is over, a position that cannot be, or dice that are none.
std::vector<Board> best_plays(const Evaluator& model, const std::vector<Turn>& turns);

// Throws Error if either side has borne off everything.
void require_unfinished(const Board& board);

}  // namespace tdgammon
