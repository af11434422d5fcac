"""Somebody to play against, and a person who types what the script says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.board import pips
from engine.game import results
from engine.plays import afterstates_of


class FirstPlay:
    """Makes the first legal play, and remembers how many it has made."""

    name = "first"

    def start(self, batch):
        return np.zeros(batch, int)

    def choose(self, boards, dice, memory, rng):
        after = [afterstates_of(b, *d.tolist())[0] for b, d in zip(boards, dice, strict=True)]
        return np.stack(after), memory + 1


class Judge(FirstPlay):
    """Also knows chances: the more pips the opponent is ahead, the worse."""

    name = "judge"

    def evaluate(self, boards):
        lead = np.clip((pips(boards)[:, 1] - pips(boards)[:, 0]) / 400 + 0.5, 0, 1)
        win = np.where(results(boards) > 0, 0, lead)
        return np.stack([win, win / 4, win / 8, (1 - win) / 2, (1 - win) / 16], -1).astype("f4")


class Typist:
    """Types the given lines, then ends the input; keeps what it was shown, prompts included."""

    def __init__(self, lines: Iterable[str | BaseException | type[BaseException]]) -> None:
        self._lines: Iterator = iter(lines)
        self.shown: list[str] = []

    def input(self, prompt: str) -> str:
        self.shown.append(prompt)
        line = next(self._lines, EOFError)
        if not isinstance(line, str):
            raise line
        return line

    def output(self, text: str) -> None:
        self.shown += text.splitlines()

    @property
    def text(self) -> str:
        return "\n".join(self.shown)
