"""Dice: the 21 distinct rolls with their weights, and sources of rolls (seeded, typed in, batched).

A roll is two dice from 1 to 6; their order carries no meaning except in the opening, where each
player throws one die.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from engine.errors import DiceError

ROLLS: npt.NDArray[np.int8] = np.array(
    [(high, low) for high in range(1, 7) for low in range(1, high + 1)], np.int8)
"""The 21 distinct rolls, `int8[21, 2]`, the higher die first: 11, 21, 22, 31, ... 66."""

ROLL_WEIGHTS: npt.NDArray[np.float64] = np.where(ROLLS[:, 0] == ROLLS[:, 1], 1.0, 2.0) / 36.0
"""The probability of each row of `ROLLS`, `float64[21]`: 1/36 for a double, 2/36 otherwise."""

ROLLS.setflags(write=False)
ROLL_WEIGHTS.setflags(write=False)

_ROLL_TEXT = re.compile(r"\s*(\d)\s*[-,/ ]?\s*(\d)\s*")


def validate_roll(d1: int, d2: int) -> tuple[int, int]:
    """Return the two dice as plain ints, in the order given.

    Raises `DiceError` unless both are whole numbers from 1 to 6.
    """
    for die in (d1, d2):
        if isinstance(die, bool) or not isinstance(die, int | np.integer) or not 1 <= die <= 6:
            raise DiceError(f"die {die!r} is not a die; each die is a whole number from 1 to 6")
    return int(d1), int(d2)


def parse_roll(text: str) -> tuple[int, int]:
    """Read a roll such as "31", "3 1" or "3-1"; the dice come back in the order written.

    Raises `DiceError` for anything but two dice from 1 to 6.

    >>> parse_roll("3-1")
    (3, 1)
    """
    match = _ROLL_TEXT.fullmatch(text)
    if not match:
        raise DiceError(f'{text!r} is not a roll; write two dice from 1 to 6, as in "31" or "3-1"')
    return validate_roll(int(match[1]), int(match[2]))


def roll_batch(rng: np.random.Generator, n: int) -> npt.NDArray[np.int8]:
    """Throw `n` rolls, `int8[n, 2]`, from `rng`, which is consumed."""
    return rng.integers(1, 7, size=(n, 2), dtype=np.int8)


def opening_batch(rng: np.random.Generator, n: int) -> npt.NDArray[np.int8]:
    """Throw `n` opening rolls, `int8[n, 2]`, never doubles, from `rng`, which is consumed.

    Column 0 is the first player's die, column 1 the second's: the 30 ordered pairs are equally
    likely, and the player with the higher die begins.
    """
    first = rng.integers(1, 7, size=n, dtype=np.int8)
    # One of the five other faces: stepping 1 to 5 faces on from the first, around the die.
    step = rng.integers(1, 6, size=n, dtype=np.int8)
    second = (first - 1 + step) % np.int8(6) + np.int8(1)
    return np.stack([first, second], axis=-1)


class SeededDice:
    """An endless source of rolls that a seed determines, one after the other.

    >>> SeededDice(7).roll() == SeededDice(7).roll()
    True
    """

    def __init__(self, seed: int | np.random.SeedSequence) -> None:
        self._rng = np.random.Generator(np.random.PCG64(seed))

    def roll(self) -> tuple[int, int]:
        """Throw both dice."""
        d1, d2 = roll_batch(self._rng, 1)[0].tolist()
        return d1, d2

    def opening(self) -> tuple[int, int]:
        """Throw one die for each player until they differ: (first player's, second player's)."""
        d1, d2 = opening_batch(self._rng, 1)[0].tolist()
        return d1, d2


class ManualDice:
    """Rolls given beforehand, as pairs or as text, handed out in their order.

    >>> ManualDice(["31", (6, 5)]).roll()
    (3, 1)
    """

    def __init__(self, rolls: Iterable[str | tuple[int, int]]) -> None:
        self._rolls: Iterator[str | tuple[int, int]] = iter(rolls)

    def roll(self) -> tuple[int, int]:
        """Hand out the next roll; raises `DiceError` when there is none or it is not a roll."""
        try:
            given = next(self._rolls)
        except StopIteration:
            raise DiceError("no roll is left; give one roll for each turn") from None
        return parse_roll(given) if isinstance(given, str) else validate_roll(*given)

    def opening(self) -> tuple[int, int]:
        """Hand out the next roll as an opening roll; raises `DiceError` if it is a double."""
        d1, d2 = self.roll()
        if d1 == d2:
            raise DiceError(f"opening roll {d1}{d2} is a double; the first roll has two faces")
        return d1, d2
