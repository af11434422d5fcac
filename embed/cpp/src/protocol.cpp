#include "tdgammon/protocol.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "tdgammon/error.h"
#include "tdgammon/player.h"
#include "tdgammon/plays.h"
#include "tdgammon/position_id.h"

namespace tdgammon {
namespace {

using nlohmann::json;

constexpr int kProtocol = 1;
constexpr const char* kOps = "hello, move, eval, legal, quit";

// Calls `what` and puts the number of the query before the text of its error.
template <typename F>
auto of_query(std::size_t number, F what) {
  try {
    return what();
  } catch (const Error& error) {
    throw Error("query " + std::to_string(number) + ": " + error.what());
  }
}

Board position_of(const json& id) {
  if (!id.is_string()) throw Error("needs a Position ID, a text of 14 characters");
  return decode_position(id.get_ref<const std::string&>());
}

int die_of(const json& die) {
  if (!die.is_number_integer() || die < 1 || die > 6) {
    throw Error("has a wrong die; each is a whole number from 1 to 6");
  }
  return die.get<int>();
}

Turn turn_of(const json& query) {
  if (!query.is_array() || query.size() != 3) throw Error("must be [Position ID, die, die]");
  const Roll roll{die_of(query[1]), die_of(query[2])};
  const Board board = position_of(query[0]);
  require_unfinished(board);
  return {board, roll};
}

std::vector<Turn> turns_of(const json& queries) {
  std::vector<Turn> turns;
  for (const json& query : queries) {
    turns.push_back(of_query(turns.size(), [&] { return turn_of(query); }));
  }
  return turns;
}

json answer_to_hello(const Evaluator& model, const json& request) {
  const auto version = request.find("protocol");
  if (version != request.end() && (!version->is_number_integer() || *version != kProtocol)) {
    throw Error("protocol must be " + std::to_string(kProtocol));
  }
  return {{"name", model.name()}, {"protocol", kProtocol}, {"ops", {"move", "eval", "legal"}}};
}

json answer_to_move(const Evaluator& model, const json& queries) {
  json ids = json::array();
  for (const Board& after : best_plays(model, turns_of(queries))) {
    ids.push_back(encode_position(after));
  }
  return ids;
}

json answer_to_legal(const json& queries) {
  json lists = json::array();
  for (const Turn& turn : turns_of(queries)) {
    json ids = json::array();
    for (const Board& after : afterstates(turn.board, turn.roll)) {
      ids.push_back(encode_position(after));
    }
    lists.push_back(std::move(ids));
  }
  return lists;
}

json answer_to_eval(const Evaluator& model, const json& queries) {
  std::vector<Board> boards;
  for (const json& query : queries) {
    boards.push_back(of_query(boards.size(), [&] {
      const Board board = position_of(query);
      if (checkers(board[0]) == 0) {
        throw Error(
            "the player on roll has borne off everything; a game that is over has the loser on "
            "roll");
      }
      return board;
    }));
  }
  json values = json::array();
  for (const Evaluation& value : evaluate(model, boards)) values.push_back(value.outcomes);
  return values;
}

json answer_to(const Evaluator& model, const json& request) {
  const auto& op = request["op"].get_ref<const std::string&>();
  if (op == "hello") return answer_to_hello(model, request);
  if (op != "move" && op != "eval" && op != "legal") {
    throw Error(in_quotes(op) + " is not an op; the ops are " + kOps);
  }
  const auto queries = request.find("q");
  if (queries == request.end() || !queries->is_array()) {
    throw Error(op + " needs \"q\", a list of queries");
  }
  if (op == "move") return {{"r", answer_to_move(model, *queries)}};
  if (op == "eval") return {{"r", answer_to_eval(model, *queries)}};
  return {{"r", answer_to_legal(*queries)}};
}

json parse(const std::string& line) {
  // The parser would pass over a byte order mark, and over all that follows a zero byte.
  if (line.find('\0') != std::string::npos || line.rfind("\xef\xbb\xbf", 0) == 0) {
    throw Error("the line is not JSON: it has a zero byte or begins with a byte order mark");
  }
  json request;
  try {
    request = json::parse(line);
  } catch (const json::exception& error) {
    throw Error(std::string("the line is not JSON: ") + error.what());
  }
  if (!request.is_object() || !request.contains("op") || !request["op"].is_string()) {
    throw Error("a request must be an object with an \"op\", as in {\"op\": \"hello\"}");
  }
  return request;
}

std::string text_of(const json& value) {
  // What came in may be cut in the middle of a character; it must not stop the answer.
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace

std::optional<std::string> answer(const Evaluator& model, const std::string& line) {
  try {
    const json request = parse(line);
    if (request["op"] == "quit") return std::nullopt;
    return text_of(answer_to(model, request));
  } catch (const Error& error) {
    return text_of({{"error", error.what()}});
  } catch (const std::exception& error) {
    return text_of({{"error", Error(std::string("internal error: ") + error.what()).what()}});
  }
}

void serve(const Evaluator& model, std::istream& input, std::ostream& output) {
  std::string line;
  while (std::getline(input, line)) {
    if (line.find_first_not_of(" \t\r\v\f") == std::string::npos) continue;
    const std::optional<std::string> text = answer(model, line);
    if (!text) return;
    output << *text << '\n' << std::flush;
    if (!output) throw Error("nobody reads the answers any more");
  }
}

}  // namespace tdgammon
