#include "tdgammon/program.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <vector>

#include "tdgammon/error.h"
#include "tdgammon/player.h"
#include "tdgammon/position_id.h"
#include "tdgammon/protocol.h"

namespace tdgammon {
namespace {

void print_usage(const Program& program) {
  std::printf(
      "usage: %s MODEL eval ID          what a position is worth to the player on roll\n"
      "       %s MODEL play ID D1 D2    the position after the best play\n"
      "       %s MODEL jsonl            answer the player protocol on standard input\n"
      "MODEL is %s, ID a GNU Backgammon Position ID.\n",
      program.name.c_str(), program.name.c_str(), program.name.c_str(), program.model.c_str());
}

int die_of(const std::string& text) {
  if (text.size() != 1 || text[0] < '1' || text[0] > '6') {
    throw Error("die " + in_quotes(text) + " is not a die; each die is a whole number from 1 to 6");
  }
  return text[0] - '0';
}

void eval(const Program& program, const std::string& path, const std::string& id) {
  const Board board = decode_position(id);
  const Evaluation value = evaluate(*program.open(path), {board}).front();
  constexpr const char* names[] = {"win", "win gammon", "win backgammon", "lose gammon",
                                   "lose backgammon"};
  for (std::size_t i = 0; i < 5; ++i) std::printf("%-16s%9.6f\n", names[i], value.outcomes[i]);
  std::printf("%-16s%9.6f\n", "equity", value.equity);
}

void play(const Program& program, const std::string& path, const std::string& id,
          const Roll& roll) {
  const std::vector<Turn> turns = {Turn{decode_position(id), roll}};
  require_unfinished(turns[0].board);
  const Board after = best_plays(*program.open(path), turns).front();
  std::printf("%s\n", encode_position(after).c_str());
}

void jsonl(const Program& program, const std::string& path) {
  // A reader that has gone away is an error of `serve`, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const std::unique_ptr<const Evaluator> model = program.open(path);
  std::ios::sync_with_stdio(false);
  serve(*model, std::cin, std::cout);
}

void run(const Program& program, const std::vector<std::string>& words) {
  const std::string command = words.size() < 2 ? "" : words[1];
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    print_usage(program);
  } else if (command == "eval" && words.size() == 3) {
    eval(program, words[0], words[2]);
  } else if (command == "play" && words.size() == 5) {
    play(program, words[0], words[2], {die_of(words[3]), die_of(words[4])});
  } else if (command == "jsonl" && words.size() == 2) {
    jsonl(program, words[0]);
  } else {
    throw Error("write MODEL eval ID, MODEL play ID D1 D2, or MODEL jsonl; --help says more");
  }
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  try {
    run(program, std::vector<std::string>(argv + 1, argv + argc));
    if (std::fflush(stdout) != 0) throw Error("the answer cannot be written");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(program.errors, "%s: %s\n", program.name.c_str(), error.what());
    std::fflush(program.errors);
    return 2;
  }
}

}  // namespace tdgammon
