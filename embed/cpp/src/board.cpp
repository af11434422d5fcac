#include "tdgammon/board.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "tdgammon/error.h"

namespace tdgammon {

Board start() {
  Side side{};
  side[23] = 2;
  side[12] = 5;
  side[7] = 3;
  side[5] = 5;
  return {side, side};
}

Board flip(const Board& board) { return {board[1], board[0]}; }

int checkers(const Side& side) { return std::accumulate(side.begin(), side.end(), 0); }

void validate(const Board& board) {
  for (const Side& side : board) {
    if (std::any_of(side.begin(), side.end(), [](int n) { return n < 0; })) {
      throw Error("board has a negative number of checkers; counts go from 0 to 15");
    }
    if (checkers(side) > kCheckers) {
      throw Error("board has more than 15 checkers on a side; each side has 15");
    }
  }
  for (int i = 0; i < kBar; ++i) {
    if (board[0][i] > 0 && board[1][23 - i] > 0) {
      throw Error("board has both sides on one point; a point belongs to one side");
    }
  }
  if (checkers(board[0]) == 0 && checkers(board[1]) == 0) {
    throw Error("board has both sides borne off; only one side can finish");
  }
}

void validate(const Roll& roll) {
  for (const int die : {roll.first, roll.second}) {
    if (die < 1 || die > 6) {
      throw Error("die " + std::to_string(die) +
                  " is not a die; each die is a whole number from 1 to 6");
    }
  }
}

int result(const Board& after) {
  const Side& loser = after[0];
  if (checkers(after[1]) > 0) return 0;
  if (checkers(loser) < kCheckers) return 1;
  return std::any_of(loser.begin() + 18, loser.end(), [](int n) { return n > 0; }) ? 3 : 2;
}

}  // namespace tdgammon
