"""Exact bear-off tables: what a position is worth once both sides have all checkers at home.

Up to six checkers a side, the chance to win is that of best play by both sides. With more, each
side plays to need the least mean number of rolls, whatever the other does, and the two numbers of
rolls are compared; this is how GNU Backgammon's one-sided database is made and used. On the
851,929 positions that have both, the one-sided chance is at most 0.0139 below and 0.0118 above the
exact one, on average 0.0009 off.

The tables are built in seconds (`engine.bearoff_build`) and kept in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from engine.bearoff_build import (
    ALL_ON,
    MAX_ROLLS,
    POSITIONS,
    chances_still_on,
    chances_to_win,
    count_up_to,
    index,
    moves,
)

FORMAT = 1
TWO_SIDED_CHECKERS = 6
TWO_SIDED = count_up_to(TWO_SIDED_CHECKERS)
# The first of 15 checkers is off after 10 rolls at the latest; a power of two is gathered well.
_FIRST_ROLLS = 15
_SHAPES = {"two_sided": (TWO_SIDED, TWO_SIDED), "still_on": (POSITIONS, MAX_ROLLS + 1),
           "none_off": (POSITIONS, _FIRST_ROLLS + 1)}


def covers(boards: Any) -> Any:
    """Say `bool[...]` of which of `boards[..., 2, 25]` the tables speak.

    Of those in which each side has at least one checker left, none on the bar, and all that are
    left on its own points 1-6. Contact is impossible then. NumPy and JAX arrays alike.
    """
    return (boards[..., 6:] == 0).all((-1, -2)) & (boards[..., :6] > 0).any(-1).all(-1)


class Bearoff(NamedTuple):
    """The tables, float32, as NumPy or as JAX arrays; positions are numbered by `index`.

    On a device: `tables = jax.tree.map(jnp.asarray, load())`, given to the jitted function as an
    argument (else 14 MB become constants of the program), and there `tables.outcomes(boards, jnp)`.
    """

    two_sided: Any
    """`[924, 924]`: chance to win of the player on roll; his position, the other's."""
    still_on: Any
    """`[54264, 32]`: chance to have checkers left after n rolls, played for the least mean."""
    none_off: Any
    """`[54264, 16]`: chance to have borne off none of 15 checkers after n rolls, played for the
    least mean number of rolls to bear off one; 0 for positions of fewer checkers."""

    def covers(self, boards: Any) -> Any:
        """Say `bool[...]` of which of `boards[..., 2, 25]` the tables speak; see `covers`."""
        return covers(boards)

    def outcomes(self, boards: Any, xp: Any = np) -> Any:
        """Return what positions are worth to the player on roll, who has yet to roll.

        `float32[..., 5]`, cumulative: win, win gammon, win backgammon, lose gammon, lose
        backgammon. A gammon is won when the other side bears off no checker in time, both sides
        having played for that alone; a backgammon would need a checker outside his home board, so
        there is none. What is said of boards that `covers` refuses means nothing.

        Args:
            boards: `int8[..., 2, 25]`.
            xp: `numpy`, or `jax.numpy` if the tables are JAX arrays; then this can be jitted.
        """
        mine, theirs = _sides(index(boards, xp))
        my_rolls, their_rolls = self.still_on[mine], self.still_on[theirs]
        my_end, their_end = (rolls[..., :-1] - rolls[..., 1:] for rolls in (my_rolls, their_rolls))
        # I win with my n-th roll if he has not finished in his n - 1, he with his n-th if I have
        # not in my n.
        raced = xp.minimum((my_end * their_rolls[..., :-1]).sum(-1), np.float32(1))
        small = (mine < TWO_SIDED) & (theirs < TWO_SIDED)
        last = TWO_SIDED - 1
        known = self.two_sided[xp.minimum(mine, last), xp.minimum(theirs, last)]
        win = xp.where(small, known, raced)
        win_gammon = (my_end[..., :_FIRST_ROLLS] * self.none_off[theirs][..., :-1]).sum(-1)
        lose_gammon = (their_end[..., :_FIRST_ROLLS] * self.none_off[mine][..., 1:]).sum(-1)
        none = xp.zeros_like(win)
        # The sums are rounded apart; a gammon must not be likelier than the win it is part of.
        return xp.stack([win, xp.minimum(win_gammon, win), none,
                         xp.minimum(lose_gammon, 1 - win), none], axis=-1)

    def mean_rolls(self, boards: Any, xp: Any = np) -> Any:
        """Return the least mean number of rolls to bear off all, `float32[..., 2]`, of each side.

        Args:
            boards: `int8[..., 2, 25]`.
            xp: as for `outcomes`.
        """
        return self.still_on[index(boards, xp)].sum(-1)


def _sides(of_both: Any) -> tuple[Any, Any]:
    return of_both[..., 0], of_both[..., 1]


def build() -> Bearoff:
    """Compute the tables anew, as NumPy arrays; takes about two seconds."""
    table = moves()
    number = np.arange(POSITIONS)
    none_off = chances_still_on(table, number < ALL_ON)
    return _frozen(Bearoff(
        two_sided=chances_to_win(table, TWO_SIDED).astype(np.float32),
        still_on=chances_still_on(table, number < 1).astype(np.float32),
        none_off=none_off[:, :_FIRST_ROLLS + 1].astype(np.float32),
    ))


@lru_cache(maxsize=1)
def load() -> Bearoff:
    """Return the tables, NumPy arrays, read-only: from the cache, else built and put there.

    A cache file that is damaged, of another format or not ours is replaced; a folder that cannot
    be written to costs the time to build in every process and no more.
    """
    path = cache_folder() / f"bearoff-{FORMAT}.npz"
    tables = _read(path)
    if tables is None:
        tables = build()
        with contextlib.suppress(OSError):
            _write(path, tables)
    return tables


def cache_folder() -> Path:
    """Return the folder `tdgammon` in the user's cache folder, as XDG defines it."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "tdgammon"


def _read(path: Path) -> Bearoff | None:
    """Return the tables of a cache file, None unless it is just what `_write` wrote."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            tables = Bearoff(*(archive[name] for name in Bearoff._fields))
            whole = archive["sha256"].tobytes() == _digest(tables)
    except Exception:
        # A damaged archive surfaces as almost any exception of the modules that read it.
        return None
    right = all(array.shape == _SHAPES[name] and array.dtype == np.float32
                for name, array in tables._asdict().items())
    return _frozen(tables) if whole and right else None


def _write(path: Path, tables: Bearoff) -> None:
    """Write the cache file under a temporary name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    arrays = {**tables._asdict(), "sha256": np.frombuffer(_digest(tables), np.uint8)}
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **cast(Any, arrays))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _digest(tables: Bearoff) -> bytes:
    """Return the SHA-256 of the format and of the arrays: names, shapes, dtypes and bytes."""
    digest = hashlib.sha256(f"bearoff {FORMAT}".encode())
    for name, array in tables._asdict().items():
        digest.update(f"{name} {array.shape} {array.dtype.str}".encode())
        digest.update(array.tobytes())
    return digest.digest()


def _frozen(tables: Bearoff) -> Bearoff:
    for array in tables:
        array.setflags(write=False)
    return tables
