"""The associative retrieval task: which digit stood behind the letter that is asked for.

Ba et al. (arXiv 1610.06258) and, with initial states that are learned, Wenke & Fleming (arXiv
1902.03455): ``c9k8j3f1??c`` is answered by 9. A cell with fast weights reads the characters; what
it says to the last one goes through a dense layer to the answer. The context of the initial state
is the embedding of the first character.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from agent.checkpoint import unflatten
from agent.errors import ConfigError
from agent.nets import contextual, fast_weights, numpy_contextual, numpy_fast_weights
from agent.nets.fast_weights import read_back

Array = Any
Ints = npt.NDArray[np.int32]
Tell = Callable[[int, str], None]
# Characters: letters, digits, and the mark before the question.
LETTERS, DIGITS = 26, 10
MARK = LETTERS + DIGITS
CHARACTERS = MARK + 1
KINDS = ("zero", "free", "learned")
CELL: dict[str, Any] = {**numpy_fast_weights.DEFAULTS, "width": 50}
_LIKE = numpy_fast_weights.zero_states(CELL)
_EMBEDDING, _HIDDEN, _BATCH, _RATE = 100, 100, 128, 1e-3
# Questions that are answered at once when the net is measured.
_AT_ONCE = 2000


@dataclass(frozen=True)
class Settings:
    """What is compared: nets of each of ``kinds`` and ``seeds`` for each number of characters.

    ``k``: characters of the pairs, so that there are k / 2 of them. ``caps``: of each k, the epochs
    after which a net that has not solved the task is left. A task is solved where ``solved`` of
    the test questions are answered rightly. ``seed`` is the first one.
    """

    k: tuple[int, ...] = (4, 8)
    caps: tuple[int, ...] = (60, 30)
    kinds: tuple[str, ...] = KINDS
    seeds: int = 3
    seed: int = 1
    train: int = 100_000
    test: int = 20_000
    solved: float = 0.995

    def __post_init__(self) -> None:
        for name in ("k", "caps", "kinds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        checks = [
            (all(k >= 2 and k % 2 == 0 and k <= 2 * LETTERS for k in self.k) and bool(self.k),
             "characters of pairs must be even, 2 to 52"),
            (len(self.caps) == len(self.k) and all(cap >= 1 for cap in self.caps),
             f"epochs must be {len(self.k)} numbers of at least 1, one for each of the "
             "characters of pairs"),
            (bool(self.kinds) and set(KINDS).issuperset(self.kinds),
             f"kinds must be some of {', '.join(KINDS)}"),
            (1 <= self.seeds <= 1000, f"seeds must be 1 to 1000, not {self.seeds}"),
            (self.train >= _BATCH, f"train on at least {_BATCH} questions, not {self.train}"),
            (self.test >= 1, f"test at least one question, not {self.test}"),
            (0 < self.solved <= 1, f"solved must be above 0 and at most 1, not {self.solved}"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)


def runs(settings: Settings) -> list[dict[str, Any]]:
    """Return what tells the nets of a study apart, in their order: seed after seed."""
    return [{"k": k, "initial": initial, "seed": settings.seed + i} for k in settings.k
            for i in range(settings.seeds) for initial in settings.kinds]


def work(settings: Settings, run: Mapping[str, Any]) -> int:
    """Return the most epochs that a net is trained for."""
    return settings.caps[settings.k.index(run["k"])]


def questions(k: int, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return questions int32[count, k + 3] and their answers int32[count], all as characters.

    The k / 2 letters of a question are different ones, the digits any.

    Args:
        k: characters of the pairs.
        count: how many.
        rng: what they are drawn from.
    """
    pairs, all_of_them = k // 2, np.arange(count)
    letters = rng.random((count, LETTERS)).argsort(1)[:, :pairs]
    digits = LETTERS + rng.integers(DIGITS, size=(count, pairs))
    asked = rng.integers(pairs, size=count)
    found = np.full((count, k + 3), MARK, np.int32)
    found[:, 0:k:2], found[:, 1:k:2] = letters, digits
    found[:, -1] = letters[all_of_them, asked]
    return found, digits[all_of_them, asked].astype(np.int32)


def text(question: Ints) -> str:
    """Return a question as it is written.

    >>> text(np.array([2, 35, 10, 34, 36, 36, 2]))
    'c9k8??c'
    """
    return "".join("abcdefghijklmnopqrstuvwxyz0123456789?"[i] for i in question)


def shapes(initial: str) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of a net by its path."""
    cell = numpy_fast_weights.shapes(_EMBEDDING, CELL)
    state = numpy_contextual.shapes(_EMBEDDING, _LIKE, initial)
    return {"embedding": (CHARACTERS, _EMBEDDING),
            **{f"cell/{path}": shape for path, shape in cell.items()},
            **{f"initial/{path}": shape for path, shape in state.items()},
            "hidden/kernel": (CELL["width"], _HIDDEN), "hidden/bias": (_HIDDEN,),
            "answer/kernel": (_HIDDEN, CHARACTERS), "answer/bias": (CHARACTERS,)}


def drawn(initial: str, key: Array) -> Any:
    """Return the parameters that a net begins with."""
    inits, zeros = jax.nn.initializers, jax.nn.initializers.zeros

    def init_of(path: str) -> Any:
        part, _, rest = path.partition("/")
        if part == "cell":
            return fast_weights.inits(CELL)(rest)
        if part == "initial":
            return contextual.inits(initial)(rest)
        if rest != "kernel":
            return zeros
        return inits.he_normal() if part == "hidden" else inits.glorot_uniform()

    found = shapes(initial)
    keys = jax.random.split(key, len(found))
    return unflatten({path: init_of(path)(one, shape, jnp.float32)
                      for one, (path, shape) in zip(keys, found.items(), strict=True)})


def logits(params: Any, asked: Array, initial: str) -> Array:
    """Return float32[B, 37], a number for each character, of questions int32[B, k + 3]."""
    embedding, cell = params["embedding"], params["cell"]
    kernel, bias = numpy_fast_weights.driven(cell, CELL)
    # Everything that depends on one character alone is made of each of the 37 once.
    driven = jax.nn.one_hot(asked.T, CHARACTERS) @ (embedding @ kernel + bias)
    context = embedding[:LETTERS] if initial == "learned" else embedding[0]
    states = numpy_contextual.initial_states(
        params.get("initial", {}), context, _LIKE, initial, jnp)
    if initial == "learned":
        first = jax.nn.one_hot(asked[:, 0], LETTERS)
        states = jax.tree.map(
            lambda s: (first @ s.reshape(LETTERS, -1)).reshape(-1, *s.shape[1:]), states)
    said = read_back(driven, states, cell, CELL)
    bent = jax.nn.relu(said @ params["hidden"]["kernel"] + params["hidden"]["bias"])
    return bent @ params["answer"]["kernel"] + params["answer"]["bias"]


@partial(jax.jit, static_argnames="initial")
def _epoch(
    params: Any, state: Any, order: Array, asked: Array, answers: Array, initial: str
) -> tuple[Any, Any, Array]:
    """Return parameters, state of Adam and mean loss after all batches of ``order``."""
    def loss_of(params: Any, batch: Array) -> Array:
        found = logits(params, asked[batch], initial)
        return optax.softmax_cross_entropy_with_integer_labels(found, answers[batch]).mean()

    def step(carried: tuple[Any, Any], batch: Array) -> tuple[tuple[Any, Any], Array]:
        params, state = carried
        loss, slope = jax.value_and_grad(loss_of)(params, batch)
        change, state = optax.adam(_RATE).update(slope, state)
        return (optax.apply_updates(params, change), state), loss

    (params, state), losses = jax.lax.scan(step, (params, state), order)
    return params, state, losses.mean()


@partial(jax.jit, static_argnames="initial")
def _right(params: Any, asked: Array, answers: Array, initial: str) -> Array:
    """Return how many questions int32[blocks, B, k + 3] are answered rightly."""
    def one(block: tuple[Array, Array]) -> Array:
        return (logits(params, block[0], initial).argmax(-1) == block[1]).sum()

    return jax.lax.map(one, (asked, answers)).sum()


def run(
    settings: Settings, which: Mapping[str, Any], tell: Tell, stop: Callable[[], bool]
) -> dict[str, Any] | None:
    """Train a net until it has solved the task, or as long as it may.

    Args:
        settings: of the study.
        which: ``k``, ``initial`` and ``seed``, one of :func:`runs`.
        tell: called with the epochs done and words after each.
        stop: asked after each epoch.

    Returns:
        ``parameters``; ``curve``, the share of test questions answered rightly after each epoch;
        ``loss`` of the training questions, nats; ``accuracy``, the last of the curve; ``solved``
        and ``off``, the epoch after which the task was solved and after which the net knew more
        than the digits of the question (half of what there is to know beyond), ``None`` where it
        did not come to it; ``seconds``. ``None`` if it was stopped.
    """
    k, initial, seed = which["k"], which["initial"], which["seed"]
    begun, cap = time.monotonic(), work(settings, which)
    # Whatever the initial states are, nets of a seed see the same questions.
    rng = np.random.default_rng([seed, k])
    train = tuple(map(jnp.asarray, questions(k, settings.train, rng)))
    # Blocks of one size: what is over is left out.
    size = min(_AT_ONCE, settings.test)
    blocks = settings.test // size
    asked, answers = questions(k, blocks * size, rng)
    test = jnp.asarray(asked.reshape(blocks, size, -1)), jnp.asarray(answers.reshape(blocks, size))
    params = drawn(initial, jax.random.key(seed))
    state, curve, losses = optax.adam(_RATE).init(params), list[float](), list[float]()
    batches = settings.train // _BATCH
    for epoch in range(1, cap + 1):
        order = rng.permutation(settings.train)[:batches * _BATCH].reshape(batches, _BATCH)
        params, state, loss = _epoch(params, state, order, *train, initial=initial)
        curve.append(int(_right(params, *test, initial=initial)) / (blocks * size))
        losses.append(float(loss))
        tell(epoch, f"{100 * curve[-1]:.1f} % right")
        if curve[-1] >= settings.solved:
            break
        if stop():
            return None
    guess = guessed(k)
    return {"parameters": int(sum(np.prod(shape) for shape in shapes(initial).values())),
            "accuracy": curve[-1], "epochs": len(curve), "cap": cap,
            "solved": _first(curve, settings.solved), "off": _first(curve, (1 + guess) / 2),
            "curve": curve, "loss": losses, "seconds": round(time.monotonic() - begun, 1)}


def guessed(k: int) -> float:
    """Return how often who knows the digits of a question, but not which, can be right.

    Another pair may have the same digit.

    >>> round(guessed(4), 2), round(guessed(8), 2)
    (0.55, 0.38)
    """
    # Best is the digit seen most often; of few pairs that is one above all by chance.
    pairs = k // 2
    rng = np.random.default_rng(0)
    digits = rng.integers(DIGITS, size=(20_000, pairs))
    most = (digits[:, :, None] == digits[:, None, :]).sum(-1).max(-1)
    return float(most.mean() / pairs)


def _first(curve: list[float], least: float) -> int | None:
    return next((i for i, right in enumerate(curve, 1) if right >= least), None)
