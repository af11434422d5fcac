// What the benchmarks share: positions of random games, and medians of times.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <vector>

#include "tdgammon/board.h"
#include "tdgammon/plays.h"

namespace tdgammon {

constexpr int kSingles = 20000;
constexpr int kBatches = 200;
constexpr std::size_t kBatch = 1024;

// A slow net is measured less often: no more than so long, but so often at least.
constexpr double kLongestUs = 2e6;
constexpr int kLeast = 9;

using Clock = std::chrono::steady_clock;

inline double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// Returns the median of the microseconds that `what(i)` takes, i counting the repetitions.
template <typename F>
double median_us(int repetitions, F what) {
  std::vector<double> times;
  const auto first = Clock::now();
  for (int i = 0; i < repetitions; ++i) {
    if (i >= kLeast && microseconds_since(first) > kLongestUs) break;
    const auto begin = Clock::now();
    what(i);
    times.push_back(microseconds_since(begin));
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

// Returns positions of games played at random, so that the branches of a network see what they see
// in use.
inline std::vector<Board> random_positions(std::size_t n) {
  std::mt19937 generator(1);
  std::vector<Board> found;
  Board board = start();
  while (found.size() < n) {
    found.push_back(board);
    const auto die = [&] { return static_cast<int>(generator() % 6 + 1); };
    const int first = die();
    const std::vector<Board> after = afterstates(board, {first, die()});
    board = after[generator() % after.size()];
    if (result(board)) board = start();
  }
  return found;
}

}  // namespace tdgammon
