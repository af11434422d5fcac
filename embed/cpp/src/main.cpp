// tdgammon-embed: a trained network from the command line and behind the player protocol.
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "tdgammon/error.h"
#include "tdgammon/model.h"
#include "tdgammon/player.h"
#include "tdgammon/position_id.h"
#include "tdgammon/protocol.h"

namespace {

using tdgammon::Error;

constexpr const char* kUsage =
    "usage: tdgammon-embed MODEL eval ID          what a position is worth to the player on roll\n"
    "       tdgammon-embed MODEL play ID D1 D2    the position after the best play\n"
    "       tdgammon-embed MODEL jsonl            answer the player protocol on standard input\n"
    "MODEL is a file of \"tdgammon export AGENT --to onnx\", ID a GNU Backgammon Position ID.\n";

int die_of(const std::string& text) {
  if (text.size() != 1 || text[0] < '1' || text[0] > '6') {
    throw Error("die " + tdgammon::in_quotes(text) +
                " is not a die; each die is a whole number from 1 to 6");
  }
  return text[0] - '0';
}

void eval(const std::string& path, const std::string& id) {
  const tdgammon::Board board = tdgammon::decode_position(id);
  const tdgammon::Model model(path);
  const tdgammon::Evaluation value = tdgammon::evaluate(model, {board}).front();
  constexpr const char* names[] = {"win", "win gammon", "win backgammon", "lose gammon",
                                   "lose backgammon"};
  for (std::size_t i = 0; i < 5; ++i) std::printf("%-16s%9.6f\n", names[i], value.outcomes[i]);
  std::printf("%-16s%9.6f\n", "equity", value.equity);
}

void play(const std::string& path, const std::string& id, const tdgammon::Roll& roll) {
  const std::vector<tdgammon::Turn> turns = {tdgammon::Turn{tdgammon::decode_position(id), roll}};
  tdgammon::require_unfinished(turns[0].board);
  const tdgammon::Model model(path);
  const tdgammon::Board after = tdgammon::best_plays(model, turns).front();
  std::printf("%s\n", tdgammon::encode_position(after).c_str());
}

void jsonl(const std::string& path) {
  // A reader that has gone away is an error of `serve`, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const tdgammon::Model model(path);
  std::ios::sync_with_stdio(false);
  tdgammon::serve(model, std::cin, std::cout);
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const std::string command = words.size() < 2 ? "" : words[1];
  if (command == "eval" && words.size() == 3) {
    eval(words[0], words[2]);
  } else if (command == "play" && words.size() == 5) {
    play(words[0], words[2], {die_of(words[3]), die_of(words[4])});
  } else if (command == "jsonl" && words.size() == 2) {
    jsonl(words[0]);
  } else {
    throw Error("write MODEL eval ID, MODEL play ID D1 D2, or MODEL jsonl; --help says more");
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
    std::fprintf(stderr, "tdgammon-embed: %s\n", error.what());
    return 2;
  }
}
