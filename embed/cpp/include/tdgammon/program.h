// The program around a network: its words on the command line and what it says.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "tdgammon/evaluator.h"

namespace tdgammon {

// What a program is called, what its MODEL is, how one is opened, and where errors are said.
struct Program {
  std::string name;
  std::string model;
  std::function<std::unique_ptr<const Evaluator>(const std::string& path)> open;
  std::FILE* errors = stderr;
};

// Does what the words say: MODEL eval ID, MODEL play ID D1 D2, MODEL jsonl, or --help. Returns the
// exit code: 0, or 2 after one line of error. Never throws.
int run_program(const Program& program, int argc, char** argv);

}  // namespace tdgammon
