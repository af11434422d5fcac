"""Every legal play of a roll in one position, with its checker moves: the readable reference.

The rules are those of the US Backgammon Federation: enter from the bar first, bear off only with
all checkers home, use both dice (all four of a double) if any order allows it, and otherwise the
larger die if it can be used. A complete play is known by the position it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.board import BAR, CHECKERS, validate
from engine.dice import validate_roll
from engine.errors import MalformedPositionError

OFF = -1

# A board packed into one integer: four bits a point, the mover's 25 cells and then the opponent's.
# A move is then one addition, and equal positions are equal integers: this makes the search cheap.
_BITS = 4
_PACKED_BYTES = 2 * 25 * _BITS // 8


@dataclass(frozen=True, slots=True)
class Move:
    """One checker moved with one die, seen by the mover.

    `source` is the index the checker leaves, 0-23 or 24 for the bar; `die` is 1-6; `hit` says
    whether it sends an opposing blot to the bar.
    """

    source: int
    die: int
    hit: bool = False

    @property
    def target(self) -> int:
        """The index the checker lands on, or -1 when it is borne off."""
        return max(self.source - self.die, OFF)


@dataclass(frozen=True)
class Play:
    """One complete legal play: its `moves` in a legal order, none if nothing can be moved.

    Two plays are equal when they have the same moves and lead to the same position. Both boards
    are made when first asked for, and are read-only because they are kept.
    """

    moves: tuple[Move, ...]
    packed: int = field(repr=False)

    @cached_property
    def board(self) -> npt.NDArray[np.int8]:
        """The position after the play, `int8[2, 25]`, still seen by the mover (row 0)."""
        return _read_only(_unpack([self.packed])[0])

    @cached_property
    def after(self) -> npt.NDArray[np.int8]:
        """The position after the play, `int8[2, 25]`, seen by the opponent, now on roll."""
        return _read_only(np.ascontiguousarray(self.board[::-1]))


# Moves are few and immutable, so the search shares them: _MOVES[hit][die][source].
_MOVES = [[[Move(source, die, hit) for source in range(25)] for die in range(7)]
          for hit in (False, True)]


def _delta(move: Move) -> int:
    delta = -(1 << _BITS * move.source)
    if move.target != OFF:
        delta += 1 << _BITS * move.target
    if move.hit:
        delta += (1 << _BITS * (25 + BAR)) - (1 << _BITS * (25 + 23 - move.target))
    return delta


# What a move adds to a packed board; a hit on the bar or on a checker borne off never happens.
_DELTAS = [[[_delta(move) if move.target != OFF or not move.hit else 0 for move in of_die]
            for of_die in of_hit] for of_hit in _MOVES]
# Points that a die can move from without bearing off, rearmost first.
_DOWN = [range(23, die - 1, -1) for die in range(7)]


class Search:
    """One position, `[2, 25]`, on which single moves are tried: made and taken back in place.

    `mine[i]` and `theirs[i]` both count checkers on the mover's index `i`; `packed` is the position
    as one integer, as in `Play`. Raises `PositionError` for anything but a position.
    """

    def __init__(self, board: npt.ArrayLike) -> None:
        mine, opponent = _rows(board)
        self.mine = mine
        self.theirs = opponent[23::-1]
        self.packed = sum(n << _BITS * i for i, n in enumerate(mine + opponent) if n)

    def sources(self, die: int) -> list[int]:
        """Return every index a checker may leave with `die`, rearmost first."""
        mine, theirs = self.mine, self.theirs
        if mine[BAR]:
            return [BAR] if theirs[BAR - die] < 2 else []
        found = [i for i in _DOWN[die] if mine[i] and theirs[i - die] < 2]
        if not any(mine[6:BAR]):
            if mine[die - 1]:
                found.append(die - 1)
            elif not any(mine[die:6]):
                # Every checker is nearer than the die reaches: only the rearmost may go.
                found.extend([i for i in range(die - 2, -1, -1) if mine[i]][:1])
        return found

    def make(self, source: int, die: int) -> bool:
        """Move one checker; return whether it hit."""
        target = source - die
        self.mine[source] -= 1
        hit = False
        if target >= 0:
            self.mine[target] += 1
            if self.theirs[target]:
                self.theirs[target] = 0
                hit = True
        self.packed += _DELTAS[hit][die][source]
        return hit

    def undo(self, source: int, die: int, hit: bool) -> None:
        """Take back what `make` did."""
        target = source - die
        self.mine[source] += 1
        if target >= 0:
            self.mine[target] -= 1
            if hit:
                self.theirs[target] = 1
        self.packed -= _DELTAS[hit][die][source]


def plays(board: npt.ArrayLike, d1: int, d2: int) -> list[Play]:
    """Return every legal complete play of the roll `d1`, `d2` for the player on roll.

    `board` is `[2, 25]`, the player on roll in row 0. There is one `Play` for each distinct
    position that can be reached, in an order that depends only on the position and on the roll;
    if nothing can be moved there is one `Play` without moves. Of several ways to one position the
    play shows the one that starts from the rearmost checker, with the larger die first.

    Raises `PositionError` and `DiceError` for input that is not a position or not a roll.

    >>> from engine.board import start
    >>> len(plays(start(), 3, 1)), len(plays(start(), 1, 1))
    (16, 42)
    """
    d1, d2 = validate_roll(d1, d2)
    search = Search(board)
    found = _plays_of_double(search, d1) if d1 == d2 else _plays_of_two(search, d1, d2)
    return [Play(moves, packed) for packed, moves in found.items()]


def afterstates_of(board: npt.ArrayLike, d1: int, d2: int) -> npt.NDArray[np.int8]:
    """Return the distinct positions that `plays` leads to, `int8[P, 2, 25]`, in the same order.

    They are seen by the opponent, who is then on roll. Raises what `plays` raises.
    """
    boards = _unpack([play.packed for play in plays(board, d1, d2)])
    return np.ascontiguousarray(boards[:, ::-1])


def play_to(after: npt.NDArray[np.int8], found: list[Play]) -> Play | None:
    """Return the one of the plays `found` that leads to `after[2, 25]`, or None.

    `after` is seen by the opponent of the mover.
    """
    return next((play for play in found if np.array_equal(play.after, after)), None)


def _rows(board: npt.ArrayLike) -> tuple[list[int], list[int]]:
    """Return the mover's and the opponent's 25 counts, checked without NumPy's overhead."""
    array = board if isinstance(board, np.ndarray) else validate(board)
    if array.shape != (2, 25):
        raise MalformedPositionError(f"board has shape {array.shape}; plays need one [2, 25] board")
    mine, theirs = array.tolist()
    fine = (array.dtype.kind in "iu" and min(mine) >= 0 <= min(theirs)
            and sum(mine) <= CHECKERS >= sum(theirs) and any(mine + theirs)
            and not any(n and theirs[23 - i] for i, n in enumerate(mine[:BAR])))
    if not fine:
        validate(array)
    return mine, theirs


_Found = dict[int, tuple[Move, ...]]


def _plays_of_two(search: Search, d1: int, d2: int) -> _Found:
    """Return packed position -> moves for a roll of two different dice."""
    high, low = max(d1, d2), min(d1, d2)
    found: _Found = {}
    singles: list[_Found] = []
    tidy: set[int] = set()
    for die, other in ((high, low), (low, high)):
        single: _Found = {}
        for first in search.sources(die):
            hit = search.make(first, die)
            move = _MOVES[hit][die][first]
            single[search.packed] = (move,)
            for second in search.sources(other):
                hits = search.theirs[second - other] if second >= other else 0
                packed = search.packed + _DELTAS[hits][other][second]
                # The first way found stands unless it started from the nearer checker.
                if packed not in tidy and (packed not in found or second <= first):
                    found[packed] = (move, _MOVES[hits][other][second])
                    if second <= first:
                        tidy.add(packed)
            search.undo(first, die, hit)
        singles.append(single)
    return found or singles[0] or singles[1] or {search.packed: ()}


def _plays_of_double(search: Search, die: int) -> _Found:
    """Return packed position -> moves for a double.

    With one die the moves of a play can always be made rearmost first, so only such sequences are
    tried; then each set of moves, hence each position, turns up once.
    """
    longest: list[tuple[int, tuple[Move, ...]]] = [(search.packed, ())]
    depth = 0
    for packed, moves in _descents(search, die, BAR, ()):
        if len(moves) > depth:
            longest, depth = [], len(moves)
        if len(moves) == depth:
            longest.append((packed, moves))
    return dict(longest)


def _descents(search: Search, die: int, rearmost: int,
              made: tuple[Move, ...]) -> Iterator[tuple[int, tuple[Move, ...]]]:
    for source in search.sources(die):
        if source > rearmost:
            continue
        hit = search.make(source, die)
        moves = (*made, _MOVES[hit][die][source])
        yield search.packed, moves
        if len(moves) < 4:
            yield from _descents(search, die, source, moves)
        search.undo(source, die, hit)


def _unpack(packed: list[int]) -> npt.NDArray[np.int8]:
    """Return packed boards as `int8[N, 2, 25]`, the mover in row 0."""
    data = b"".join(one.to_bytes(_PACKED_BYTES, "little") for one in packed)
    pairs = np.frombuffer(data, np.uint8).reshape(len(packed), _PACKED_BYTES)
    cells = np.stack([pairs & 15, pairs >> _BITS], axis=-1)
    return cells.astype(np.int8).reshape(len(packed), 2, 25)


def _read_only(array: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    array.setflags(write=False)
    return array
