// The JSON-lines player protocol, version 1, as "tdgammon serve --protocol jsonl" speaks it.
//
// One request a line, one answer a line, each a JSON object: hello, move, eval, legal and quit.
// Whatever cannot be served is answered {"error": "..."}, and the next line is read.
#pragma once

#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "tdgammon/evaluator.h"

namespace tdgammon {

// Returns the line that answers a request, or nothing if it is to quit. Never throws for a line,
// whatever is in it.
std::optional<std::string> answer(const Evaluator& model, const std::string& line);

// Answers each line of `input` that is not blank on `output`, until it ends or quits. Throws Error
// when nobody reads the answers any more.
void serve(const Evaluator& model, std::istream& input, std::ostream& output);

}  // namespace tdgammon
