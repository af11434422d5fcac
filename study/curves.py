"""Curves generated from the initial state alone (Wenke & Fleming, arXiv 1902.03455).

An LSTM learns to say the next value of curves that swing while they decline to zero,

    y(t) = (1 - t) (1 + cos(2 pi p t)) / 2        0 <= t <= 1, p periods

and is then left alone: it begins at 1, as all these curves do, and is given what it said itself.
Which curve it draws can depend on nothing but its initial state, whose context is p. It is asked
for numbers of periods that it has learned from and for others between them.
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
from agent.nets import contextual, lstm, numpy_contextual, numpy_lstm
from agent.nets.recurrent import JAX

Array = Any
Floats = npt.NDArray[np.float32]
Tell = Callable[[int, str], None]
KINDS = ("zero", "learned", "distribution")
TRAIN = (0.5, 1.5, 2.5, 3.5, 4.5)
TEST = (1.0, 2.0, 3.0, 4.0)
_KIND, _MOST = numpy_lstm.KIND, max(TRAIN)
# Periods that a curve is compared with to find out how many it has.
_PERIODS = np.arange(0, 601, dtype=np.float32) / 100
# Curves drawn from one distribution, of each number of periods.
_DRAWN = 5


@dataclass(frozen=True)
class Settings:
    """What is compared: nets of each of ``kinds`` of initial states, ``seeds`` of each.

    ``points`` of a curve; ``width`` of the LSTM; ``steps`` of an epoch, each of all curves that
    are learned from, ``copies`` times where initial states are drawn; ``rate`` of Adam; ``clip``,
    the norm that gradients are cut to; ``deviation`` of drawn states at first.
    """

    kinds: tuple[str, ...] = KINDS
    seeds: int = 3
    seed: int = 1
    epochs: int = 65
    steps: int = 40
    points: int = 40
    width: int = 128
    copies: int = 4
    rate: float = 2e-4
    clip: float = 10.0
    deviation: float = contextual.GENERATING

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))
        checks = [
            (bool(self.kinds) and set(KINDS).issuperset(self.kinds),
             f"kinds must be some of {', '.join(KINDS)}"),
            (1 <= self.seeds <= 1000, f"seeds must be 1 to 1000, not {self.seeds}"),
            (min(self.epochs, self.steps, self.width, self.copies) >= 1 and self.points >= 3,
             "epochs, steps, width and copies must be at least 1, points 3"),
            (min(self.rate, self.clip, self.deviation) > 0,
             "rate, clip and deviation must be above 0"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)


def runs(settings: Settings) -> list[dict[str, Any]]:
    """Return what tells the nets of a study apart, in their order: seed after seed."""
    return [{"initial": initial, "seed": settings.seed + i} for i in range(settings.seeds)
            for initial in settings.kinds]


def work(settings: Settings, run: Mapping[str, Any]) -> int:
    """Return the epochs that a net is trained for."""
    return settings.epochs


def curve(periods: npt.ArrayLike, points: int) -> Floats:
    """Return curves float32[..., points] of numbers of periods float32[...].

    >>> curve(np.float32(1), 5).round(3).tolist()
    [1.0, 0.375, 0.0, 0.125, 0.0]
    """
    t = np.linspace(0, 1, points)
    waves = np.cos(2 * np.pi * np.asarray(periods)[..., None] * t)
    found: Floats = ((1 - t) * (1 + waves) / 2).astype(np.float32)
    return found


def periods_of(found: Floats) -> Floats:
    """Return how many periods curves float32[..., points] have: those of the nearest curve."""
    known = curve(_PERIODS, found.shape[-1])
    away = ((found[..., None, :] - known) ** 2).mean(-1)
    nearest: Floats = _PERIODS[away.argmin(-1)]
    return nearest


def drawn(settings: Settings, initial: str, key: Array) -> Any:
    """Return the parameters that a net begins with."""
    cell, like = _cell(settings), _KIND.zero_states(_cell(settings))
    found = {f"cell/{path}": shape for path, shape in _KIND.shapes(1, cell).items()}
    found |= {f"initial/{path}": shape
              for path, shape in numpy_contextual.shapes(1, like, initial).items()}
    found |= {"value/kernel": (settings.width, 1), "value/bias": (1,)}
    inits, begin = jax.nn.initializers, contextual.inits(initial, settings.deviation)
    of_cell = lstm.inits(cell)

    def init_of(path: str) -> Any:
        part, _, rest = path.partition("/")
        if part == "initial":
            return begin(rest)
        if part == "cell":
            return of_cell(rest)
        return inits.glorot_uniform() if rest == "kernel" else inits.zeros

    keys = jax.random.split(key, len(found))
    return unflatten({path: init_of(path)(one, shape, jnp.float32)
                      for one, (path, shape) in zip(keys, found.items(), strict=True)})


def _cell(settings: Settings) -> dict[str, Any]:
    return {"width": settings.width, "layers": 1, "variant": "np"}


def _begin(params: Any, settings: Settings, initial: str, periods: Array, key: Any = None) -> Any:
    """Return the states before the first step for each of ``periods`` float32[...]."""
    context = (jnp.asarray(periods) / _MOST)[..., None]
    like, mine = _KIND.zero_states(_cell(settings)), params.get("initial", {})
    if key is None:
        return numpy_contextual.initial_states(mine, context, like, initial, jnp)
    return contextual.drawn_states(mine, context, like, initial, key)


def _say(params: Any, settings: Settings, value: Array, states: Any) -> tuple[Array, Any]:
    """Return the next value float32[...] after a value float32[...], and the states then."""
    kernel, bias = _KIND.driven(params["cell"], _cell(settings))
    said, states = _KIND.step(
        value[..., None] @ kernel + bias, states, params["cell"], _cell(settings), JAX)
    return (said @ params["value"]["kernel"] + params["value"]["bias"])[..., 0], states


@partial(jax.jit, static_argnames=("settings", "initial"))
def _epoch(
    params: Any, state: Any, key: Array, settings: Settings, initial: str
) -> tuple[Any, Any, Array]:
    """Return parameters, state of Adam and mean loss after an epoch."""
    copies = settings.copies if initial == "distribution" else 1
    periods = jnp.tile(jnp.asarray(TRAIN), copies)
    values = jnp.tile(jnp.asarray(curve(np.array(TRAIN), settings.points)), (copies, 1)).T
    update = _optimizer(settings).update

    def loss_of(params: Any, key: Array) -> Array:
        def one(states: Any, value: Array) -> tuple[Any, Array]:
            said, states = _say(params, settings, value, states)
            return states, said

        first = _begin(params, settings, initial, periods, key)
        _, said = jax.lax.scan(one, first, values[:-1])
        return ((said - values[1:]) ** 2).mean()

    def step(carried: tuple[Any, Any], key: Array) -> tuple[tuple[Any, Any], Array]:
        params, state = carried
        loss, slope = jax.value_and_grad(loss_of)(params, key)
        change, state = update(slope, state)
        return (optax.apply_updates(params, change), state), loss

    keys = jax.random.split(key, settings.steps)
    (params, state), losses = jax.lax.scan(step, (params, state), keys)
    return params, state, losses.mean()


def _optimizer(settings: Settings) -> optax.GradientTransformation:
    return optax.chain(optax.clip_by_global_norm(settings.clip), optax.adam(settings.rate))


@partial(jax.jit, static_argnames=("settings", "initial"))
def _generated(
    params: Any, periods: Array, settings: Settings, initial: str, key: Any = None
) -> Array:
    """Return the curves float32[..., points] that a net draws, left alone, from its states."""
    def one(carried: tuple[Array, Any], _: None) -> tuple[tuple[Array, Any], Array]:
        said, states = _say(params, settings, *carried)
        return (said, states), said

    start = jnp.ones(periods.shape)
    states = _begin(params, settings, initial, periods, key)
    _, said = jax.lax.scan(one, (start, states), None, settings.points - 1)
    return jnp.moveaxis(jnp.concatenate([start[None], said]), 0, -1)


def run(
    settings: Settings, which: Mapping[str, Any], tell: Tell, stop: Callable[[], bool]
) -> dict[str, Any] | None:
    """Train a net and let it draw.

    Args:
        settings: of the study.
        which: ``initial`` and ``seed``, one of :func:`runs`.
        tell: called with the epochs done and words after each.
        stop: asked after each epoch.

    Returns:
        ``loss`` by epoch, the mean squared error of the next value; for the numbers of periods
        learned from, ``train``, and for others, ``test``: ``asked``, ``found``, how many the
        curves have that were drawn, ``rms``, their root mean squared difference from what was
        asked for, and the ``curves``; of a distribution also ``drawn``, curves by numbers of
        periods asked for from states drawn; ``seconds``. ``None`` if it was stopped.
    """
    initial, begun = which["initial"], time.monotonic()
    key = jax.random.key(which["seed"])
    params = drawn(settings, initial, key)
    state, losses = _optimizer(settings).init(params), list[float]()
    for epoch in range(1, settings.epochs + 1):
        params, state, loss = _epoch(
            params, state, jax.random.fold_in(key, epoch), settings=settings, initial=initial)
        losses.append(float(loss))
        tell(epoch, f"loss {losses[-1]:.5f}")
        if stop():
            return None
    size = int(sum(leaf.size for leaf in jax.tree.leaves(params)))
    asked = np.array([*TRAIN, *TEST], np.float32)
    made = np.asarray(_generated(params, asked, settings=settings, initial=initial))
    found: dict[str, Any] = {"parameters": size, "loss": losses}
    for name, part in (("train", slice(len(TRAIN))), ("test", slice(len(TRAIN), None))):
        right = curve(asked[part], settings.points)
        found[name] = {
            "asked": asked[part].tolist(), "found": periods_of(made[part]).tolist(),
            "rms": np.sqrt(((made[part] - right) ** 2).mean(-1)).tolist(),
            "curves": made[part].astype(float).round(4).tolist()}
    if initial == "distribution":
        many = np.tile(asked[:, None], _DRAWN)
        curves = _generated(params, many, settings=settings, initial=initial, key=key)
        found["drawn"] = np.asarray(curves).astype(float).round(4).tolist()
    return {**found, "seconds": round(time.monotonic() - begun, 1)}
