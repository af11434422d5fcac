// tdgammon-embed-benchmark: how fast a model is on this machine, one position and in batches.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "measuring.h"
#include "tdgammon/error.h"
#include "tdgammon/model.h"

namespace {

using tdgammon::Board;
using tdgammon::kBatch;
using tdgammon::kBatches;

double one(const tdgammon::Model& model, const std::vector<Board>& boards) {
  float outcomes[5];
  float equity;
  return tdgammon::median_us(tdgammon::kSingles, [&](int i) {
    model.run(&boards[static_cast<std::size_t>(i) % boards.size()], 1, outcomes, &equity);
  });
}

double batch(const tdgammon::Model& model, const std::vector<Board>& boards) {
  std::vector<float> outcomes(5 * boards.size());
  std::vector<float> equities(boards.size());
  return tdgammon::median_us(kBatches, [&](int) {
    model.run(boards.data(), boards.size(), outcomes.data(), equities.data());
  });
}

void batches(const tdgammon::Model& model, const std::vector<Board>& boards) {
  std::vector<float> outcomes(5 * boards.size());
  std::vector<float> equities(boards.size());
  for (int i = 0; i < kBatches; ++i) {
    model.run(boards.data(), boards.size(), outcomes.data(), equities.data());
  }
}

// Returns positions a second of as many threads, each with batches of its own.
double throughput(const tdgammon::Model& model, const std::vector<Board>& boards, int threads) {
  const auto begin = tdgammon::Clock::now();
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back([&] { batches(model, boards); });
  for (std::thread& thread : all) thread.join();
  const double positions = static_cast<double>(boards.size()) * kBatches * threads;
  return positions / tdgammon::microseconds_since(begin) * 1e6;
}

void run(std::vector<std::string> words) {
  const bool json = !words.empty() && words.back() == "--json";
  if (json) words.pop_back();
  const int threads = words.size() == 2 ? std::atoi(words[1].c_str()) : 1;
  if (words.empty() || words.size() > 2 || threads < 1 || threads > 256) {
    throw tdgammon::Error("usage: tdgammon-embed-benchmark MODEL [THREADS] [--json]");
  }
  const auto begin = tdgammon::Clock::now();
  const tdgammon::Model model(words[0]);
  const double load = tdgammon::microseconds_since(begin) / 1000;
  const std::vector<Board> boards = tdgammon::random_positions(kBatch);
  throughput(model, boards, threads);
  const double single = one(model, boards);
  const double many = batch(model, boards);
  std::printf(json ? "{\"load_ms\": %.3f, \"one_us\": %.3f, \"batch_1024_us\": %.2f, "
                     "\"threads\": %d, \"positions_per_s\": %.0f}\n"
                   : "load            %9.1f ms\none             %9.1f us\n"
                     "batch of 1024   %9.0f us\n%3d threads     %9.0f positions/s\n",
              load, single, many, threads, throughput(model, boards, threads));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(std::vector<std::string>(argv + 1, argv + argc));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tdgammon-embed-benchmark: %s\n", error.what());
    return 2;
  }
}
