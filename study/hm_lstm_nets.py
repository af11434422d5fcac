"""The nets of the study of multiscale LSTMs: kinds, sizes, and how each is trained.

Chung, Ahn & Bengio (arXiv 1609.01704) train three layers with Adam at a rate of 0.002, gradients
cut to a norm of 1, and a slope that grows by 0.04 an epoch from 1 to 5. Here the run is much
shorter: the slope goes the same way in as many equal steps as there are pieces of the run, the rate
is 0.003, and it is halved for each of the last pieces.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.nets import lstm, numpy_hm_lstm, numpy_lstm
from agent.nets.hm_lstm import HMLSTM
from agent.nets.lstm import uniform
from study.language import LanguageModel, Trainer, Training

KINDS = ("lstm", "hm-lstm", "hm-lstm annealed")
CORPORA = ("games", "text")
MOST_SLOPE = 5.0
_ENDS = "ends"
_STREAMS = 20
Array = Any


class Net(NamedTuple):
    """One net of the study."""

    corpus: str
    kind: str
    seed: int


@dataclass(frozen=True)
class Settings:
    """What is compared; all nets of a corpus read the same ``tokens`` in the same way.

    ``width``: of the layers of the multiscale nets; LSTMs are as wide as makes them about as large.
    ``boundary_bias`` (of each layer that has boundaries, or one for all), ``layer_norm`` and
    ``nested``: see ``agent.nets.numpy_hm_lstm``. ``band``: see :class:`Multiscale`; (0, 1) holds
    nothing. ``pieces``: of a run, between which the slope grows; in the last ``slow_pieces`` the
    rate is halved, again and again. ``games`` of ``agent`` with itself; ``text``, a file or folder,
    or ``None`` for the King James text. ``measured``: tokens of the test part, at most, that nets
    are judged on.
    """

    corpora: tuple[str, ...] = CORPORA
    kinds: tuple[str, ...] = KINDS
    seeds: int = 3
    seed: int = 1
    tokens: int = 2_000_000
    width: int = 64
    layers: int = 3
    embedding: int = 48
    boundary_bias: tuple[float, ...] = (-0.2, 0.0)
    layer_norm: bool = True
    nested: bool = True
    band: tuple[float, ...] = (0.1, 0.3)
    rate: float = 0.003
    batch: int = 32
    steps: int = 50
    pieces: int = 25
    slow_pieces: int = 4
    games: int = 12_000
    agent: str = "pubeval"
    text: str | None = None
    measured: int = 100_000

    @classmethod
    def quick(cls, **changes: Any) -> Settings:
        """Return settings that show boundaries in games within a minute."""
        small: dict[str, Any] = {
            "corpora": ("games",), "seeds": 1, "tokens": 300_000, "width": 32, "embedding": 24,
            "pieces": 10, "slow_pieces": 2, "games": 1500, "measured": 15_000}
        return cls(**(small | changes))

    def __post_init__(self) -> None:
        for name in ("corpora", "kinds", "boundary_bias", "band"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        wholes = {"seeds": (1, 100), "tokens": (1, 10**10), "width": (1, 4096), "layers": (2, 20),
                  "embedding": (1, 4096), "batch": (1, 4096), "steps": (1, 1000),
                  "pieces": (1, 1000), "games": (3, 10**7), "measured": (1000, 10**9),
                  "seed": (0, 2**31 - 1), "slow_pieces": (0, self.pieces - 1)}
        checks = [
            *((bool(mine) and len(set(mine)) == len(mine) and set(known).issuperset(mine),
               f"{name} must be some of {', '.join(known)}, each once")
              for name, mine, known in (("corpora", self.corpora, CORPORA),
                                        ("kinds", self.kinds, KINDS))),
            *((type(getattr(self, name)) is int and low <= getattr(self, name) <= high,
               f"{name} must be {low} to {high}, not {getattr(self, name)}")
              for name, (low, high) in wholes.items()),
            (self.tokens >= self.pieces * self.batch * self.steps,
             f"tokens must be at least {self.pieces * self.batch * self.steps:,} ({self.pieces} "
             f"pieces of {self.batch} x {self.steps}), not {self.tokens:,}"),
            *((abs(bias) <= 1000, f"a boundary bias must be -1000 to 1000, not {bias:g}")
              for bias in self.boundary_bias),
            (len(self.boundary_bias) in (1, self.layers - 1),
             f"boundary_bias must be one number or {self.layers - 1}, not "
             f"{len(self.boundary_bias)}"),
            (len(self.band) == 2 and 0 <= self.band[0] < self.band[-1] <= 1,
             f"band must be two shares, the lower one first, not {list(self.band)}"),
            (0 < self.rate <= 100, f"rate must be above 0 and at most 100, not {self.rate}"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @property
    def training(self) -> Training:
        """How a net learns; gradients are of the sum over the steps, and so is what cuts them."""
        return Training(
            epochs=self.pieces, tokens=self.tokens // self.pieces, batch=self.batch,
            steps=self.steps, optimizer="adam", rate=self.rate, clip=float(self.steps), decay=0.5,
            decay_after=self.pieces - self.slow_pieces)

    def slope_of(self, piece: int) -> float:
        """Return the slope of an annealed net in a piece of its run, the first being 0.

        >>> [round(Settings().slope_of(piece), 2) for piece in (0, 1, 24)]
        [1.0, 1.17, 5.0]
        """
        return 1 + (MOST_SLOPE - 1) * piece / max(1, self.pieces - 1)


def nets(settings: Settings) -> list[Net]:
    """Return the nets of a study in their order: all of a seed, then those of the next."""
    return [Net(corpus, kind, settings.seed + i) for i in range(settings.seeds)
            for corpus in settings.corpora for kind in settings.kinds]


@jax.custom_vjp
def costing(outputs: Array, cost: Array) -> Array:
    """Return outputs as they are; where a loss of them is differentiated, ``cost`` adds to it."""
    return outputs


def _costing_forth(outputs: Array, cost: Array) -> tuple[Array, None]:
    return outputs, None


def _costing_back(_: None, slope: Array) -> tuple[Array, Array]:
    return slope, jnp.ones((), slope.dtype)


costing.defvjp(_costing_forth, _costing_back)


class Multiscale(HMLSTM):
    """The multiscale net as a stack of ``study.language``; its boundaries are told beside it.

    They are in the collection "ends", float32[T, B, layers - 1], where that may be written. In
    training, rates outside of ``band`` cost ``band_weight`` times their squared distance from it,
    in nats a token. Without that, they often run away to 0 or 1 in the first few hundred steps:
    a gradient straight through a boundary says nothing of what else the segment would have been.
    """

    band: tuple[float, float] = (0.0, 1.0)
    band_weight: float = 20.0

    def zero_state(self, *batch: int) -> Any:
        """Return states that have seen nothing, all zero, with the axes of ``batch``."""
        return self.zero_states(*batch)

    def __call__(  # type: ignore[override]
        self, xs: Array, states: Any, train: bool = False, slope: Array | float | None = None
    ) -> tuple[Array, Any]:
        """Return what is said to a sequence xs float32[T, B, F], and the states after it."""
        outputs, states, ends = super().__call__(xs, states, slope)
        if train:
            low, high = self.band
            rates = ends.mean((0, 1))
            off = jnp.maximum(low - rates, 0) + jnp.maximum(rates - high, 0)
            # The loss of a language model is summed over the steps.
            outputs = costing(outputs, len(xs) * self.band_weight * (off * off).sum())
        # What is told when parameters are made would become one of them.
        if not self.is_initializing():
            self.sow(_ENDS, _ENDS, ends)
        return outputs, states


def size_of(kind: str, vocabulary: int, settings: Settings, width: int) -> int:
    """Return how many parameters a model has, its embedding and its softmax included."""
    if kind == "lstm":
        shapes = numpy_lstm.stack_shapes(settings.embedding, width, settings.layers, "vanilla")
    else:
        shapes = numpy_hm_lstm.shapes(settings.embedding, {
            "width": width, "layers": settings.layers, "layer_norm": settings.layer_norm})
    stack = sum(int(np.prod(shape)) for shape in shapes.values())
    return stack + vocabulary * (settings.embedding + width + 1)


@cache
def width_of(kind: str, vocabulary: int, settings: Settings) -> int:
    """Return the width of a kind: an LSTM's is that which makes it nearest in size."""
    if kind != "lstm":
        return settings.width
    wanted = size_of("hm-lstm", vocabulary, settings, settings.width)
    return min(range(settings.width, 2 * settings.width + 1),
               key=lambda width: abs(size_of("lstm", vocabulary, settings, width) - wanted))


def open_gates(key: Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> Array:
    """Return biases of a vanilla LSTM: 1 of the forget gates, the third of four blocks, else 0."""
    width = shape[0] // 4
    return jnp.zeros(shape, dtype).at[2 * width : 3 * width].set(1)


def trainer_of(kind: str, vocabulary: int, settings: Settings) -> Trainer:
    """Return what trains a kind: annealed nets and others share one."""
    width = width_of(kind, vocabulary, settings)
    if kind == "lstm":
        # Forget gates begin open, as is usual, or the LSTM would learn much later.
        stack: Any = lstm.Stack(width, settings.layers, "vanilla", bias_init=open_gates)
    else:
        biases = settings.boundary_bias
        stack = Multiscale(
            width, settings.layers, layer_norm=settings.layer_norm, nested=settings.nested,
            band=(settings.band[0], settings.band[1]),
            boundary_bias=biases[0] if len(biases) == 1 else biases)
    model = LanguageModel(stack, vocabulary, settings.embedding, uniform(0.5))
    return Trainer(model, settings.training)


def boundaries(
    trainer: Trainer, params: Any, tokens: npt.NDArray[Any], streams: int = _STREAMS
) -> npt.NDArray[np.bool_]:
    """Return where the layers of a model end segments in tokens int[N], bool[streams, n, L - 1].

    They are read as ``streams`` streams, each from a state that has seen nothing; n is N / streams
    without what is left over of windows of as many steps as in training.
    """
    model, steps = trainer.model, trainer.training.steps
    length = len(tokens) // (streams * steps) * steps
    windows = tokens[: streams * length].astype(np.int32).reshape(streams, -1, steps)
    states = jax.tree.map(jnp.asarray, model.stack.zero_state(streams))
    read, found = _reader(model), []
    for window in windows.transpose(1, 2, 0):
        states, ends = read(params, window, states)
        found.append(np.asarray(ends).transpose(1, 0, 2) > 0)
    return np.concatenate(found, axis=1)


@cache
def _reader(model: LanguageModel) -> Any:
    def read(params: Any, window: Array, states: Any) -> tuple[Any, Array]:
        (_, states), told = model.apply(params, window, states, mutable=[_ENDS])
        return states, told[_ENDS]["stack"][_ENDS][0]

    return jax.jit(read)
