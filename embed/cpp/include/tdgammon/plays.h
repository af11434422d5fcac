// Every legal play of a roll, as the positions the plays lead to.
//
// The rules are those of the US Backgammon Federation: enter from the bar first, bear off only with
// all checkers home, use both dice (all four of a double) if any order allows it, and otherwise the
// larger die if it can be used.
#pragma once

#include <vector>

#include "tdgammon/board.h"

namespace tdgammon {

// Returns each distinct position that a complete play of the roll leads to, seen by the opponent,
// who is then on roll; the only one is the flipped board if nothing can be moved. The order is that
// of the Python reference, engine.plays. Throws Error for what is not a position or not a roll.
std::vector<Board> afterstates(const Board& board, Roll roll);

}  // namespace tdgammon
