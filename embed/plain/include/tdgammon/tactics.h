// The 26 inputs of the features tactics224-v1 behind Tesauro's 198: what rolls can do.
//
// For either side: the chance to hit a blot with the next roll, and one in its owner's home; the
// chance that the rearmost checker gets past the opponent's points in front of it, and that it can
// make its whole move; primes of 2 to 6 points before the opponent's rearmost checker; the share of
// the home board that is closed, squared; how far the bearing off has come. For both: who leads the
// race, and whether it is one. Sets of points are bits, point 1 of the own side the lowest. The
// same, with more words, is agent/tactics.py.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tdgammon {
namespace tactics {

constexpr int kSize = 26;

using Bits = std::uint32_t;

constexpr Bits kPoints = (Bits{1} << 24) - 1;
constexpr Bits kHome = 0x3F;
constexpr Bits kTheirHome = kPoints ^ ((Bits{1} << 18) - 1);
constexpr Bits kBarBit = Bits{1} << 24;

// One player's checkers in his own numbering.
struct Side {
  Bits any = 0;          // points with at least one of his checkers,
  Bits made = 0;         // with two,
  Bits their_blots = 0;  // with one of the opponent's,
  Bits their_made = 0;   // with two.
  int bar = 0;
  int their_bar = 0;
  int off = 15;
  int pips = 0;
};

inline Side side(const std::int8_t* mine, const std::int8_t* theirs) {
  Side s;
  for (int i = 0; i < 24; ++i) {
    const Bits here = Bits{1} << i;
    if (mine[i] >= 1) s.any |= here;
    if (mine[i] >= 2) s.made |= here;
    if (theirs[23 - i] == 1) s.their_blots |= here;
    if (theirs[23 - i] >= 2) s.their_made |= here;
    s.off -= mine[i];
    s.pips += (i + 1) * mine[i];
  }
  s.bar = mine[24];
  s.their_bar = theirs[24];
  s.off -= s.bar;
  s.pips += 25 * s.bar;
  return s;
}

inline int count(Bits m) {
  m -= (m >> 1) & 0x55555555;
  m = (m & 0x33333333) + ((m >> 2) & 0x33333333);
  m = (m + (m >> 4)) & 0x0F0F0F0F;
  return static_cast<int>((m * 0x01010101) >> 24);
}

inline Bits fill_down(Bits m) {
  for (const int step : {1, 2, 4, 8, 16}) m |= m >> step;
  return m;
}

inline Bits filled(const Side& s) { return fill_down(s.any | (s.bar > 0 ? kBarBit : 0)); }

// Returns where a checker may land with two different dice.
inline Bits shots(const Side& s, Bits free, int a, int b) {
  const Bits with_a = s.any >> a, with_b = s.any >> b;
  if (s.bar == 0) return with_a | with_b | ((with_a & free) >> b) | ((with_b & free) >> a);
  const Bits enter_a = (kBarBit >> a) & free, enter_b = (kBarBit >> b) & free;
  Bits found = enter_a | enter_b;
  // One on the bar enters with one die, and any checker plays the other.
  if (s.bar == 1 && enter_a != 0) found |= (s.any | enter_a) >> b;
  if (s.bar == 1 && enter_b != 0) found |= (s.any | enter_b) >> a;
  return found;
}

// Returns where a checker may land with a double.
inline Bits double_shots(const Side& s, Bits free, int die) {
  const Bits enter = (kBarBit >> die) & free;
  if (s.bar > 0 && enter == 0) return 0;
  Bits reached = s.bar > 0 ? enter : 0;
  Bits moving = s.any | reached;
  // While checkers are on the bar every move is needed to enter them.
  for (int k = s.bar; k < 4; ++k) {
    const Bits landed = moving >> die;
    reached |= landed;
    moving = landed & free;
  }
  return reached;
}

struct Chances {
  int hit = 0, hit_home = 0, escape = 0, full = 0;

  void add(int weight, Bits landing, Bits ends, Bits whole) {
    hit += weight * (landing != 0);
    hit_home += weight * ((landing & kTheirHome) != 0);
    escape += weight * (ends != 0);
    full += weight * (whole != 0);
  }
};

// Returns the points past the last of the opponent's made points up to 12 pips ahead.
inline Bits beyond(Bits rear, Bits wall) {
  const Bits near = fill_down(rear) & ~rear & ~fill_down(rear >> 13);
  wall &= near;
  return wall == 0 ? kPoints : (wall & (~wall + 1)) - 1;
}

// Returns for how many of the 36 rolls each of four things can be done.
inline Chances chances(const Side& s) {
  const Bits free = ~s.their_made;
  const Bits below = filled(s);
  const Bits rear = below & ~(below >> 1);
  const Bits goal = beyond(rear, s.their_made);
  Chances found;
  for (int a = 1; a <= 6; ++a) {
    for (int b = 1; b <= a; ++b) {
      const Bits first = (rear >> a) & free, other = (rear >> b) & free;
      const Bits whole = ((first >> b) | (other >> a)) & free;
      Bits ends = first | other | whole;
      if (a == b) {
        const Bits third = (whole >> a) & free;
        ends |= third | ((third >> a) & free);
      }
      const Bits landing = a == b ? double_shots(s, free, a) : shots(s, free, a, b);
      found.add(a == b ? 1 : 2, landing & s.their_blots, ends & goal, whole);
    }
  }
  return found;
}

// Writes the 12 inputs of one player.
inline void of_side(const Side& s, float* out) {
  const Chances c = chances(s);
  for (const int n : {c.hit, c.hit_home, c.escape, c.full}) {
    *out++ = static_cast<float>(n) * (1.0F / 36);
  }
  const Bits theirs = s.their_blots | s.their_made;
  const Bits behind = theirs & (~theirs + 1);  // The opponent's rearmost is our lowest.
  const bool nobody = theirs == 0 || s.their_bar > 0;
  Bits wall = s.made & (nobody ? kPoints : ~((behind << 1) - 1));
  Bits run = wall;
  for (int length = 2; length <= 6; ++length) {
    wall >>= 1;
    run &= wall;
    *out++ = run != 0 ? 1.0F : 0.0F;
  }
  const float closed = static_cast<float>(count(s.made & kHome)) / 6;
  *out++ = closed * closed;
  for (const int gone : {5, 10}) *out++ = static_cast<float>(std::clamp(s.off - gone, 0, 5)) / 5;
}

// Writes the 26 inputs of a board int8[2, 25], those of the player on roll first.
inline void inputs(const std::int8_t* board, float* out) {
  const Side me = side(board, board + 25), them = side(board + 25, board);
  of_side(me, out);
  of_side(them, out + 12);
  const float mine = static_cast<float>(me.pips), theirs = static_cast<float>(them.pips);
  out[24] = (theirs - mine) / (mine + theirs + 1) * 4;
  out[25] = count(filled(me)) + count(filled(them)) < 25 ? 1.0F : 0.0F;
}

}  // namespace tactics
}  // namespace tdgammon
