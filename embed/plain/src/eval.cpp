// plain-eval: what a position is worth, by a net without any library.
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "tdgammon/error.h"
#include "tdgammon/net.h"
#include "tdgammon/position_id.h"

namespace {

using tdgammon::Board;
using tdgammon::Error;

constexpr const char* kUsage =
    "usage: plain-eval FILE ID    what a position is worth to the player on roll\n"
    "       plain-eval FILE -     the same for each ID on standard input, one line each\n"
    "FILE is of \"tdgammon export AGENT --to plain\", ID a GNU Backgammon Position ID.\n";

Board unfinished_by(const std::string& id) {
  const Board board = tdgammon::decode_position(id);
  if (tdgammon::checkers(board[0]) == 0) {
    throw Error("Position ID " + tdgammon::in_quotes(id) + ": the player on roll has borne off "
                "everything; a game that is over has the loser on roll");
  }
  return board;
}

// Returns six numbers a position: five outcomes and the equity.
std::vector<float> evaluated(const tdgammon::Net& net, const std::vector<Board>& boards) {
  std::vector<float> outcomes(5 * boards.size()), equities(boards.size()), found;
  net.run(boards.data()->front().data(), boards.size(), outcomes.data(), equities.data());
  for (std::size_t i = 0; i < boards.size(); ++i) {
    found.insert(found.end(), &outcomes[5 * i], &outcomes[5 * i] + 5);
    found.push_back(equities[i]);
  }
  return found;
}

void one(const tdgammon::Net& net, const std::string& id) {
  constexpr const char* names[] = {"win", "win gammon", "win backgammon", "lose gammon",
                                   "lose backgammon", "equity"};
  const std::vector<float> values = evaluated(net, {unfinished_by(id)});
  for (std::size_t i = 0; i < 6; ++i) std::printf("%-16s%9.6f\n", names[i], values[i]);
}

void each(const tdgammon::Net& net, std::istream& input) {
  std::vector<Board> boards;
  for (std::string id; std::getline(input, id);) boards.push_back(unfinished_by(id));
  if (boards.empty()) return;
  const std::vector<float> values = evaluated(net, boards);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::printf("%.9g%c", values[i], i % 6 == 5 ? '\n' : ' ');
  }
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (words.size() != 2) throw Error("write FILE ID or FILE -; --help says more");
  const tdgammon::Net net(words[0]);
  if (words[1] == "-") {
    each(net, std::cin);
  } else {
    one(net, words[1]);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int code = run(std::vector<std::string>(argv + 1, argv + argc));
    if (std::fflush(stdout) != 0) throw Error("the answer cannot be written");
    return code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plain-eval: %s\n", Error(error.what()).what());
    return 2;
  }
}
