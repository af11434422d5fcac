#include "tdgammon/position_id.h"

#include <array>
#include <cstddef>

#include "tdgammon/error.h"

namespace tdgammon {
namespace {

constexpr std::size_t kLength = 14;
constexpr int kBits = 80;
constexpr int kCells = 50;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The 84 bits that 14 characters carry, in eleven bytes; the last four have to be zero.
using Bytes = std::array<unsigned char, 11>;

// The row and index of a cell: the player not on roll comes first.
std::int8_t& cell_of(Board& board, int cell) { return board[cell < 25 ? 1 : 0][cell % 25]; }

Bytes bytes_of(std::string_view text) {
  if (text.size() != kLength) {
    throw Error("Position ID " + in_quotes(text) + " must have 14 characters");
  }
  Bytes bytes{};
  for (std::size_t i = 0; i < kLength; ++i) {
    const std::size_t value = kAlphabet.find(text[i]);
    if (value == std::string_view::npos) {
      throw Error("Position ID " + in_quotes(text) +
                  " is not base64; it must be of A-Z, a-z, 0-9, + and /");
    }
    for (std::size_t bit = 0; bit < 6; ++bit) {
      const std::size_t at = 6 * i + bit;
      if (value >> (5 - bit) & 1) bytes[at / 8] |= static_cast<unsigned char>(0x80U >> at % 8);
    }
  }
  return bytes;
}

}  // namespace

std::string encode_position(const Board& board) {
  validate(board);
  Board copy = board;
  Bytes bytes{};
  int at = 0;
  for (int cell = 0; cell < kCells; ++cell, ++at) {
    for (int n = cell_of(copy, cell); n > 0; --n, ++at) {
      bytes[at / 8] |= static_cast<unsigned char>(1U << at % 8);
    }
  }
  std::string text;
  for (std::size_t i = 0; i < kLength; ++i) {
    unsigned value = 0;
    for (std::size_t bit = 6 * i; bit < 6 * i + 6; ++bit) {
      value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1U);
    }
    text += kAlphabet[value];
  }
  return text;
}

Board decode_position(std::string_view text) {
  const Bytes bytes = bytes_of(text);
  Board board{};
  int cell = 0;
  bool stray = bytes[10] != 0;
  for (int at = 0; at < kBits; ++at) {
    // A checker belongs to the cell whose number is the count of 0-bits before it.
    if (!(bytes[at / 8] >> at % 8 & 1)) {
      ++cell;
    } else if (cell < kCells) {
      ++cell_of(board, cell);
    } else {
      stray = true;
    }
  }
  if (stray) {
    throw Error("Position ID " + in_quotes(text) +
                " has bits after the last cell; they must be zero");
  }
  try {
    validate(board);
  } catch (const Error& error) {
    throw Error("Position ID " + in_quotes(text) + ": " + error.what());
  }
  return board;
}

}  // namespace tdgammon
