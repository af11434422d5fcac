"""The nets of the study of depth: kinds, depths, sizes, and how each is trained.

The rules are those of Srivastava, Greff & Schmidhuber (arXiv 1505.00387): a plain layer comes
first, a stack of depth - 1 layers follows, and plain nets are wider, so that they have about as
many parameters as highway nets of their depth.

Depth counts the layers of hidden units; the one that gives the outcomes is not counted. A
convolutional net has a dense layer behind its stack, which counts too: 50 are 1 + 49 of a plain or
highway net and 1 + 48 + 1 of a convolutional one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from agent.checkpoint import net_shapes
from agent.config import TrainConfig
from agent.errors import ConfigError
from agent.nets.settings import complete

KINDS = ("plain", "highway", "conv")
OPPONENTS = ("pubeval", "td-gammon")


@dataclass(frozen=True)
class Settings:
    """What is compared; every net is trained with the same ``games``, rates and pruning.

    ``width``: of the highway nets; plain ones are as wide as makes them about as large.
    ``channels`` and ``kernel``: of the convolutional ones, whose dense layer is ``width`` wide.
    ``seeds``: nets of each kind and depth, from ``seed`` on. ``measure_games``: against each of
    ``OPPONENTS``. The step size falls from ``alpha`` to a tenth of it over the games.
    """

    games: int = 15_000
    kinds: tuple[str, ...] = KINDS
    depths: tuple[int, ...] = (3, 20, 50)
    width: int = 32
    channels: int = 8
    kernel: int = 3
    seeds: int = 1
    seed: int = 1
    measure_games: int = 1000
    # TD(0) by default: with lambda above 0 a trace holds five gradients of each game, which of 50
    # layers takes three times as long.
    lam: float = 0.0
    alpha: float = 0.002
    batch: int = 32
    plies: int = 4
    # A net that learns only from plays which another one thinks likely judges the others badly:
    # a conv net of 5 layers had -0.071 +- 0.044 points a game against pubeval after 100,101 games.
    prune: str = ""
    prune_within: float = 0.12
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name in ("kinds", "depths"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        known, kinds, depths = set(KINDS), self.kinds, self.depths
        wholes = [type(x) is int for x in (self.games, self.seeds, self.seed, self.measure_games,
                                           *depths)]
        checks = [
            (all(wholes), "games, depths, seeds and games to measure must be whole numbers"),
            (bool(kinds) and known.issuperset(kinds), f"kinds must be some of {', '.join(KINDS)}"),
            (len(set(kinds)) == len(kinds) and len(set(depths)) == len(depths),
             "each kind and each depth can be named once only"),
            (bool(depths) and all(3 <= d <= 10_000 for d in depths), "depths must be 3 to 10000"),
            (self.games >= 1, f"games must be at least 1, not {self.games}"),
            (1 <= self.seeds <= 1000, f"seeds must be 1 to 1000, not {self.seeds}"),
            (self.measure_games >= 4, f"measure at least 4 games, not {self.measure_games}"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)
        for net in nets(self):
            config(self, net)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class Net(NamedTuple):
    """One net of the study."""

    kind: str
    depth: int
    seed: int

    @property
    def name(self) -> str:
        """How its folder is called."""
        return f"{self.kind}-{self.depth}-seed-{self.seed}"


def nets(settings: Settings) -> list[Net]:
    """Return the nets of a study in their order: shallow ones first, seed after seed."""
    return [Net(kind, depth, settings.seed + i) for i in range(settings.seeds)
            for depth in settings.depths for kind in settings.kinds]


def carry_bias(depth: int) -> float:
    """Return what the biases of transform gates are at first: about -1 for every ten layers.

    The rule of arXiv 1505.00387, -1, -2 and -3 at 10, 20 and 30 layers, goes on to -4.

    >>> [carry_bias(depth) for depth in (3, 10, 20, 30, 50)]
    [-1.0, -1.0, -2.0, -3.0, -4.0]
    """
    return -float(min(max(round(depth / 10), 1), 4))


def config(settings: Settings, net: Net) -> TrainConfig:
    """Return how a net of the study is trained.

    Raises:
        ConfigError: some setting is none the trainer takes.
    """
    of_net: dict[str, Any]
    if net.kind == "conv":
        of_net = {"net": "conv", "layers": net.depth - 2, "width": settings.width,
                  "channels": settings.channels, "kernel": settings.kernel,
                  "carry_bias": carry_bias(net.depth)}
    elif net.kind == "highway":
        of_net = {"net": "highway", "layers": net.depth - 1, "width": settings.width,
                  "carry_bias": carry_bias(net.depth)}
    else:
        of_net = {"net": "highway", "layers": net.depth - 1, "gated": False,
                  "width": plain_width(settings.width, net.depth)}
    return TrainConfig(
        **of_net, lam=settings.lam, lam_end=settings.lam, alpha=settings.alpha,
        alpha_end=settings.alpha / 10, alpha_games=settings.games, batch=settings.batch,
        plies=settings.plies, prune=settings.prune, prune_within=settings.prune_within,
        precision=settings.precision, seed=net.seed)


def plain_width(width: int, depth: int) -> int:
    """Return the width of the plain net that is nearest in size to a highway net.

    >>> plain_width(32, 50)
    45
    """
    def size(width: int, gated: bool) -> int:
        return size_of("highway", {"width": width, "layers": depth - 1, "gated": gated})

    wanted = size(width, True)
    return min(range(width, 2 * width + 1), key=lambda w: abs(size(w, False) - wanted))


def size_of(net: str, given: dict[str, Any]) -> int:
    """Return how many parameters a net has with Tesauro's inputs."""
    shapes = net_shapes(net, complete(net, given), TrainConfig.features)
    assert shapes is not None
    return sum(int(np.prod(shape)) for shape in shapes.values())
