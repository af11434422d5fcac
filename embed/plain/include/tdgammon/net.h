// A multilayer perceptron that plays backgammon, in plain C++17: these three headers, no library.
//
//   const tdgammon::Net net("td-gammon.plain");   // of "tdgammon export td-gammon --to plain"
//   net.run(boards, n, outcomes, equities);
//
// Few inputs of a position are not zero, and of hidden units with activation "relu" neither, so
// each layer adds up the rows of its matrix that count, eight at a time. The compiler makes these
// loops as wide as the processor allows; with GCC on x86-64 for three kinds of processor, one of
// which is chosen when the program starts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tdgammon/net_file.h"
#include "tdgammon/tactics.h"

// Define TDGAMMON_WIDE as nothing where the choice at the start is not wanted.
#ifndef TDGAMMON_WIDE
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define TDGAMMON_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TDGAMMON_WIDE
#endif
#endif

namespace tdgammon {
namespace net_detail {

// Rows are lengthened to whole cache lines.
constexpr std::size_t kLane = 16;
constexpr std::size_t kAtOnce = 8;

struct alignas(64) Lane {
  float values[kLane];
};

// A row of a matrix, and what it has to be multiplied by.
struct Term {
  std::size_t row;
  float factor;
};

struct Layer {
  std::size_t inputs, outputs, lanes;
  std::vector<Lane> rows, bias;

  float* row(std::size_t i) { return rows[i * lanes].values; }
};

// Adds to out[lanes * 16] the rows of `terms`, a multiple of eight of them.
TDGAMMON_WIDE inline void add_rows(const Term* terms, std::size_t n, const Lane* rows,
                                   std::size_t lanes, Lane* sums) {
  float* out = sums->values;
  for (const Term* t = terms; t < terms + n; t += kAtOnce) {
    const float* r[kAtOnce];
    for (std::size_t k = 0; k < kAtOnce; ++k) r[k] = rows[t[k].row * lanes].values;
    for (std::size_t j = 0; j < lanes * kLane; ++j) {
      out[j] += ((t[0].factor * r[0][j] + t[1].factor * r[1][j]) +
                 (t[2].factor * r[2][j] + t[3].factor * r[3][j])) +
                ((t[4].factor * r[4][j] + t[5].factor * r[5][j]) +
                 (t[6].factor * r[6][j] + t[7].factor * r[7][j]));
    }
  }
}

// Puts 1 / (1 + exp(-x)) in the place of each x, to 1e-7.
TDGAMMON_WIDE inline void sigmoids(float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    // exp(z) is 2^k exp(r); the polynomial is that of Cephes' expf (netlib.org/cephes).
    const float z = std::min(std::max(-x[i], -87.0F), 87.0F);
    const float scaled = z * 1.44269504F;
    const int k = static_cast<int>(scaled + (scaled < 0 ? -0.5F : 0.5F));
    const float whole = static_cast<float>(k);
    const float r = z - whole * 0.693359375F + whole * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1;
    std::int32_t bits;
    std::memcpy(&bits, &p, sizeof bits);
    bits += k * (1 << 23);
    std::memcpy(&p, &bits, sizeof bits);
    x[i] = 1 / (1 + p);
  }
}

}  // namespace net_detail

class Net {
 public:
  static constexpr std::size_t kCells = 50;
  static constexpr std::size_t kOutcomes = 5;

  // Reads a file of "tdgammon export NAME --to plain". Throws NetError for any other.
  explicit Net(const std::string& path) : file_(read_net_file(path)) {
    const auto refuse = [&](const std::string& what) {
      throw NetError("'" + path + "': " + what);
    };
    const bool tactics = file_.features == "tactics224-v1";
    if (!tactics && file_.features != "tesauro198-v1") refuse("its features are not known");
    if (file_.activation != "sigmoid" && file_.activation != "relu") {
      refuse("its activation is neither sigmoid nor relu");
    }
    if (file_.layers.front() != (tactics ? kTesauro + tactics::kSize : kTesauro) ||
        file_.layers.back() != kOutcomes) {
      refuse("its layers do not go from its features to five outcomes");
    }
    sigmoid_ = file_.activation == "sigmoid";
    make_layers();
    fold_inputs();
    std::vector<float>().swap(file_.weights);
  }

  // What the file says of itself: the agent's name, and of which checkpoint it is.
  const std::string& agent() const { return file_.agent; }
  const std::string& checkpoint_sha256() const { return file_.checkpoint_sha256; }

  // Evaluates n positions, each int8[2, 25]: row 0 the player on roll, row 1 the opponent; index
  // 0-23 that player's own points 1-24, 24 the bar. Writes for each five chances of the player on
  // roll (to win; a gammon or more; a backgammon; to lose a gammon or more; a backgammon), exact
  // where the opponent has borne off his last checker, and the cubeless equity in points. Positions
  // that cannot be get an answer that means nothing. May be called by several threads at once.
  void run(const std::int8_t* boards, std::size_t n, float* outcomes, float* equities) const {
    std::vector<Lane> sums(widest_);
    std::vector<Term> terms(most_terms_);
    for (std::size_t i = 0; i < n; ++i, boards += kCells, outcomes += kOutcomes) {
      if (!finished(boards, outcomes)) evaluate(boards, terms.data(), sums.data(), outcomes);
      equities[i] = 2 * outcomes[0] - 1 + outcomes[1] + outcomes[2] - outcomes[3] - outcomes[4];
    }
  }

 private:
  using Lane = net_detail::Lane;
  using Layer = net_detail::Layer;
  using Term = net_detail::Term;
  static constexpr std::size_t kTesauro = 198, kASide = 98, kBar = 96, kOff = 97, kTurn = 196;
  // At most: two of each point, bar and borne off of either side, and tactics.
  static constexpr std::size_t kMostInputs = 2 * (2 * 24 + 2) + tactics::kSize;

  void make_layers() {
    const float* at = file_.weights.data();
    const auto take = [&](std::size_t rows, std::size_t width, std::vector<Lane>& into) {
      const std::size_t lanes = (width + net_detail::kLane - 1) / net_detail::kLane;
      into.assign(rows * lanes, Lane{});
      for (std::size_t i = 0; i < rows; ++i, at += width) {
        std::copy(at, at + width, into[i * lanes].values);
      }
      return lanes;
    };
    for (std::size_t i = 0; i + 1 < file_.layers.size(); ++i) {
      Layer layer{file_.layers[i], file_.layers[i + 1], 0, {}, {}};
      layer.lanes = take(layer.inputs, layer.outputs, layer.rows);
      take(1, layer.outputs, layer.bias);
      widest_ = std::max(widest_, layer.lanes);
      const std::size_t terms = i == 0 ? kMostInputs : layer.inputs;
      most_terms_ = std::max(most_terms_, terms + net_detail::kAtOnce);
      layers_.push_back(std::move(layer));
    }
  }

  // Makes of the first three units of a point, on for at least one, two and three checkers, what
  // one, two and three checkers add; and of the unit that is always on a part of the bias.
  void fold_inputs() {
    Layer& first = layers_.front();
    const auto add = [&](float* to, const float* row) {
      for (std::size_t j = 0; j < first.outputs; ++j) to[j] += row[j];
    };
    for (std::size_t side = 0; side < 2; ++side) {
      for (std::size_t point = 0; point < 24; ++point) {
        const std::size_t unit = kASide * side + 4 * point;
        add(first.row(unit + 1), first.row(unit));
        add(first.row(unit + 2), first.row(unit + 1));
      }
    }
    add(first.bias[0].values, first.row(kTurn));
  }

  // Writes the terms of the first layer, and returns their end.
  Term* inputs(const std::int8_t* board, Term* out) const {
    for (std::size_t side = 0; side < 2; ++side) {
      const std::int8_t* cells = board + 25 * side;
      int off = 15;
      for (std::size_t point = 0; point < 24; ++point) {
        const int n = cells[point];
        off -= n;
        if (n <= 0) continue;
        const std::size_t unit = kASide * side + 4 * point;
        *out++ = {unit + static_cast<std::size_t>(std::min(n, 3)) - 1, 1.0F};
        if (n > 3) *out++ = {unit + 3, static_cast<float>(n - 3) / 2};
      }
      off -= cells[24];
      if (cells[24] != 0) *out++ = {kASide * side + kBar, static_cast<float>(cells[24]) / 2};
      if (off != 0) *out++ = {kASide * side + kOff, static_cast<float>(off) / 15};
    }
    if (layers_.front().inputs == kTesauro) return out;
    float more[tactics::kSize];
    tactics::inputs(board, more);
    for (std::size_t i = 0; i < tactics::kSize; ++i) {
      if (more[i] != 0) *out++ = {kTesauro + i, more[i]};
    }
    return out;
  }

  void evaluate(const std::int8_t* board, Term* terms, Lane* sums, float* outcomes) const {
    Term* end = inputs(board, terms);
    float* x = sums->values;
    for (const Layer& layer : layers_) {
      const bool last = &layer == &layers_.back();
      // Rows times zero fill up the last eight.
      while ((end - terms) % net_detail::kAtOnce != 0) *end++ = {0, 0.0F};
      std::copy(layer.bias.begin(), layer.bias.end(), sums);
      net_detail::add_rows(terms, static_cast<std::size_t>(end - terms), layer.rows.data(),
                           layer.lanes, sums);
      if (last || sigmoid_) net_detail::sigmoids(x, layer.lanes * net_detail::kLane);
      if (last) break;
      end = terms;
      for (std::size_t j = 0; j < layer.outputs; ++j) {
        if (x[j] > 0) *end++ = {j, x[j]};
      }
    }
    std::copy(x, x + kOutcomes, outcomes);
  }

  // Writes the outcomes by the rules and returns true where the opponent has no checker left.
  static bool finished(const std::int8_t* board, float* outcomes) {
    const std::int8_t* them = board + 25;
    if (std::any_of(them, them + 25, [](int n) { return n != 0; })) return false;
    int left = 0;
    for (int i = 0; i < 25; ++i) left += board[i];
    const bool gammon = left >= 15;
    const bool behind = std::any_of(board + 18, board + 25, [](int n) { return n > 0; });
    std::fill(outcomes, outcomes + kOutcomes, 0.0F);
    outcomes[3] = gammon ? 1.0F : 0.0F;
    outcomes[4] = gammon && behind ? 1.0F : 0.0F;
    return true;
  }

  NetFile file_;
  std::vector<Layer> layers_;
  std::size_t widest_ = 0, most_terms_ = 0;
  bool sigmoid_ = false;
};

}  // namespace tdgammon
