"""What the board window asks of the world, done: dice, files, the clipboard, settings, agents.

Answers are events, handed to a function of the caller's, some of them from other threads.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from agent.checkpoint import write_atomically
from engine import mat
from engine.dice import SeededDice
from engine.errors import EngineError
from engine.transcript import Transcript
from ui import settings as settings_file
from ui.events import (
    AskChances,
    AskPaste,
    AskPlay,
    AskRank,
    AskSeed,
    AskUnits,
    Close,
    Copy,
    Dice,
    Effect,
    Event,
    Load,
    Loaded,
    Pasted,
    Remember,
    Save,
    Seat,
    SeedIs,
    StartGame,
    Throw,
    Thrown,
    Told,
)
from ui.settings import Settings
from ui.thinking import Thinking
from ui.worker import Worker

# A match of a thousand games is a tenth of this.
_LARGEST_FILE = 20_000_000
_SEED_BITS = 32
_GUEST = "Guest"


class TextStore(Protocol):
    """Something that keeps a text: ``ui.clipboard.Clipboard``."""

    def copy(self, text: str) -> str:
        """Keep a text; return what is to be said about where, "" for nothing."""
        ...

    def paste(self) -> str:
        """Return the text that is there, "" for none."""
        ...


class World:
    """Carries out effects.

    ``seeds``: those of all dice thrown so far, in their order. ``closed``: the window is to close.
    ``size``: of the window, remembered with the settings.
    """

    def __init__(
        self,
        deliver: Callable[[Event], None],
        thinking: Thinking,
        clipboard: TextStore,
        settings: Settings,
        *,
        seed: int | None = None,
        file: Path | None = None,
    ) -> None:
        """Begin with dice of a seed.

        Args:
            deliver: given every answer; called from several threads.
            thinking: the agents; they must deliver likewise.
            clipboard: for copying and pasting.
            settings: as they were read.
            seed: of the dice; ``None`` for a new one, which nobody knows.
            file: where settings are kept; ``None``: nowhere.
        """
        self._deliver, self._thinking, self._clipboard = deliver, thinking, clipboard
        self._file, self._kept = file, settings
        self._written = settings
        self._files = Worker("tdgammon-files", self._tell)
        self.size = settings.size
        self.seeds: list[int] = []
        self.closed = False
        self._new_dice(seed)
        self._use(settings)

    def carry_out(self, effect: Effect) -> None:
        """Do what is asked, or begin to; what goes wrong is told."""
        match effect:
            case Throw():
                self._throw(effect.opening)
            case AskPlay():
                self._thinking.play(effect)
            case AskRank():
                self._thinking.rank(effect)
            case AskChances():
                self._thinking.chances(effect)
            case AskUnits():
                self._thinking.units(effect)
            case StartGame():
                self._thinking.start_game()
            case Seat():
                self._seat(effect)
            case Dice():
                self._new_dice(effect.seed, effect.manual)
            case AskSeed():
                self._deliver(SeedIs(self._seed))
            case Copy():
                said = self._clipboard.copy(effect.text)
                self._deliver(Told(f"{effect.what} copied" + (f" ({said})" if said else "")))
            case AskPaste():
                self._deliver(Pasted(self._clipboard.paste()))
            case Save():
                self._save(effect)
            case Load():
                self._files.do(lambda: self._load(effect.path))
            case Remember():
                self._use(effect.settings)
                self._remember(effect.settings)
            case Close():
                self.closed = True

    def close(self) -> None:
        """Stop listening to the agents, and remember the window's size if it has changed."""
        self._thinking.close()
        self._remember(self._kept)

    @property
    def busy(self) -> bool:
        """Whether an agent or a file is still being worked on."""
        return self._thinking.busy or self._files.busy

    # ---- dice

    def _new_dice(self, seed: int | None, manual: bool = False) -> None:
        self._seed = None if manual else secrets.randbits(_SEED_BITS) if seed is None else seed
        # With rolls typed in nobody should ask for one, and if so it is at least no known one.
        self._dice = SeededDice(secrets.randbits(_SEED_BITS) if self._seed is None else self._seed)
        self._used = False

    def _throw(self, opening: bool) -> None:
        if not self._used and self._seed is not None:
            self.seeds.append(self._seed)
            self._used = True
        roll = self._dice.opening() if opening else self._dice.roll()
        self._deliver(Thrown(roll, opening))

    # ---- agents and settings

    def _seat(self, seat: Seat) -> None:
        self._thinking.people = people(self._kept.name, seat.agents)
        self._thinking.seat(seat)

    def _use(self, settings: Settings) -> None:
        self._kept = settings
        self._thinking.use_analyst(settings.analyst, settings.analyst_ply)

    def _remember(self, settings: Settings) -> None:
        if self._file is None:
            return
        settings = replace(settings, size=self.size)
        if settings == self._written:
            return
        try:
            settings_file.save(self._file, settings)
        except OSError as error:
            self._failed(f"the settings cannot be written to {self._file} ({error.strerror})")
        self._written = settings

    # ---- files

    def _save(self, save: Save) -> None:
        try:
            write_match(save.transcript, save.path, overwrite=save.overwrite)
        except (OSError, ValueError) as error:
            self._failed(_reason(save.path, "written", error))
        else:
            self._deliver(Told(f"saved as {save.path}"))

    def _load(self, path: str) -> None:
        try:
            transcript = read_match(path)
        except (OSError, ValueError) as error:
            self._failed(_reason(path, "read", error))
        else:
            self._deliver(Loaded(transcript, path))

    def _tell(self, error: Exception) -> None:
        self._failed(f"{type(error).__name__}: {error}")

    def _failed(self, message: str) -> None:
        self._deliver(Told(" ".join(message.split()), failed=True))


def people(name: str, agents: tuple[str | None, str | None]) -> tuple[str, str]:
    """Return what a person on the near and one on the far side is called.

    >>> people("Ann", (None, None)), people("Ann", ("pubeval", None))
    (('Ann', 'Guest'), ('Ann', 'Ann'))
    """
    return name, _GUEST if agents[0] is None else name


def write_match(transcript: Transcript, path: str, *, overwrite: bool = False) -> None:
    """Write a ``.mat`` file; an old one stays whole until the new one is.

    Raises ``FileExistsError`` if it is there already and ``overwrite`` is not said, ``OSError`` if
    it cannot be written, ``EngineError`` if the transcript cannot.
    """
    file = Path(os.path.realpath(os.path.expanduser(path)))
    if os.path.exists(file):
        if not os.path.isfile(file):
            raise OSError(0, "it is not a file")
        if not overwrite:
            raise FileExistsError(0, "it exists already")
    data = mat.format_mat(transcript).encode("utf-8")
    write_atomically(file, lambda opened: opened.write(data))


def read_match(path: str) -> Transcript:
    """Read a ``.mat`` file.

    Raises ``OSError`` if it cannot be read, ``EngineError`` if it is none.
    """
    file = os.path.expanduser(path)
    if os.path.exists(file) and not os.path.isfile(file):
        raise OSError(0, "it is not a file")
    with open(file, "rb") as opened:
        data = opened.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise EngineError(f"it is larger than {_LARGEST_FILE // 10**6} MB, so it is no match")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Older programs write names in the code page of their time; this one reads any byte.
        text = data.decode("latin-1")
    return mat.parse_mat(text)


def _reason(path: str, done: str, error: Exception) -> str:
    what = error.strerror if isinstance(error, OSError) else error
    if isinstance(error, FileExistsError):
        return f"{path} exists already; nothing was written"
    return f"{path} cannot be {done}: {what}"
