"""The settings of a training run: one dataclass, which travels in the checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from agent.errors import ConfigError
from agent.features import FEATURE_SETS
from agent.nets.settings import NAMES, REMEMBERING, complete, plain

PRECISIONS = ("float32", "bfloat16")
OPTIMIZERS = ("adam", "sgd")


@dataclass(frozen=True)
class TrainConfig:
    """How to learn. Two runs with equal settings on one machine give the same parameters.

    Nothing here depends on how long a run is to be: a run of N games is the beginning of any
    longer one, so stopping and going on changes nothing.
    """

    net: str = "mlp"
    # Of the net; agent.nets.settings says which ones it has, and what they are where None is given.
    # Those that it does not have stay None.
    hidden: tuple[int, ...] | None = None
    activation: str | None = None
    width: int | None = None
    layers: int | None = None
    gated: bool | None = None
    carry_bias: float | None = None
    channels: int | None = None
    kernel: int | None = None
    dilation: tuple[int, ...] | None = None
    head: str | None = None
    variant: str | None = None
    slope: float | None = None
    boundary_bias: float | None = None
    layer_norm: bool | None = None
    cell: str | None = None
    initial: str | None = None
    opponents: tuple[str, ...] | None = None
    features: str = "tesauro198-v1"
    # TD(lambda): lam moves in a straight line to lam_end over lam_games games.
    lam: float = 0.7
    lam_end: float = 0.7
    lam_games: int = 200_000
    # The step size falls geometrically to alpha_end over alpha_games games, then stays.
    alpha: float = 0.003
    alpha_end: float = 0.0003
    alpha_games: int = 400_000
    # "sgd" is TD(lambda) as published: alpha multiplies the sum of delta e. "adam" moves along
    # Adam's direction for that sum (Kingma & Ba, arXiv 1412.6980).
    optimizer: str = "adam"
    batch: int = 32
    # Plies of every game between two changes of the parameters; 1 is the textbook's update.
    plies: int = 4
    # The net that plays is the running mean of the parameters over about this last fraction of
    # all changes (0: the parameters themselves).
    average: float = 0.1
    # Of the factors of the products in which the net looks for its play; values and errors are
    # float32 always. "bfloat16" is faster where the processor multiplies it.
    precision: str = "float32"
    # Positions of which the bear-off tables speak are worth what they say, as targets.
    bearoff: bool = False
    # The agent whose parameters the run starts from; "": random ones.
    init: str = ""
    # The agent whose quick net says which plays the net looks at; "": it looks at all.
    prune: str = ""
    # What that net may put a play behind its best one, in points, for it to be looked at.
    prune_within: float = 0.16
    # The largest share of plays made at random in a game; see agent.exploring.
    explore: float = 0.0
    # How likely a net that remembers the game loses its memory after a ply; other nets have none.
    forget: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        for name, value in complete(self.net, self._of_net()).items():
            object.__setattr__(self, name, value)
        if self.remembers and self.forget is None:
            object.__setattr__(self, "forget", 0.02)
        checks = [
            (self.features in FEATURE_SETS, f"unknown features {self.features!r}"),
            (0 <= self.lam <= 1, f"lambda must be 0 to 1, not {self.lam}"),
            (0 <= self.lam_end <= 1, f"lambda_end must be 0 to 1, not {self.lam_end}"),
            (0 < self.alpha < 100, f"alpha must be above 0, not {self.alpha}"),
            (0 < self.alpha_end <= self.alpha, "alpha_end must be above 0 and at most alpha"),
            (self.alpha_games > 0 and self.lam_games > 0, "schedules must last at least 1 game"),
            (
                self.optimizer in OPTIMIZERS,
                f"optimizer must be one of {', '.join(OPTIMIZERS)}, not {self.optimizer!r}",
            ),
            (
                self.precision in PRECISIONS,
                f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}",
            ),
            (1 <= self.batch <= 2**20, f"batch must be 1 to {2**20}, not {self.batch}"),
            (1 <= self.plies <= 256, f"plies must be 1 to 256, not {self.plies}"),
            (0 <= self.average < 1, f"average must be 0 to below 1, not {self.average}"),
            (
                0 < self.prune_within < 100,
                f"prune_within must be above 0, not {self.prune_within}",
            ),
            (
                self.remembers or self.forget is None,
                f"the net {self.net} remembers nothing that it could forget",
            ),
            (
                self.forget is None or 0 <= self.forget <= 1,
                f"forget must be 0 to 1, not {self.forget}",
            ),
            (0 <= self.explore <= 1, f"explore must be 0 to 1, not {self.explore}"),
            (
                not (self.remembers and self.explore),
                f"a net {self.net} remembers what was played; it cannot explore",
            ),
            (
                not (self.prune and self.opponents),
                "a net that learns of other opponents cannot be pruned",
            ),
            (0 <= self.seed < 2**32, f"seed must be 0 to {2**32 - 1}, not {self.seed}"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)

    @property
    def net_settings(self) -> dict[str, Any]:
        """What the network's builder needs, as plain values."""
        return plain(self._of_net())

    def _of_net(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in NAMES}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def remembers(self) -> bool:
        """Whether the net remembers the game."""
        return self.net in REMEMBERING

    @property
    def uses_traces(self) -> bool:
        """Whether traces are carried on from segment to segment."""
        return not self.remembers and (self.lam > 0 or self.lam_end > 0)

    def alpha_at(self, games: int) -> float:
        """Return the step size after that many games."""
        done = min(1.0, games / self.alpha_games)
        return float(self.alpha * (self.alpha_end / self.alpha) ** done)

    def lam_at(self, games: int) -> float:
        """Return lambda after that many games."""
        done = min(1.0, games / self.lam_games)
        return self.lam + (self.lam_end - self.lam) * done

    def keep_at(self, change: int) -> float:
        """Return the weight of the old mean at the n-th change of the parameters."""
        return 0.0 if self.average == 0 else 1 - 1 / (1 + self.average * change)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, without the settings that the net does not have."""
        return {k: v for k, v in plain(asdict(self)).items() if v is not None}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> TrainConfig:
        """Undo :meth:`as_json`; ``ConfigError`` for settings of another version."""
        if not isinstance(values, dict):
            raise ConfigError(f"settings must be an object, not {values!r}")
        if values.get("kind") == "refine":
            raise ConfigError("that run refines a net; go on with tdgammon refine --resume")
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ConfigError(f"unknown settings {', '.join(sorted(unknown))}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"settings of the wrong type: {error}") from error
