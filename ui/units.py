"""Units of a convolutional net over the board: which one is shown, what it sees, how that is said.

A net numbers the points as the player on roll does; what the board shows is numbered by spots, the
near player's points. With "same" padding on both ends a field looks the same from either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from agent.nets.numpy_conv import POINTS
from agent.receptive_field import Layer, Measured, measure
from agent.receptive_field_inputs import used
from ui.board_game import index_of, spot_of
from ui.view import Sight, Spot

Position = tuple[bytes, int]
"""A board int8[2, 25], the near player in row 0, and who is on roll."""


@dataclass(frozen=True)
class Units:
    """What is remembered of the units that are shown.

    ``layers``: the net's convolutions, none until they are known; ``layer`` of them is shown, from
    0, of which the unit at ``spot``. ``gates``: how far they are open, by convolution at the points
    1-24 of who is on roll, in the position ``known``. ``asked``: the request not answered yet, with
    its position.
    """

    layers: tuple[Layer, ...] = ()
    layer: int = 0
    spot: Spot = 5
    gates: tuple[tuple[float, ...], ...] = ()
    known: Position | None = None
    asked: tuple[int, Position] | None = None


@dataclass(frozen=True)
class Seen:
    """The points 0-23 that a unit sees: from the first to the last one, and which it uses."""

    first: int
    last: int
    used: tuple[int, ...]


@lru_cache(maxsize=1024)
def _net(layers: tuple[Layer, ...]) -> Measured:
    return measure(layers, POINTS)


@lru_cache(maxsize=4096)
def seen(layers: tuple[Layer, ...], point: int) -> Seen:
    """Return what the unit at a point of the last of these layers sees.

    >>> seen((Layer(3, padding=1), Layer(3, dilation=3, padding=3)), 1)
    Seen(first=0, last=5, used=(0, 1, 2, 3, 4, 5))
    """
    net = _net(layers)
    first, last = net.output.fields[0].span(point)
    inputs = used(net, (point,))[0].nonzero()[0].tolist()
    return Seen(max(first, 0), min(last, POINTS - 1), tuple(inputs))


def seen_by_unit(units: Units, player: int) -> Seen:
    """Return what the unit that is shown sees, in the numbers of the player on roll."""
    return seen(units.layers[:units.layer + 1], index_of(player, units.spot))


def sight(units: Units, position: Position) -> Sight | None:
    """Return how the unit is marked on the board, ``None`` until the net is known."""
    if not units.layers:
        return None
    player = position[1]
    found = seen_by_unit(units, player)
    span = {spot_of(player, point) for point in range(found.first, found.last + 1)}
    inputs = {spot_of(player, point) for point in found.used}
    gates = _gates(units, position)
    return Sight(units.spot, tuple(sorted(inputs)), tuple(sorted(span - inputs)),
                 tuple(gates[index_of(player, spot)] for spot in range(POINTS)) if gates else ())


def _gates(units: Units, position: Position) -> tuple[float, ...]:
    """Return the gates of the layer shown, none if there are none or they are not known yet."""
    return units.gates[units.layer] if units.known == position else ()


def words(units: Units, position: Position, whose: str) -> str:
    """Return in words what the unit sees.

    Args:
        units: as remembered.
        position: the one on the board.
        whose: of the player on roll, in whose numbers points are told: "your", "Ann's".
    """
    if not units.layers:
        return "Looking at the net"
    player = position[1]
    point, found = index_of(player, units.spot), seen_by_unit(units, player)
    told = (f"Layer {units.layer + 1} of {len(units.layers)}, unit on {whose} {point + 1} point: "
            f"{_sees(found)}")
    gates = _gates(units, position)
    return f"{told}; gates {100 * gates[point]:.0f} % open" if gates else told


def _sees(found: Seen) -> str:
    span, count = found.last - found.first + 1, len(found.used)
    if span == 1:
        return f"sees that point alone (1 of {POINTS})"
    between = f"points {found.first + 1} to {found.last + 1}"
    if count == span:
        return f"sees {between} ({count} of {POINTS})"
    return f"spans {between}, sees {count} of these {span}"
