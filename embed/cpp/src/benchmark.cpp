// tdgammon-embed-benchmark: how fast a model is on this machine, one position and in batches.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <thread>
#include <vector>

#include "tdgammon/error.h"
#include "tdgammon/model.h"
#include "tdgammon/plays.h"

namespace {

using Clock = std::chrono::steady_clock;
using tdgammon::Board;

constexpr int kSingles = 20000;
constexpr int kBatches = 200;
constexpr std::size_t kBatch = 1024;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Returns positions of games played at random, so that the branches of a network see what they see
// in use.
std::vector<Board> positions(std::size_t n) {
  std::mt19937 generator(1);
  std::vector<Board> found;
  Board board = tdgammon::start();
  while (found.size() < n) {
    found.push_back(board);
    const auto die = [&] { return static_cast<int>(generator() % 6 + 1); };
    const int first = die();
    const std::vector<Board> after = tdgammon::afterstates(board, {first, die()});
    board = after[generator() % after.size()];
    if (tdgammon::result(board)) board = tdgammon::start();
  }
  return found;
}

double one(const tdgammon::Model& model, const std::vector<Board>& boards) {
  float outcomes[5];
  float equity;
  std::vector<double> times;
  for (int i = 0; i < kSingles; ++i) {
    const auto begin = Clock::now();
    model.run(&boards[i % boards.size()], 1, outcomes, &equity);
    times.push_back(microseconds_since(begin));
  }
  return median(times);
}

double batch(const tdgammon::Model& model, const std::vector<Board>& boards) {
  std::vector<float> outcomes(5 * boards.size());
  std::vector<float> equities(boards.size());
  std::vector<double> times;
  for (int i = 0; i < kBatches; ++i) {
    const auto begin = Clock::now();
    model.run(boards.data(), boards.size(), outcomes.data(), equities.data());
    times.push_back(microseconds_since(begin));
  }
  return median(times);
}

// Returns positions a second of as many threads, each with batches of its own.
double throughput(const tdgammon::Model& model, const std::vector<Board>& boards, int threads) {
  const auto begin = Clock::now();
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back([&] { batch(model, boards); });
  for (std::thread& thread : all) thread.join();
  const double positions = static_cast<double>(boards.size()) * kBatches * threads;
  return positions / microseconds_since(begin) * 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int threads = argc == 3 ? std::atoi(argv[2]) : 1;
    if (argc < 2 || argc > 3 || threads < 1 || threads > 256) {
      throw tdgammon::Error("usage: tdgammon-embed-benchmark MODEL [THREADS]");
    }
    const auto begin = Clock::now();
    const tdgammon::Model model(argv[1]);
    const double load = microseconds_since(begin) / 1000;
    const std::vector<Board> boards = positions(kBatch);
    throughput(model, boards, threads);
    std::printf("load            %9.1f ms\n", load);
    std::printf("one             %9.1f us\n", one(model, boards));
    std::printf("batch of 1024   %9.0f us\n", batch(model, boards));
    std::printf("%3d threads     %9.0f positions/s\n", threads,
                throughput(model, boards, threads));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tdgammon-embed-benchmark: %s\n", error.what());
    return 2;
  }
}
