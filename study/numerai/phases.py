"""What a backgammon player sees in a position: a few figures of each side, and the phase of play.

Phases are game plans that players tell apart: chapters 2, 4 to 9 of P. Lamford, Starting Out in
Backgammon (2001), are the opening, the race, the bear-off, priming games, the blitz, holding games
and backgames. Where nothing of the kind shows, it is called the middle game. The rules by which a
position is put under one of them are in :data:`RULES`, the first that holds counts; a plan is
that of either side, so the phase does not depend on who is on roll.

Terms: glossary of nextgammon.com/en/glossary; the zone: N. Ballard, Backgammon Openings
(2007), where it is most often a player's points 1 to 11; priming: A. Ortega, The Priming Game
(1993), bkgm.com/articles/Ortega.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agent.protocol import Boards
from engine.bearoff import covers
from engine.board import BAR, CHECKERS, flip, has_contact, off, pips, start

FACTS = ("pips", "blots", "points made", "home points", "prime", "anchors", "back", "bar", "off")
"""What :func:`facts` counts of a side.

``pips`` to go; ``blots``, single checkers on points; ``points made``, points with two checkers or
more; ``home points``, those of them in the own home; ``prime``, how many points made stand in a row
before an opponent's checker that has still to pass them; ``anchors``, points made in the opponent's
home; ``back``, checkers there or on the bar; ``bar``; borne ``off``.
"""

PHASES = ("opening", "backgame", "prime", "blitz", "holding game", "middle game", "race",
          "bear-off")
OPENING, BACKGAME, PRIME, BLITZ, HOLDING, MIDDLE, RACE, BEAR_OFF = range(len(PHASES))

_MOVED, _BEHIND, _PRIME, _ZONE, _IN_ZONE, _CLOSED, _HOME = 4, 30, 5, 11, 10, 5, 6

RULES = {
    "bear-off": "no contact, and no checker of either side outside its home",
    "race": "no contact, otherwise",
    "opening": f"contact, and neither side has more than {_MOVED} checkers off their first places",
    "backgame": f"a side has two anchors or more and is at least {_BEHIND} pips behind",
    "prime": f"a side has {_PRIME} points in a row before a checker that must still pass",
    "blitz": f"a side with fewer than {_CLOSED} home points and none off has {_IN_ZONE} checkers "
             f"on its points 1 to {_ZONE}, the opponent one at least back, and no anchor",
    "holding game": "a side has an anchor, and the opponent no checker back any more",
    "middle game": "contact, and none of these",
}
"""How a position is told to be of a phase; the first that holds, in this order."""

Floats = npt.NDArray[np.float32]


def facts(boards: Boards) -> Floats:
    """Return :data:`FACTS` float32[N, 2, 9] of boards int8[N, 2, 25], the player on roll first."""
    points = boards[..., :BAR]
    made = points >= 2
    found = [pips(boards), (points == 1).sum(-1), made.sum(-1), made[..., :_HOME].sum(-1),
             _prime(boards), made[..., -_HOME:].sum(-1), boards[..., BAR - _HOME:].sum(-1),
             boards[..., BAR], off(boards)]
    return np.stack([part.astype(np.float32) for part in found], axis=-1)


def _prime(boards: Boards) -> npt.NDArray[np.int64]:
    """Return the longest row of points made int64[N, 2] before the opponent's last checker."""
    theirs = flip(boards) > 0
    # My index of the opponent's last checker is 23 less his: -1 on the bar, none where all are off.
    last = 23 - np.where(theirs.any(-1), BAR - theirs[..., ::-1].argmax(-1), -1)
    made = (boards[..., :BAR] >= 2) & (np.arange(BAR) > last[..., None])
    longest, row = np.zeros(made.shape[:-1], np.int64), made
    for more in range(1, BAR):
        if not row.any():
            break
        longest += row.any(-1)
        row = row[..., :-1] & made[..., more:]
    return longest


def phases(boards: Boards) -> npt.NDArray[np.int64]:
    """Return the phase int64[N], a number in :data:`PHASES`, of boards int8[N, 2, 25]."""
    one = dict(zip(FACTS, np.moveaxis(facts(boards), -1, 0), strict=True))
    away = CHECKERS - np.minimum(boards, start()).sum(-1)
    zone = boards[..., :_ZONE].sum(-1)
    behind = one["pips"] - one["pips"][:, ::-1]
    their_back, their_anchors = one["back"][:, ::-1], one["anchors"][:, ::-1]
    plans = {
        BACKGAME: (one["anchors"] >= 2) & (behind >= _BEHIND),
        PRIME: one["prime"] >= _PRIME,
        BLITZ: ((one["home points"] < _CLOSED) & (one["off"] == 0) & (zone >= _IN_ZONE)
                & (their_back >= 1) & (their_anchors == 0)),
        HOLDING: (one["anchors"] >= 1) & (their_back == 0),
    }
    contact = has_contact(boards)
    rules = [~contact & covers(boards), ~contact, (away <= _MOVED).all(-1),
             *(plan.any(-1) for plan in plans.values())]
    named: npt.NDArray[np.int64] = np.select(
        rules, [BEAR_OFF, RACE, OPENING, *plans], MIDDLE).astype(np.int64)
    return named
