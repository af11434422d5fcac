// GNU Backgammon's Position ID: a position as 14 characters of text.
//
// Source: GNU Backgammon manual, "A technical description of the Position ID". Ten bytes in base64
// without padding; their bits, least significant first, are the player not on roll and then the
// player on roll, for each of the own points 1-24 and the bar one 1-bit a checker and then a 0-bit.
#pragma once

#include <string>
#include <string_view>

#include "tdgammon/board.h"

namespace tdgammon {

// Returns the ID of a board, the player on roll in row 0. Throws Error if it is not a position.
std::string encode_position(const Board& board);

// Returns the board of an ID, the player on roll in row 0. Throws Error for text that is not the
// canonical ID of any checkers, and if no game can contain the position.
Board decode_position(std::string_view text);

}  // namespace tdgammon
