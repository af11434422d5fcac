"""A one-line language for positions, and sources of positions for property tests."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from engine.board import start, validate
from engine.dice import SeededDice
from engine.game import result
from engine.plays import plays

DATA = Path(__file__).parents[1] / "data"
START = "24:2 13:5 8:3 6:5 / 24:2 13:5 8:3 6:5"

Board = npt.NDArray[np.int8]


def pos(text: str) -> Board:
    """Return the board of `"6:2 bar:1 / 24:2"`: the player on roll, "/", the opponent.

    Each side counts from its own side; what is not named is borne off.
    """
    board = np.zeros((2, 25), np.int8)
    for row, side in zip(board, text.split("/"), strict=True):
        for item in side.split():
            point, count = item.split(":")
            row[24 if point == "bar" else int(point) - 1] += int(count)
    return validate(board)


def random_game(seed: int) -> Iterator[tuple[Board, tuple[int, int]]]:
    """Yield each position of a game of random plays, with the roll thrown in it."""
    dice = SeededDice(seed)
    rng = np.random.default_rng(seed)
    board, roll = start(), dice.opening()
    while not result(board):
        yield board, roll
        options = plays(board, *roll)
        board = options[rng.integers(len(options))].after
        roll = dice.roll()


@functools.cache
def movegen_records() -> tuple[dict, ...]:
    """Return the records of GNU Backgammon's legal plays: id, dice `d` and after-positions."""
    with gzip.open(DATA / "movegen-dev.jsonl.gz", "rt") as lines:
        return tuple(json.loads(line) for line in lines)[1:]


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Draw any possible position, however unlikely, in which neither side has finished."""
    mine = draw(st.lists(st.integers(0, 24), min_size=1, max_size=15))
    free = [i for i in range(25) if i == 24 or 23 - i not in mine]
    theirs = draw(st.lists(st.sampled_from(free), min_size=1, max_size=15))
    return validate(np.stack([np.bincount(side, minlength=25) for side in (mine, theirs)]))


dice = st.integers(1, 6)
