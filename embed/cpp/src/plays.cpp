#include "tdgammon/plays.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace tdgammon {
namespace {

struct Hash {
  std::size_t operator()(const Board& board) const {
    return std::hash<std::string_view>()(
        {reinterpret_cast<const char*>(&board), sizeof board});
  }
};

// Positions in the order in which they were found, each once; all are seen by the mover.
class Found {
 public:
  void add(const Board& board) {
    if (seen_.insert(board).second) boards_.push_back(board);
  }
  void clear() {
    seen_.clear();
    boards_.clear();
  }
  bool empty() const { return boards_.empty(); }
  const std::vector<Board>& boards() const { return boards_; }

 private:
  std::unordered_set<Board, Hash> seen_;
  std::vector<Board> boards_;
};

bool none(const Side& side, int first, int end) {
  return std::all_of(side.begin() + first, side.begin() + end, [](int n) { return n == 0; });
}

// Returns every index a checker of the mover may leave with a die, rearmost first.
std::vector<int> sources(const Board& board, int die) {
  const Side& mine = board[0];
  const auto open = [&](int target) { return board[1][23 - target] < 2; };
  if (mine[kBar] > 0) return open(kBar - die) ? std::vector<int>{kBar} : std::vector<int>{};
  std::vector<int> found;
  for (int i = 23; i >= die; --i) {
    if (mine[i] > 0 && open(i - die)) found.push_back(i);
  }
  if (!none(mine, 6, kBar)) return found;
  if (mine[die - 1] > 0) {
    found.push_back(die - 1);
  } else if (none(mine, die, 6)) {
    // Every checker is nearer than the die reaches: only the rearmost may go.
    for (int i = die - 2; i >= 0; --i) {
      if (mine[i] > 0) {
        found.push_back(i);
        break;
      }
    }
  }
  return found;
}

Board moved(Board board, int source, int die) {
  const int target = source - die;
  --board[0][source];
  if (target >= 0) {
    ++board[0][target];
    std::int8_t& there = board[1][23 - target];
    board[1][kBar] = static_cast<std::int8_t>(board[1][kBar] + there);
    there = 0;
  }
  return board;
}

std::vector<Board> after_two(const Board& board, int high, int low) {
  Found both, larger, smaller;
  for (const bool high_first : {true, false}) {
    const int die = high_first ? high : low;
    for (const int first : sources(board, die)) {
      const Board between = moved(board, first, die);
      (high_first ? larger : smaller).add(between);
      const int other = high_first ? low : high;
      for (const int second : sources(between, other)) both.add(moved(between, second, other));
    }
  }
  for (const Found* found : {&both, &larger, &smaller}) {
    if (!found->empty()) return found->boards();
  }
  return {board};
}

// The moves of a double can always be made rearmost first, so only such sequences are tried.
void descend(const Board& board, int die, int rearmost, int made, int& longest, Found& found) {
  if (made > longest) {
    longest = made;
    found.clear();
  }
  if (made == longest) found.add(board);
  if (made == 4) return;
  for (const int source : sources(board, die)) {
    if (source <= rearmost) {
      descend(moved(board, source, die), die, source, made + 1, longest, found);
    }
  }
}

std::vector<Board> after_double(const Board& board, int die) {
  Found found;
  int longest = 0;
  descend(board, die, kBar, 0, longest, found);
  return found.boards();
}

}  // namespace

std::vector<Board> afterstates(const Board& board, Roll roll) {
  validate(board);
  validate(roll);
  const int high = std::max(roll.first, roll.second);
  const int low = std::min(roll.first, roll.second);
  std::vector<Board> found =
      high == low ? after_double(board, high) : after_two(board, high, low);
  for (Board& after : found) after = flip(after);
  return found;
}

}  // namespace tdgammon
