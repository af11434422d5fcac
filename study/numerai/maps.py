"""Maps: small nets that put embeddings behind a view of a position, and how they learn.

Nets learn in centred numbers of about 1 and are folded afterwards, so that a map takes the view as
it is and its columns go from 0 to 1 over the rows that it was learned from.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from agent.checkpoint import flatten, unflatten, write_atomically
from agent.errors import AgentError
from agent.nets.numpy_views import map_shapes, mapped

Array = Any
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Params = Mapping[str, Any]
Tell = Callable[[float], None]
_AT_ONCE = 4096


class Map(NamedTuple):
    """Embeddings of views: E columns, each about 0 to 1.

    ``columns``: their names; ``params``: the layers that ``agent.nets.numpy_views.mapped`` takes;
    ``report``: what fitting it showed, plain values.
    """

    name: str
    columns: tuple[str, ...]
    params: Params
    report: Mapping[str, Any]

    def of(self, z: Floats) -> Floats:
        """Return the embeddings float32[N, E] of views float32[N, Z]."""
        parts = [mapped(self.params, z[at:at + _AT_ONCE]) for at in range(0, len(z), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.columns)), np.float32)


class Learning(NamedTuple):
    """How nets learn: AdamW in ``steps`` of ``batch`` rows, its rate falling to 0 by a cosine.

    ``noise``: the share of a row's columns that are hidden from the net, set to their mean.
    """

    steps: int
    batch: int = 256
    rate: float = 3e-3
    decay: float = 1e-4
    noise: float = 0.0


class Scale(NamedTuple):
    """``(z - mean) / deviation``: mean float32[Z]; one deviation for all columns.

    One, so that distances are kept, and that a column that hardly ever changed in the rows learned
    from is not blown up where it does change.
    """

    mean: Floats
    deviation: float

    @staticmethod
    def of(z: Floats) -> Scale:
        """Return what makes views float32[N, Z] centred, with a mean variance of 1."""
        deviation = float(np.sqrt(z.var(axis=0, dtype=np.float64).mean()))
        return Scale(z.mean(0, dtype=np.float64).astype(np.float32), deviation or 1.0)

    def __call__(self, z: Floats) -> Floats:
        scaled: Floats = (z - self.mean) / np.float32(self.deviation)
        return scaled


def begun(columns: int, hidden: Sequence[int], codes: int, seed: int) -> dict[str, Any]:
    """Return the layers of a net before it has learned (He et al., arXiv 1502.01852)."""
    rng = np.random.default_rng([seed, columns, codes])
    flat = {path: (rng.normal(0, np.sqrt(2 / shape[0]), shape) if len(shape) == 2
                   else np.zeros(shape)).astype(np.float32)
            for path, shape in map_shapes(columns, hidden, codes).items()}
    return unflatten(flat)


def _through(nets: Sequence[Params], x: Array) -> Array:
    for net in nets:
        x = mapped(net, x, jnp)
    return x


@partial(jax.jit, static_argnames=("how", "total"))
def _stretch(
    nets: Any, state: Any, rows: Array, key: Array, inputs: Array, targets: Array,
    how: Learning, total: int,
) -> tuple[Any, Any, Array]:
    """Return nets, state of the optimizer and mean loss after the batches ``rows``."""
    def step(carried: tuple[Any, Any], at: tuple[Array, Array]) -> tuple[tuple[Any, Any], Array]:
        nets, state = carried
        row, key = at
        x = inputs[row]
        if how.noise:
            x = jnp.where(jax.random.bernoulli(key, how.noise, x.shape), 0, x)
        loss, slope = jax.value_and_grad(
            lambda nets: ((_through(nets, x) - targets[row]) ** 2).mean())(nets)
        change, state = _optimizer(how, total).update(slope, state, nets)
        return (optax.apply_updates(nets, change), state), loss

    (nets, state), losses = jax.lax.scan(
        step, (nets, state), (rows, jax.random.split(key, len(rows))))
    return nets, state, losses.mean()


def _optimizer(how: Learning, total: int) -> optax.GradientTransformation:
    return optax.adamw(optax.cosine_decay_schedule(how.rate, total), weight_decay=how.decay)


def learn(
    nets: Sequence[Params], inputs: Floats, targets: Floats, how: Learning, seed: int, tell: Tell
) -> list[dict[str, Any]]:
    """Return nets, one behind the other, that have learned targets from inputs.

    Args:
        nets: their layers, see :func:`begun`.
        inputs: float32[N, Z], scaled.
        targets: float32[N, E], likewise.
        how: they learn.
        seed: of batches and noise.
        tell: called with the share done.
    """
    rng = np.random.default_rng([seed, 2])
    batch = min(how.batch, len(inputs))
    total = max(1, how.steps)
    stretch = max(1, total // 10)
    x, y, learned = jnp.asarray(inputs), jnp.asarray(targets), list(nets)
    state = _optimizer(how, total).init(learned)
    for first in range(0, total, stretch):
        count = min(stretch, total - first)
        rows = rng.integers(len(inputs), size=(count, batch))
        # Threefry, the default, takes longer to compile.
        key = jax.random.fold_in(jax.random.key(seed, impl="rbg"), first)
        learned, state, _ = _stretch(learned, state, rows, key, x, y, how=how, total=total)
        tell((first + count) / total)
    return jax.tree.map(np.asarray, learned)


def folded(net: Params, scale: Scale, x: Floats) -> dict[str, Any]:
    """Return a net that takes views as they are, and whose columns go from 0 to 1.

    Args:
        net: layers that take scaled views.
        scale: how they were scaled.
        x: scaled views float32[N, Z], over which the columns shall go from 0 to 1.
    """
    made = mapped(net, x)
    low, high = made.min(0), made.max(0)
    reach = np.where(high > low, high - low, 1).astype(np.float32)
    layers = {name: dict(layer) for name, layer in net.items()}
    first = layers["hidden0"]
    first["kernel"] = first["kernel"] / np.float32(scale.deviation)
    first["bias"] = first["bias"] - scale.mean @ first["kernel"]
    last = layers["out"]
    last["kernel"], last["bias"] = last["kernel"] / reach, (last["bias"] - low) / reach
    return layers


def explained(made: Floats, right: Floats) -> npt.NDArray[np.float64]:
    """Return R² float64[E] of each column: 1 less the squared error by the variance.

    >>> explained(np.array([[1.0], [3.0]]), np.array([[1.0], [3.0]])).tolist()
    [1.0]
    """
    error = ((made - right).astype(np.float64) ** 2).sum(0)
    spread = ((right - right.mean(0)).astype(np.float64) ** 2).sum(0)
    return 1 - error / np.where(spread > 0, spread, np.nan)


def held_out(game: Ints, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Return which rows bool[N] are of a random share of the games, one at least."""
    games = np.unique(game)
    count = max(1, round(share * len(games)))
    chosen = np.random.default_rng([seed, 3]).permutation(games)[:count]
    return np.isin(game, chosen)


def us_per_position(params: Params, columns: int, batch: int = _AT_ONCE, times: int = 20) -> float:
    """Return how long a map takes for a position, microseconds, in batches, jitted by jax."""
    run = jax.jit(lambda params, z: mapped(params, z, jnp))
    on_device, z = jax.tree.map(jnp.asarray, params), jnp.zeros((batch, columns), jnp.float32)
    run(on_device, z).block_until_ready()
    took = []
    for _ in range(times):
        begun_at = time.perf_counter()
        run(on_device, z).block_until_ready()
        took.append(time.perf_counter() - begun_at)
    # The least of them: what else the machine does is no matter of the map.
    return round(1e6 * min(took) / batch, 3)


def write(path: Path, maps: Sequence[Map]) -> None:
    """Write maps, ``.npz``; the old file stays whole until the new one is.

    Raises:
        AgentError: the file cannot be written.
    """
    arrays: dict[str, Any] = {"maps": np.array(json.dumps(
        [[one.name, one.columns, dict(one.report)] for one in maps]))}
    arrays |= {f"{one.name}/{key}": value for one in maps
               for key, value in flatten(one.params).items()}
    try:
        write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
    except OSError as error:
        raise AgentError(f"{path}: cannot be written ({error.strerror})") from error


def read(path: Path) -> dict[str, Map]:
    """Return the maps of a file, by name.

    Raises:
        AgentError: it is no file of maps.
    """
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        maps = {}
        for name, columns, report in json.loads(str(found["maps"])):
            params = unflatten({key.removeprefix(f"{name}/"): value for key, value in found.items()
                                if key.startswith(f"{name}/")})
            maps[name] = Map(name, tuple(columns), params, report)
        return maps
    except Exception as error:
        raise AgentError(f"{path}: is no file of maps; take it away, and they are made again"
                         ) from error
