// The board: 2 x 25 counts of checkers, the player on roll in row 0.
//
// Each row is one player's checkers from that player's own side: index 0-23 are the own points
// 1-24, index 24 is the bar, and what is missing from 15 is borne off. My index i is the opponent's
// index 23 - i. An array of boards is, byte for byte, the input int8[N, 2, 25] of a model.
#pragma once

#include <array>
#include <cstdint>

namespace tdgammon {

constexpr int kCheckers = 15;
constexpr int kBar = 24;

using Side = std::array<std::int8_t, 25>;
using Board = std::array<Side, 2>;
static_assert(sizeof(Board) == 50, "boards must lie as the model reads them");

struct Roll {
  int first;
  int second;
};

// Returns the starting position.
Board start();

// Returns the board as the other player sees it: the two rows swapped.
Board flip(const Board& board);

// Returns how many checkers of a side are on the board or on the bar.
int checkers(const Side& side);

// Throws Error unless a game can contain the position: counts of 0 to 15, at most 15 a side, no
// point with both sides on it, and not both sides borne off.
void validate(const Board& board);

// Throws Error unless both dice are 1 to 6.
void validate(const Roll& roll);

// Returns what the last mover, row 1, has won: 0 if the game goes on, 1 for a single game, 2 for a
// gammon (the loser has borne off nothing), 3 for a backgammon (and still has a checker on the bar
// or in the winner's home board).
int result(const Board& after);

}  // namespace tdgammon
