// tdgammon-tensorflow-benchmark: how fast a model is on this machine, on one thread.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "measuring.h"
#include "tdgammon/error.h"
#include "tensorflow_model.h"

namespace {

using tdgammon::Board;

void run(const std::vector<std::string>& words) {
  const bool json = words.size() == 2 && words[1] == "--json";
  if (words.size() != 1 && !json) {
    throw tdgammon::Error("usage: tdgammon-tensorflow-benchmark MODEL [--json]");
  }
  const auto begin = tdgammon::Clock::now();
  const tdgammon::TensorFlowModel model(words[0]);
  const double load = tdgammon::microseconds_since(begin) / 1000;
  const std::vector<Board> boards = tdgammon::random_positions(tdgammon::kBatch);
  std::vector<float> outcomes(5 * boards.size());
  std::vector<float> equities(boards.size());
  const auto median = [&](int repetitions, std::size_t n) {
    return tdgammon::median_us(repetitions, [&](int i) {
      const std::size_t at = static_cast<std::size_t>(i) * n % boards.size();
      model.run(&boards[at], n, outcomes.data(), equities.data());
    });
  };
  median(tdgammon::kBatches, boards.size());
  const double one = median(tdgammon::kSingles, 1);
  const double many = median(tdgammon::kBatches, boards.size());
  std::printf(json ? "{\"load_ms\": %.3f, \"one_us\": %.3f, \"batch_1024_us\": %.2f}\n"
                   : "load            %9.1f ms\none             %9.1f us\n"
                     "batch of 1024   %9.0f us\n",
              load, one, many);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(std::vector<std::string>(argv + 1, argv + argc));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tdgammon-tensorflow-benchmark: %s\n", error.what());
    return 2;
  }
}
