"""Language models around any recurrent stack: they learn to tell the next token.

An embedding, the stack, a softmax. A corpus is cut into parallel streams, read some steps at a
time; the state is carried on from one stretch of steps to the next, gradients are not (truncated
backpropagation through time, as Zaremba, Sutskever & Vinyals, arXiv 1409.2329). Losses are cross
entropies in nats a token; see :func:`bits` and :func:`perplexity`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from agent.errors import ConfigError
from agent.nets.lstm import Initializer, uniform
from study.text import Corpus

Array = Any
Params = Any
Tokens = npt.NDArray[np.integer[Any]]
Extra = Mapping[str, float]
OPTIMIZERS: dict[str, Callable[[], optax.GradientTransformation]] = {
    "sgd": optax.identity, "adam": optax.scale_by_adam}
# Windows that go through one call, about: after each progress is told.
_STRETCH = 50
_MEASURED_STREAMS = 20


def bits(nats: float) -> float:
    """Return bits a token."""
    return nats / math.log(2)


def perplexity(nats: float) -> float:
    """Return the perplexity; infinite for what is too large to be said.

    >>> round(perplexity(math.log(66)), 6)
    66.0
    """
    return math.exp(nats) if nats < 700 else math.inf


@dataclass(frozen=True)
class Training:
    """How a language model learns.

    ``epochs`` of ``tokens`` each (``None``: the training part once); an epoch goes on where the one
    before ended, and from the front again after the last token. ``batch`` parallel streams, read
    ``steps`` tokens at a time. The loss is summed over the steps and averaged over the streams; its
    gradient is cut to a global norm of ``clip`` and multiplied by the rate, by ``adam`` after its
    moments. From epoch ``decay_after`` on (of the first it is 0) the rate is multiplied by
    ``decay`` before each epoch.

    Raises:
        ConfigError: a setting makes no sense.
    """

    epochs: int = 10
    tokens: int | None = None
    batch: int = 20
    steps: int = 35
    optimizer: str = "sgd"
    rate: float = 1.0
    clip: float = 5.0
    decay: float = 0.5
    decay_after: int = 6

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ConfigError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, not "
                              f"{self.optimizer!r}")
        for name in ("epochs", "batch", "steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.tokens is not None and self.tokens < self.batch * self.steps:
            raise ConfigError(f"an epoch must have at least {self.batch} x {self.steps} tokens, "
                              f"not {self.tokens}")
        for name in ("rate", "clip", "decay"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.decay_after < 0:
            raise ConfigError(f"decay_after must not be negative, as {self.decay_after} is")

    def rate_of(self, epoch: int) -> float:
        """Return the rate of an epoch; the first is 0."""
        return self.rate * self.decay ** max(0, epoch + 1 - self.decay_after)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


class LanguageModel(nn.Module):
    """An embedding, ``stack``, and a softmax over ``vocabulary`` tokens.

    The stack is a flax module that is called as ``stack(xs, states, train, **extra)`` with xs
    float32[T, B, embedding], time first, and returns outputs float32[T, B, E] for the softmax and
    the states behind the last step; its ``zero_state(B)`` gives the states before the first one, a
    tree of arrays [B, ...]. Where it drops anything it takes the RNG ``dropout`` if ``train`` is
    set. ``extra`` are numbers that may change with the epoch, as the slope of a boundary's step; a
    stack that needs none takes none. ``agent.nets.lstm.Stack`` is such a stack. ``ends_init`` draws
    the embedding, the softmax and its bias; what the stack begins with is the stack's own.
    """

    stack: nn.Module
    vocabulary: int
    embedding: int
    ends_init: Initializer = uniform(0.05)

    @nn.compact
    def __call__(
        self, tokens: Array, states: Any, train: bool = False, **extra: Any
    ) -> tuple[Array, Any]:
        """Return logits float32[T, B, V] of the token behind each of int[T, B], and the states."""
        table = self.param("embedding", self.ends_init, (self.vocabulary, self.embedding))
        said, states = self.stack(jnp.take(table, tokens, axis=0), states, train, **extra)
        softmax = nn.Dense(self.vocabulary, kernel_init=self.ends_init, bias_init=self.ends_init,
                           name="softmax")
        return softmax(said), states


@dataclass(frozen=True, eq=False)
class Fit:
    """A model trained once.

    ``losses``: [tokens read, nats a token of training] by stretches, with dropout if there is any;
    ``valid``: [tokens read, nats a token] of the validation part after each epoch. ``diverged``:
    ``None``, or after how many tokens the loss was no number, which ends the training, or went
    above log V, that of knowing nothing, to be there still at the end of an epoch; such a model
    learns on, for the rate may fall. ``stopped``: the user wanted it. ``params``: those of the end,
    ``{"params": ...}``.
    """

    seed: int
    params: Params
    losses: tuple[tuple[int, float], ...]
    valid: tuple[tuple[int, float], ...]
    diverged: int | None
    stopped: bool
    seconds: float


class Trainer:
    """Trains one model under one setting with any seed; holds what has been compiled."""

    def __init__(self, model: LanguageModel, training: Training) -> None:
        self.model, self.training = model, training
        self._optimizer = optax.chain(optax.clip_by_global_norm(training.clip),
                                      OPTIMIZERS[training.optimizer]())
        self._apply: Callable[..., Any] = model.apply
        self._init = jax.jit(model.init)
        self._stretch = jax.jit(self._learn, donate_argnums=(0, 1, 2))
        self._measure = jax.jit(self._sums)

    def init(self, seed: int) -> Params:
        """Return the parameters a seed begins with."""
        tokens = jnp.zeros((1, 1), jnp.int32)
        return self._init(jax.random.key(seed), tokens, self._zero(1))

    def fit(
        self, corpus: Corpus, seed: int, tell: Callable[[int], None] = lambda tokens: None,
        stop: Callable[[], bool] = lambda: False,
        extra_of: Callable[[int], Extra] = lambda epoch: {}, valid_tokens: int | None = None,
    ) -> Fit:
        """Train a model of new parameters on the training part of a corpus.

        Args:
            corpus: with the model's vocabulary.
            seed: of the parameters and of dropout. One seed gives one result on one machine.
            tell: called with the tokens read so far, after every stretch.
            stop: asked after every stretch; true ends the training.
            extra_of: what the stack is told beside its inputs in an epoch, from 0 on.
            valid_tokens: how many tokens of the validation part are measured; ``None``: all.

        Raises:
            ConfigError: the training part is shorter than a window of all streams.
        """
        begun, how = time.monotonic(), self.training
        windows = _Windows(corpus.tokens[corpus.train], how.batch, how.steps)
        stretches, length = _stretches(how, len(windows))
        params, dropout = self.init(seed), jax.random.key(seed + 2**31)
        moments, states = self._optimizer.init(params), self._zero(how.batch)
        window_tokens, at = how.batch * how.steps, 0
        losses, valid = list[tuple[int, float]](), list[tuple[int, float]]()
        diverged, stopped, lost = None, False, False
        for epoch in range(how.epochs):
            rate, extra = np.float32(how.rate_of(epoch)), _floats(extra_of(epoch))
            for _ in range(stretches):
                params, moments, states, each = self._stretch(
                    params, moments, states, windows.take(at, length),
                    jax.random.fold_in(dropout, at), rate, extra)
                at += length
                losses.append((at * window_tokens, float(np.asarray(each).mean())))
                tell(at * window_tokens)
                lost, stopped = not math.isfinite(losses[-1][1]), stop()
                if lost or stopped:
                    break
            if stopped:
                break
            nats = self.measure(params, corpus.tokens[corpus.valid][:valid_tokens], extra)
            valid.append((at * window_tokens, nats))
            # Not below, rather than above: it may be no number.
            if diverged is None and (lost or not nats < self._nothing):
                diverged = self._since(losses)
            if lost:
                break
        return Fit(seed, params, tuple(losses), tuple(valid), diverged, stopped,
                   time.monotonic() - begun)

    @property
    def _nothing(self) -> float:
        """What knowing nothing costs, nats a token."""
        return math.log(self.model.vocabulary)

    def _since(self, losses: list[tuple[int, float]]) -> int:
        """Return how many tokens were read when the loss began to be no better than nothing."""
        bad = [not loss < self._nothing for _, loss in losses]
        first = len(bad) - 1
        while first and bad[first - 1]:
            first -= 1
        return losses[first][0]

    def measure(self, params: Params, tokens: Tokens, extra: Extra | None = None) -> float:
        """Return the mean loss of telling each of tokens int[N] from those before it, nats a token.

        They are read as 20 streams, each from a state that has seen nothing; the first token of all
        is not asked for. Nothing is dropped out.
        """
        count = len(tokens) - 1
        streams = min(_MEASURED_STREAMS, count)
        steps = self.training.steps
        length = -(-count // (streams * steps)) * steps
        # A stream longer than what there is is filled up with tokens that do not count.
        at = np.arange(streams)[:, None] * -(-count // streams) + np.arange(length)
        ends = np.minimum((np.arange(streams)[:, None] + 1) * -(-count // streams), count)
        there = (at < ends).T.reshape(-1, steps, streams)
        at = np.minimum(at, count - 1).T.reshape(-1, steps, streams)
        states = self._zero(streams)
        total = 0.0
        # A call a window, so that slices of any length share what is compiled.
        for i in range(len(at)):
            window = tokens[at[i]].astype(np.int32), tokens[at[i] + 1].astype(np.int32), there[i]
            loss, states = self._measure(params, states, window, _floats(extra or {}))
            total += float(loss)
        return total / count

    def _zero(self, batch: int) -> Any:
        return jax.tree.map(jnp.asarray, self.model.stack.zero_state(batch))

    def _sums(self, params: Params, states: Any, window: Any, extra: Extra) -> tuple[Array, Any]:
        seen, wanted, there = window
        logits, states = self._apply(params, seen, states, **extra)
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, wanted)
        return jnp.sum(jnp.where(there, loss, 0.0)), states

    def _learn(
        self, params: Params, moments: Any, states: Any, windows: Any, key: Array, rate: Array,
        extra: Extra,
    ) -> tuple[Params, Any, Any, Array]:
        """Learn from windows [W, T, B] one after the other; return the loss of each as well."""
        zero = self._zero(self.training.batch)

        def loss_of(params: Params, states: Any, seen: Array, wanted: Array, key: Array) -> Any:
            logits, states = self._apply(params, seen, states, True, rngs={"dropout": key},
                                         **extra)
            each = optax.softmax_cross_entropy_with_integer_labels(logits, wanted)
            return each.mean(1).sum(), states

        def one(carry: Any, window: Any) -> tuple[Any, Array]:
            params, moments, states, number = carry
            seen, wanted, first = window
            states = jax.tree.map(lambda a, b: jnp.where(first, a, b), zero, states)
            (loss, states), slope = jax.value_and_grad(loss_of, has_aux=True)(
                params, states, seen, wanted, jax.random.fold_in(key, number))
            change, moments = self._optimizer.update(slope, moments, params)
            params = jax.tree.map(lambda p, c: p - rate * c, params, change)
            return (params, moments, states, number + 1), loss / self.training.steps

        carry, losses = jax.lax.scan(one, (params, moments, states, 0), windows)
        return *carry[:3], losses


class _Windows:
    """The training part as windows of parallel streams: [steps, batch] tokens and the next ones."""

    def __init__(self, tokens: Tokens, batch: int, steps: int) -> None:
        self._count = (len(tokens) - 1) // (batch * steps)
        if not self._count:
            raise ConfigError(f"{len(tokens):,} tokens to learn from are fewer than {batch} streams"
                              f" x {steps} steps and one more")
        length = self._count * steps
        starts = np.arange(batch) * length
        # What is left over, less than a window, is at the end.
        self._at = starts[None, :] + np.arange(steps)[:, None]
        self._tokens, self._steps = tokens.astype(np.int32), steps

    def __len__(self) -> int:
        return self._count

    def take(self, first: int, count: int) -> tuple[Array, Array, Array]:
        """Return windows int32[count, T, B], what stands behind each, and which begin anew."""
        number = (first + np.arange(count)) % self._count
        at = number[:, None, None] * self._steps + self._at
        return self._tokens[at], self._tokens[at + 1], number == 0


def _stretches(how: Training, windows: int) -> tuple[int, int]:
    """Return how many stretches an epoch has, and the windows of each."""
    if how.tokens is not None:
        windows = how.tokens // (how.batch * how.steps)
    stretches = -(-windows // _STRETCH)
    return stretches, -(-windows // stretches)


def _floats(extra: Extra) -> dict[str, Any]:
    return {name: np.float32(value) for name, value in extra.items()}


def train(
    model: LanguageModel, corpus: Corpus, training: Training, seed: int = 1, **options: Any
) -> Fit:
    """Train a model once; see :meth:`Trainer.fit`, which many seeds share more cheaply."""
    return Trainer(model, training).fit(corpus, seed, **options)
