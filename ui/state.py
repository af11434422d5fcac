"""The whole state of the board window, as frozen data, and what can be read off it.

Player 0 is the near one, player 1 the far one. Everything that changes a state is in ``ui.update``
and the files beside it; nothing here knows pixels or pygame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.analysis import Choice
from engine.game import MatchState
from engine.transcript import GameRecord, Transcript
from ui.board_game import Game, new_game
from ui.events import Effect, Roll
from ui.moving import Moving
from ui.settings import Settings
from ui.setup import Editing
from ui.units import Units
from ui.view import Spot

# Agents that are no networks and cannot look ahead.
NOT_AHEAD = ("random", "pubeval")
Counts = tuple[tuple[int, ...], tuple[int, ...]]
Place = tuple[int, int]
"""Where in the record: the number of the game and how many turns of it have been made."""


@dataclass(frozen=True)
class Touch:
    """A checker under the pointer: the spot it stands on, the pixel; ``lifted``: it is dragged.

    ``away``: the pointer has been elsewhere since, so that coming back is not a click.
    """

    spot: Spot
    at: tuple[int, int]
    lifted: bool = False
    away: bool = False


@dataclass(frozen=True)
class Hop:
    """One checker's way from spot to spot."""

    owner: int
    source: Spot
    target: Spot


@dataclass(frozen=True)
class Flight:
    """Checkers on their way, one after the other, while the game itself is further already.

    ``counts``: checkers at each spot when the first one left; ``each``: milliseconds a hop takes;
    ``elapsed``: since the first began. ``player`` and ``roll``: whose play it is, to be shown.
    """

    counts: Counts
    hops: tuple[Hop, ...]
    each: float
    player: int
    roll: Roll
    elapsed: float = 0.0


@dataclass(frozen=True)
class Asking:
    """A dialog that is open: which, what was typed, what is wrong; ``data`` is its own."""

    name: str
    typed: str | None = None
    error: str = ""
    data: Any = None


@dataclass(frozen=True, eq=False)
class Opinions:
    """What the analyst has said: by place the ranked plays, and the near player's chances.

    ``None`` stands for "no opinion to be had". ``asked_rank`` and ``asked_chances`` are the
    requests not answered yet, with their places; ``queue``: plays still to be judged.
    """

    ranked: Mapping[Place, tuple[Choice, ...] | None] = field(default_factory=dict)
    chances: Mapping[Place, npt.NDArray[np.float32] | None] = field(default_factory=dict)
    asked_rank: tuple[int, Place] | None = None
    asked_chances: tuple[int, Place] | None = None
    queue: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False)
class State:
    """Everything the window knows.

    ``agents``: who sits there, ``None`` a person; ``known``: names of agents to choose from.
    ``games``: those before this one. ``moving``: the play of a person in progress. ``asked``: the
    request to the agent on roll. ``throwing``: dice are being thrown (``True``: the opening).
    ``hold``: milliseconds until what was ``announced`` happens by itself. ``confirming``: the play
    waits for the tutor. ``review``: the place looked at. ``hints``: whether they are shown,
    ``chosen``: the one that is shown alone. ``over_told``: the end of the game was shown.
    ``stalled``: the agent's answer was refused. ``thrown``: rolls thrown with this seed before
    this game; ``shown_seed``: the seed was revealed, so that the next game needs another.
    ``offer``: who wants to resign, and for how much, while his opponent thinks about it.
    ``path``: of the file last read or written; ``saving``: the one being written.
    ``units``: those of a convolutional net that are shown, ``None`` for none.
    """

    settings: Settings
    agents: tuple[str | None, str | None]
    names: tuple[str, str]
    known: tuple[str, ...]
    game: Game
    games: tuple[GameRecord, ...] = ()
    moving: Moving | None = None
    touch: Touch | None = None
    flight: Flight | None = None
    dialog: Asking | None = None
    editing: Editing | None = None
    review: Place | None = None
    opinions: Opinions = Opinions()
    hints: bool = False
    chosen: int | None = None
    message: str = ""
    requests: int = 0
    asked: int | None = None
    throwing: bool | None = None
    hold: float = 0.0
    announced: bool = False
    confirming: bool = False
    paused: bool = False
    stalled: bool = False
    dismissed: bool = False
    over_told: bool = False
    manual: bool = False
    thrown: int = 0
    game_began_at: int = 0
    shown_seed: bool = False
    path: str = ""
    saving: str | None = None
    offer: tuple[int, int] | None = None
    units: Units | None = None

    @property
    def here(self) -> Place:
        """The present place in the record."""
        return len(self.games), len(self.game.turns)

    @property
    def looked_at(self) -> Place:
        """The place on the board: the one reviewed, or the present."""
        return self.review or self.here

    @property
    def records(self) -> tuple[GameRecord, ...]:
        """All games, the present one last."""
        return (*self.games, self.game.record)

    @property
    def transcript(self) -> Transcript:
        """What has been played so far, as it is saved."""
        return Transcript(self.names, self.game.before.length, self.records)

    @property
    def person_to_play(self) -> bool:
        """Whether a person is on roll in a game that goes on."""
        player = self.game.player
        return player is not None and self.game.end is None and self.agents[player] is None

    @property
    def has_person(self) -> bool:
        """Whether a person sits at the board."""
        return None in self.agents

    @property
    def on_board(self) -> bool:
        """Whether the present game is what the board shows and can be touched."""
        return self.dialog is None and self.review is None and self.editing is None

    @property
    def on_screen(self) -> bool:
        """Whether the present game is what the board shows, perhaps behind a dialog."""
        return self.review is None and self.editing is None

    @property
    def can_roll(self) -> bool:
        """Whether dice may be thrown now by whoever is at the board."""
        return (self.game.end is None and self.game.roll is None and self.throwing is None
                and self.flight is None)


Step = tuple[State, list[Effect]]
Action = Callable[[State], Step]


def ask(state: State) -> tuple[State, int]:
    """Return the state that has made one more request, and its number."""
    number = state.requests + 1
    return replace(state, requests=number), number


def initial(settings: Settings, agents: tuple[str | None, str | None], names: tuple[str, str], *,
            choices: tuple[str, ...] = (), manual: bool = False) -> State:
    """Return the state before anything has happened; ``ui.update.begin`` gives its first effects.

    Args:
        settings: as remembered; ``length`` is the match to be played.
        agents: by name, with plies, on the near and the far side; ``None`` for a person.
        names: what to call them.
        choices: names of the agents that may be chosen in the window.
        manual: whether every roll is asked from the person.
    """
    match = MatchState(length=max(settings.length, 0))
    return State(settings, agents, names, choices, new_game(match), manual=manual)
