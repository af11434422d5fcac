"""The data set of the pipeline: positions of games of several strengths, and how the games ended.

Train positions are from games of some agents with themselves, test positions from games of others,
so that the two differ as an earlier time differs from a later one. An agent may wander: make a
random play now and then, so that positions come up which it would avoid.

Every position is the board the player on roll finds. Positions of one game share its result; the
number of the game stands with each, for splits by game.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent import catalog
from agent.checkpoint import write_atomically
from agent.errors import AgentError, ConfigError
from agent.nets.numpy_classes import of_points
from agent.players.random_play import RandomAgent
from agent.protocol import Agent, Boards, Memory
from engine import bearoff
from engine.board import has_contact, validate
from engine.dice import roll_batch
from engine.errors import EngineError
from engine.game import results
from engine.plays import afterstates_of
from study import game_corpus

FORMAT = 1
TRAIN, TEST = 0, 1
_AT_ONCE = 1000
Ints = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]


class Siblings(NamedTuple):
    """M pairs of after-positions of one roll, int8[M, 2, 25], seen by the opponent, now on roll.

    ``preferred`` is what the player chose, ``other`` another legal one; ``game`` int64[M].
    """

    preferred: Boards
    other: Boards
    game: Ints


class Positions(NamedTuple):
    """N positions.

    ``boards`` int8[N, 2, 25], the player on roll first; ``points`` int8[N], how the game ended for
    him, -3..3; ``game`` int64[N], no two games of the data set have the same; ``source`` int8[N],
    number in ``sources``, whose games; ``part`` int8[N], ``TRAIN`` or ``TEST``; ``truth``
    float32[N, 5], the outcomes of the bear-off tables, not a number where they are silent.
    """

    boards: Boards
    points: npt.NDArray[np.int8]
    game: Ints
    source: npt.NDArray[np.int8]
    part: npt.NDArray[np.int8]
    truth: npt.NDArray[np.float32]
    siblings: Siblings
    sources: tuple[str, ...]

    @property
    def y(self) -> Ints:
        """The classes int64[N] of the results."""
        return of_points(self.points)

    def take(self, at: npt.NDArray[Any]) -> Positions:
        """Return the positions at these places, or where this is true, with the siblings of all."""
        return Positions._make(
            [*(part[at] for part in self[:6]), self.siblings, self.sources])


class Source(NamedTuple):
    """Whose games: an agent by name that plays itself, and where it is made to stray.

    ``wander``: how likely it makes a random play instead of its own. ``siblings``: the positions
    are those behind random plays that it could have made, each played on by itself to its end:
    what an agent that compares plays has to judge, and good play seldom shows.
    """

    agent: str
    wander: float = 0.0
    siblings: bool = False

    @staticmethod
    def of(text: str) -> Source:
        """Return ``NAME``, ``NAME@SHARE`` or ``NAME@siblings``.

        Raises:
            ConfigError: the share is none.

        >>> Source.of("td-gammon@0.1")
        Source(agent='td-gammon', wander=0.1, siblings=False)
        """
        name, at, how = text.rpartition("@")
        if not at:
            return Source(text)
        if how == "siblings":
            return Source(name, siblings=True)
        try:
            wander = float(how)
        except ValueError:
            wander = -1.0
        if not 0 <= wander <= 1:
            raise ConfigError(f"{text}: behind @ stands the share of random plays, 0 to 1, "
                              f"or siblings, not {how!r}")
        return Source(name, wander)


class _Wandering:
    """An agent that makes a random legal play with some probability."""

    def __init__(self, agent: Agent, share: float) -> None:
        self.name, self._agent, self._share, self._random = agent.name, agent, share, RandomAgent()

    def start(self, batch: int) -> Memory:
        return self._agent.start(batch)

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory, rng: np.random.Generator
    ) -> tuple[Boards, Memory]:
        chosen, memory = self._agent.choose(boards, dice, memory, rng)
        stray = rng.random(len(boards)) < self._share
        if stray.any():
            chosen = np.array(chosen)
            chosen[stray] = self._random.choose(boards[stray], dice[stray], None, rng)[0]
        return chosen, memory


def players(
    train: Sequence[str], test: Sequence[str], games: int, per_game: int
) -> list[tuple[Agent, Source]]:
    """Return whose games :func:`play` would play, in their order; the arguments are its own.

    Raises:
        AgentError: an agent is unknown or cannot be had; ConfigError: a number makes no sense.
    """
    names = (*train, *test)
    if not train or not test:
        raise ConfigError("there must be an agent at least for train and one for test")
    if len(set(names)) < len(names):
        raise ConfigError("an agent's games can be of train or of test, and be named once only")
    if games < 10 or per_game < 1:
        raise ConfigError(f"there must be 10 games at least and one position of each, not {games} "
                          f"and {per_game}")
    return [(catalog.get(source.agent), source) for source in map(Source.of, names)]


def play(
    train: Sequence[str], test: Sequence[str], games: int, per_game: int, seed: int,
    progress: Progress = lambda done, total: None,
) -> Positions:
    """Let agents play themselves, and take positions of every game.

    Args:
        train: whose games the train positions are of, as :meth:`Source.of` reads it.
        test: those of the test positions.
        games: of each agent.
        per_game: positions of each game, at random plies but the first; all where it has fewer.
        seed: of dice, agents and the positions taken.
        progress: called with (games finished, games).

    Siblings are found for every position taken where a player that chooses (not ``random``, nor one
    that wanders) has contact and two plays at least.

    Raises:
        AgentError: an agent is unknown or cannot be had; ConfigError: a number makes no sense.
    """
    names, agents = (*train, *test), players(train, test, games, per_game)
    found, done = [], 0
    for number, (agent, source) in enumerate(agents):
        player = _Wandering(agent, source.wander) if source.wander else agent
        for first in range(0, games, _AT_ONCE):
            count = min(_AT_ONCE, games - first)
            # No smaller than a corpus may be; what is too many is not taken.
            turns = game_corpus.play(
                player, max(count, 3), _seed(seed, number, first),
                lambda n, of, done=done, count=count: progress(  # type: ignore[misc]
                    done + min(n, count), len(names) * games))
            turns = game_corpus.Turns._make(part[turns.game < count] for part in turns)
            rng = np.random.default_rng([seed, number, first, 1])
            whose = _Whose(number, TRAIN if number < len(train) else TEST, number * games + first)
            if source.siblings:
                found.append(_of_siblings(turns, per_game, rng, agent, whose))
            else:
                chooses = not source.wander and agent.name != "random"
                found.append(_of_turns(turns, per_game, rng, chooses, whose))
            done += count
    parts = [np.concatenate(columns) for columns in zip(*(f[:6] for f in found), strict=True)]
    pairs = [np.concatenate(columns) for columns in zip(*(f.siblings for f in found), strict=True)]
    return Positions._make([*parts, Siblings(*pairs), names])


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class _Whose(NamedTuple):
    """The number of a source, its part, and the number of its games' first in the data set."""

    number: int
    part: int
    game0: int


def _of_turns(
    turns: game_corpus.Turns, per_game: int, rng: np.random.Generator, chooses: bool, whose: _Whose
) -> Positions:
    """Return positions of games as the players found them."""
    at = _some(turns.game, per_game, rng)
    last = np.flatnonzero(np.append(turns.game[1:] != turns.game[:-1], True))
    # Who moves last wins; he sits at every second turn before.
    won = results(turns.afters[last])[turns.game[at]]
    mover_wins = (last[turns.game[at]] - at) % 2 == 0
    siblings = _siblings(turns, at[has_contact(turns.boards[at])] if chooses else at[:0], rng,
                         whose.game0)
    return _positions(turns.boards[at], np.where(mover_wins, won, -won), turns.game[at], siblings,
                      whose)


def _of_siblings(
    turns: game_corpus.Turns, per_game: int, rng: np.random.Generator, agent: Agent, whose: _Whose
) -> Positions:
    """Return positions behind plays that were not made, each played on to its end."""
    found = _siblings(turns, _some(turns.game, per_game, rng), rng, 0)
    running = np.flatnonzero(results(found.other) == 0)
    boards, game = found.other[running], found.game[running]
    points = ended(agent, boards, rng)
    return _positions(boards, points, game, Siblings._make(part[:0] for part in found), whose)


def _positions(
    boards: Boards, points: npt.NDArray[Any], game: Ints, siblings: Siblings, whose: _Whose
) -> Positions:
    truth = np.full((len(boards), 5), np.nan, np.float32)
    if (covered := bearoff.covers(boards)).any():
        truth[covered] = bearoff.load().outcomes(boards[covered])
    number, part = (np.full(len(boards), n, np.int8) for n in (whose.number, whose.part))
    return Positions(boards, points.astype(np.int8), game + whose.game0, number, part, truth,
                     siblings, ())


def ended(agent: Agent, boards: Boards, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Let an agent play positions to their ends against itself, each once.

    Args:
        agent: who plays both sides.
        boards: int8[N, 2, 25], games that are not over.
        rng: of dice and of the agent.

    Returns:
        int8[N]: -3 to 3, to the player who is on roll in the position.
    """
    points = np.zeros(len(boards), np.int8)
    running, sign = np.arange(len(boards)), 1
    memories = [agent.start(len(boards)), agent.start(len(boards))]
    while len(running):
        boards, memories[0] = agent.choose(boards, roll_batch(rng, len(boards)), memories[0], rng)
        won = results(boards)
        points[running] = sign * won
        on = np.flatnonzero(won == 0)
        boards, running, sign = boards[on], running[on], -sign
        memories = [game_corpus.of_games(memory, on) for memory in reversed(memories)]
    return points


def _some(game: Ints, per_game: int, rng: np.random.Generator) -> Ints:
    """Return the places of random turns, so many of each game, none of them its first."""
    first = np.append(True, game[1:] != game[:-1])
    order = np.lexsort((rng.random(len(game)) + first, game))
    rank = np.arange(len(game)) - np.flatnonzero(first)[game]
    kept = order[rank < per_game]
    return np.sort(kept[~first[kept]])


def _siblings(
    turns: game_corpus.Turns, at: Ints, rng: np.random.Generator, game0: int
) -> Siblings:
    """Return what was chosen in these turns with another play each, where there is one."""
    preferred, other, game = [], [], []
    for i in at:
        plays = afterstates_of(turns.boards[i], int(turns.dice[i, 0]), int(turns.dice[i, 1]))
        others = plays[(plays != turns.afters[i]).any((1, 2))]
        if len(others):
            preferred.append(turns.afters[i])
            other.append(others[rng.integers(len(others))])
            game.append(turns.game[i] + game0)
    shape = (-1, 2, 25)
    return Siblings(np.array(preferred, np.int8).reshape(shape),
                    np.array(other, np.int8).reshape(shape), np.array(game, np.int64))


def write(path: Path, found: Positions) -> None:
    """Write a data set, ``.npz``; the old file stays whole until the new one is.

    Raises:
        AgentError: the file cannot be written.
    """
    arrays: dict[str, Any] = {"format": np.array(FORMAT), "sources": np.array(found.sources)}
    arrays |= dict(zip(Positions._fields[:6], found[:6], strict=True))
    arrays |= {f"siblings_{name}": part
               for name, part in zip(Siblings._fields, found.siblings, strict=True)}
    try:
        write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error


def read(path: Path) -> Positions:
    """Return a data set that :func:`write` wrote.

    Raises:
        AgentError: there is no such file, or it holds anything else.
    """
    try:
        # np.load leaves a file open that is no archive.
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        if found["format"].shape or found["format"] != FORMAT:
            raise AgentError(f"{path}: is of format {found['format']}; this program reads {FORMAT}")
        rows = [found[name] for name in Positions._fields[:6]]
        siblings = Siblings(*(found[f"siblings_{name}"] for name in Siblings._fields))
        positions = Positions._make([*rows, siblings, tuple(map(str, found["sources"]))])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is no file of positions"
        raise AgentError(f"{path}: cannot be read ({reason})") from error
    for wrong in _faults(positions):
        raise AgentError(f"{path}: {wrong}")
    return positions


def _faults(found: Positions) -> Iterator[str]:
    """Say what is not as :class:`Positions` says."""
    count = len(found.boards)
    shapes = {"boards": (count, 2, 25), "truth": (count, 5)}
    for name in Positions._fields[:6]:
        part = getattr(found, name)
        if part.shape != shapes.get(name, (count,)):
            yield f"{name} is of shape {list(part.shape)}, not {list(shapes.get(name, (count,)))}"
            return
    for boards in (found.boards, found.siblings.preferred, found.siblings.other):
        try:
            validate(boards)
        except EngineError as error:
            yield str(error)
    if not np.isin(found.points, [-3, -2, -1, 1, 2, 3]).all():
        yield "points must be -3 to 3, not 0"
    if not np.isin(found.part, [TRAIN, TEST]).all() or len(np.unique(found.part)) < 2:
        yield "it must have a train and a test part"
    if not ((found.source >= 0) & (found.source < len(found.sources))).all():
        yield "a position is from no known source"
