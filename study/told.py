"""What it is worth to a contextual agent to be told whom it plays against.

The agent (``agent.nets.numpy_remembering``) begins each game with a memory made of its opponent's
name. It plays each opponent that it knows, told the truth, told that it plays against itself, and
told another's name; and of the games in which it was told the truth, every position that it found
on the board is judged again with each of these beginnings, and once without any history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent import catalog, outcome
from agent.arena import play_games
from agent.errors import ConfigError
from agent.nets.numpy_recurrent import on_leaves
from agent.nets.numpy_remembering import driven, first_states, of_settings, step
from agent.players.remembering import RememberingAgent
from agent.protocol import Agent, Boards, Memory

# The first turn of each group of turns of one player, and the word for no history.
TURNS = (1, 4, 7, 10, 15, 20, 25)
ALONE = "no history"


@dataclass(frozen=True)
class Settings:
    """Who is told, and how many games; see ``study.contextual_rnn.Part``.

    ``agent`` must be one that can be told of opponents; ``games`` of each contest, ``judged``
    those of which positions are judged.

    Raises:
        ConfigError: a count is not right, or the agent cannot be told.
    """

    agent: str = "contextual"
    games: int = 4000
    judged: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        for name, least in (("games", 4), ("judged", 4), ("seed", 0)):
            value = getattr(self, name)
            if value < least:
                raise ConfigError(f"{name} must be at least {least}, not {value}")


def runs(settings: Settings) -> Sequence[Mapping[str, Any]]:
    """Return a run for each opponent that the agent knows beside itself.

    Raises:
        ConfigError: it knows none.
    """
    return [{"opponent": name, "seed": settings.seed} for name in _agent(settings).opponents[1:]]


def work(settings: Settings, run: Mapping[str, Any]) -> int:
    """Return how many games a run plays."""
    return settings.games * len(_agent(settings).opponents) + settings.judged


def run(
    settings: Settings, which: Mapping[str, Any], tell: Callable[[int, str], None],
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any] | None:
    """Return what a run found, ``None`` if it was stopped.

    Returns:
        ``told``: by the name that the agent was told, ``ppg``, points a game, ``mean`` and ``se``
        from duplicate dice, and ``win``, the share of games won; ``gain``: points a game that the
        truth is worth over each other name, from the same dice; ``turns``: the first and last turn
        of each group, ``positions`` in it, and by name ``error``, the mean squared difference of
        the equity of a position from what the game brought, and ``worse``, how much more that is
        than with the truth, with its standard error over games.
    """
    agent, truth = _agent(settings), which["opponent"]
    rival = catalog.get(truth)
    told, points, done = {}, {}, 0
    for name in agent.opponents:
        if stop():
            return None
        tell(done, f"told {name}")
        points[name], _ = play_games(agent.against(name), rival, settings.games, settings.seed)
        told[name] = {"ppg": _mean_of_pairs(points[name].astype(float)),
                      "win": float((points[name] > 0).mean())}
        done += settings.games
    tell(done, "judging positions")
    gain = {name: _mean_of_pairs(points[truth].astype(float) - points[name])
            for name in agent.opponents if name != truth}
    found = judged(agent, truth, rival, settings.judged, settings.seed)
    return {"told": told, "gain": gain, **found}


def _agent(settings: Settings) -> RememberingAgent:
    agent = catalog.get(settings.agent)
    if not isinstance(agent, RememberingAgent) or len(agent.opponents) < 2:
        raise ConfigError(f"{settings.agent} cannot be told of opponents; name a contextual agent")
    return agent


class Turns(NamedTuple):
    """The turns of one player in G games: those of turn k are at ``[k]``.

    ``game`` int[n], which games came so far; ``found`` int8[n, 2, 25], the board before the roll;
    ``left`` int8[n, 2, 25], the after-position, seen by the opponent.
    """

    game: npt.NDArray[np.int64]
    found: Boards
    left: Boards


class Recorder:
    """Plays as another agent and writes down its turns, game by game."""

    def __init__(self, agent: Agent) -> None:
        self._agent, self.name, self.turns = agent, agent.name, list[Turns]()

    def start(self, batch: int) -> Memory:
        """Return the memory of new games; see ``Agent.start``."""
        self.turns.clear()
        return {"agent": self._agent.start(batch), "game": np.arange(batch),
                "turn": np.zeros(batch, int)}

    def choose(
        self, boards: Boards, dice: npt.NDArray[np.int8], memory: Memory, rng: np.random.Generator
    ) -> tuple[Boards, Memory]:
        """Choose as that agent does; see ``Agent.choose``."""
        after, kept = self._agent.choose(boards, dice, memory["agent"], rng)
        for turn in np.unique(memory["turn"]):
            now = memory["turn"] == turn
            while len(self.turns) <= turn:
                none = np.zeros((0, 2, 25), np.int8)
                self.turns.append(Turns(np.zeros(0, int), none, none))
            parts = memory["game"][now], boards[now].copy(), after[now].copy()
            self.turns[turn] = Turns(*(np.concatenate([old, new]) for old, new in
                                       zip(self.turns[turn], parts, strict=True)))
        return after, {**memory, "agent": kept, "turn": memory["turn"] + 1}


def judged(
    agent: RememberingAgent, truth: str, rival: Agent, games: int, seed: int
) -> dict[str, Any]:
    """Return how far the agent's judgement is from what games brought; see :func:`run`."""
    recorder = Recorder(agent.against(truth))
    points, _ = play_games(recorder, rival, games, seed)
    names = (*agent.opponents, ALONE)
    values = {name: equities(agent, recorder.turns, games, name) for name in names}
    turns = []
    ends = (*(first - 1 for first in TURNS[1:]), len(recorder.turns))
    for first, end in zip(TURNS, ends, strict=True):
        part = slice(first - 1, end)
        squares = {name: (found[part] - points) ** 2 for name, found in values.items()}
        count = int(np.isfinite(squares[truth]).sum())
        if not count:
            continue
        worse = {name: _mean_by_game(squares[name] - squares[truth])
                 for name in names if name != truth}
        turns.append({"first": first, "last": end, "positions": count,
                      "error": {name: float(np.nanmean(s)) for name, s in squares.items()},
                      "worse": worse})
    return {"turns": turns}


def equities(
    agent: RememberingAgent, turns: Sequence[Turns], games: int, told: str
) -> npt.NDArray[np.float64]:
    """Return the equity float64[turns, games] of the positions found; NaN where a game was over.

    Args:
        agent: who judges.
        turns: of games from their beginning.
        games: how many.
        told: the opponent's name, or ``ALONE``: each position is then the first of its game.
    """
    spec, parts = of_settings(agent.net, agent.settings), agent.params["params"]
    number = np.int32(0 if told == ALONE else spec.opponents.index(told))
    who = np.float32(number > 0)
    found = np.full((len(turns), games), np.nan)
    states = spec.zero_states(games)
    for k, turn in enumerate(turns):
        inputs = agent.features.encode(turn.found)
        if k == 0 or told == ALONE:
            mine = first_states(parts, spec, number, inputs)
        else:
            mine = on_leaves(lambda a, at=turn.game: a[at], states)
        values, mine = step(driven(parts, spec, inputs, who, np), mine, parts, spec)
        found[k, turn.game] = outcome.equity(values)
        inputs = agent.features.encode(turn.left)
        _, mine = step(driven(parts, spec, inputs, -who, np), mine, parts, spec)
        on_leaves(lambda a, new, at=turn.game: a.__setitem__(at, new), states, mine)
    return found


def _mean_of_pairs(values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the mean of games and its standard error; games 2k and 2k + 1 share their dice."""
    pairs = values[: len(values) // 2 * 2].reshape(-1, 2).mean(1)
    return {"mean": float(values.mean()), "se": _se(pairs)}


def _mean_by_game(values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the mean over [turns, games], NaN left out, and its standard error over games."""
    known = np.isfinite(values)
    mean = float(values[known].mean())
    of_game = np.where(known, values - mean, 0).sum(0)
    spread = float(np.sqrt((of_game**2).sum())) / int(known.sum())
    return {"mean": mean, "se": spread}


def _se(values: npt.NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
