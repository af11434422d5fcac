"""How fast training is in many devices, on paper: computing, the dice of all games, all-reduces.

Between two changes of the parameters each of n devices plays T plies of its b games, and then the
direction of the change is summed over all. A device draws the dice of all n b games, since dice
must not depend on the number of devices, and uses its own::

    ply     = floor + b game + n b draw
    reduce  = 2 (n - 1) / n bytes / bandwidth + calls hops(n) latency
    games/s = n b T / (T ply + reduce) / plies of a game

``bytes`` are 4 for each parameter, as in a ring; ``hops`` are 2 log2(n) of a tree, which small
messages take, or 2 (n - 1) of a ring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

INPUTS, OUTCOMES = 198, 5
PLIES_A_GAME = 55.5


@dataclass(frozen=True)
class Device:
    """A device and its way to the others; all times in seconds.

    ``floor``: of a ply, however few games; ``game``: of a ply of one game; ``draw``: of the dice of
    one game; ``bandwidth``: bytes a second between two devices; ``latency``: of one message;
    ``calls``: all-reduces a change; ``ring``: whether messages go round a ring.
    """

    floor: float
    game: float
    draw: float
    bandwidth: float
    latency: float
    calls: int = 2
    ring: bool = False

    def hops(self, devices: int) -> int:
        """Return after how many messages in a row all devices know the sum."""
        return 2 * (devices - 1) if self.ring else 2 * math.ceil(math.log2(devices))


def parameters(hidden: int) -> int:
    """Return how many a net 198-hidden-5 has.

    >>> parameters(80)
    16325
    """
    return (INPUTS + 1) * hidden + (hidden + 1) * OUTCOMES


def point(device: Device, devices: int, batch: int, plies: int, hidden: int) -> dict[str, Any]:
    """Return what the model says: games a second, shares of the time, bytes.

    Args:
        device: each of them.
        devices: n.
        batch: games at once on each, b.
        plies: between two changes, T.
        hidden: units of the net.
    """
    size = 4 * parameters(hidden)
    computing = plies * (device.floor + batch * device.game)
    drawing = plies * devices * batch * device.draw
    reducing = (2 * (devices - 1) / devices * size / device.bandwidth
                + device.calls * device.hops(devices) * device.latency)
    whole = computing + drawing + reducing
    rate = devices * batch * plies / whole / PLIES_A_GAME
    alone = batch * plies / (computing + plies * batch * device.draw) / PLIES_A_GAME
    return {
        "devices": devices, "batch": batch, "games_per_s": rate,
        "efficiency": rate / devices / alone, "changes_per_s": 1 / whole,
        "share_drawing": drawing / whole, "share_reducing": reducing / whole,
        "all_reduce_bytes": 2 * (devices - 1) / devices * size,
        "trace_bytes_a_device": batch * OUTCOMES * size,
    }


def halved_at(device: Device, batch: int, plies: int, hidden: int) -> int:
    """Return at which power of two of devices each works at most half as fast as alone."""
    for power in range(1, 31):
        if point(device, 2**power, batch, plies, hidden)["efficiency"] <= 0.5:
            return 2**power
    return 2**31
