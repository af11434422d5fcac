// plain-benchmark: how fast a net without any library is on this machine, on one thread.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "measuring.h"
#include "tdgammon/error.h"
#include "tdgammon/net.h"

namespace {

using tdgammon::Board;

int run(const std::vector<std::string>& words) {
  const bool json = words.size() == 2 && words[1] == "--json";
  if (words.empty() || words.size() > (json ? 2U : 1U)) {
    throw tdgammon::Error("write FILE, and --json behind it if the answer shall be JSON");
  }
  const auto begin = tdgammon::Clock::now();
  const tdgammon::Net net(words[0]);
  const double load = tdgammon::microseconds_since(begin) / 1000;
  const std::vector<Board> boards = tdgammon::random_positions(tdgammon::kBatch);
  std::vector<float> outcomes(5 * boards.size()), equities(boards.size());
  const auto evaluate = [&](const Board& first, std::size_t n) {
    net.run(first.front().data(), n, outcomes.data(), equities.data());
  };
  const auto one = [&](int i) {
    evaluate(boards[static_cast<std::size_t>(i) % boards.size()], 1);
  };
  const auto batch = [&](int) { evaluate(boards.front(), boards.size()); };
  tdgammon::median_us(tdgammon::kBatches / 4, batch);
  const double us_one = tdgammon::median_us(tdgammon::kSingles, one);
  const double us_batch = tdgammon::median_us(tdgammon::kBatches, batch);
  std::printf(json ? "{\"load_ms\": %.4f, \"one_us\": %.3f, \"batch_1024_us\": %.2f}\n"
                   : "load            %9.2f ms\none             %9.2f us\n"
                     "batch of 1024   %9.0f us\n",
              load, us_one, us_batch);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plain-benchmark: %s\n", tdgammon::Error(error.what()).what());
    return 2;
  }
}
