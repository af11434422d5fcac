"""Value nets that remember the game, for jax; see ``agent.nets.numpy_remembering``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from agent.features import FeatureSet
from agent.nets import contextual, fast_weights, hm_lstm, lstm, numpy_remembering
from agent.nets.highway import dense_of_columns
from agent.nets.numpy_remembering import driven, first_states, of_settings, step
from agent.nets.recurrent import JAX
from agent.outcome import N_OUTCOMES

Array = Any
Initializer = Callable[..., Array]
_INITS: dict[str, Callable[[Mapping[str, Any]], Callable[[str], Initializer]]] = {
    "lstm": lstm.inits, "hm-lstm": hm_lstm.inits, "fast-weights": fast_weights.inits,
}


class _Leaf(NamedTuple):
    shape: tuple[int, ...]
    init: Initializer


class _Tree(nn.Module):
    """Parameters in folders; ``build`` has pairs of a name and a leaf, or pairs of such."""

    build: tuple[tuple[str, Any], ...]

    @nn.compact
    def __call__(self) -> dict[str, Any]:
        return {name: self.param(name, part.init, part.shape) if isinstance(part, _Leaf)
                else _Tree(part, name=name)() for name, part in self.build}


def _folders(flat: Mapping[str, _Leaf]) -> tuple[tuple[str, Any], ...]:
    """Return the ``build`` of a tree from leaves by path."""
    names = dict.fromkeys(path.split("/")[0] for path in flat)
    found: list[tuple[str, Any]] = []
    for name in names:
        if name in flat:
            found.append((name, flat[name]))
        else:
            under = {path.removeprefix(f"{name}/"): leaf for path, leaf in flat.items()
                     if path.startswith(f"{name}/")}
            found.append((name, _folders(under)))
    return tuple(found)


class RememberingNet(nn.Module):
    """Inputs float32[..., F] -> outcomes float32[..., 5], each position the first of its game.

    The parameters are those of ``numpy_remembering.shapes``; what remembers is ``Recurrence``.
    """

    net: str
    settings: tuple[tuple[str, Any], ...]

    @nn.compact
    def __call__(self, x: Array) -> Array:
        settings = dict(self.settings)
        spec = of_settings(self.net, settings)
        stack = _INITS[settings.get("cell", self.net)](spec.settings)
        initial = contextual.inits(spec.initial)

        def init_of(path: str) -> Initializer:
            part, _, rest = path.partition("/")
            if part == "outcome":
                return (nn.initializers.zeros_init() if rest == "bias"
                        else nn.initializers.lecun_normal())
            return (stack if part == "stack" else initial)(rest)

        flat = numpy_remembering.shapes(self.net, x.shape[-1], settings, N_OUTCOMES)
        bare = {path.removeprefix("params/"): shape for path, shape in flat.items()}
        parts = {name: self._part(name, part) for name, part in
                 _folders({path: _Leaf(shape, init_of(path)) for path, shape in bare.items()})}
        return numpy_remembering.alone(self.net, {"params": parts}, x, settings, JAX)

    @staticmethod
    def _part(name: str, build: Any) -> dict[str, Any]:
        return _Tree(build, name=name)()


def builder(net: str) -> Callable[[Mapping[str, Any]], RememberingNet]:
    """Return the builder of a net for ``agent.nets.registry``."""
    def build(settings: Mapping[str, Any]) -> RememberingNet:
        frozen = tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in settings.items())
        return RememberingNet(net, frozen)

    return build


class Recurrence(NamedTuple):
    """A net with its memory; all functions take parameters ``{"params": ...}``.

    ``spec`` is what the net is; ``see(params, boards int8[B, 2, 25], who float32[B],
    opponent int32[B], fresh bool[B], states)`` returns outcomes float32[B, 5] and the states
    after these positions, where those that are ``fresh`` begin anew; ``candidates(params)``
    returns ``(words uint32[8, C], who float32[C], states of the games of these) -> outcomes
    float32[5, C]``.
    """

    spec: numpy_remembering.Remembering
    see: Callable[..., tuple[Array, Any]]
    candidates: Callable[[Any], Callable[[Array, Array, Any], Array]]


def recurrence(
    net: str, settings: Mapping[str, Any], features: FeatureSet, precision: str = "float32"
) -> Recurrence:
    """Return a net with its memory.

    Args:
        net: its name, with its ``settings``.
        features: of its inputs.
        precision: of the factors in the first product over candidates; see ``TrainConfig``.
    """
    spec = of_settings(net, settings)

    def see(
        params: Any, boards: Array, who: Array, opponent: Array, fresh: Array, states: Any
    ) -> tuple[Array, Any]:
        parts, inputs = params["params"], features.encode(boards, jnp)
        first = first_states(parts, spec, opponent, inputs, JAX)
        states = jax.tree.map(lambda new, old: jnp.where(_like(fresh, old), new, old),
                              first, states)
        return step(driven(parts, spec, inputs, who, jnp), states, parts, spec, JAX)

    def candidates(params: Any) -> Callable[[Array, Array, Any], Array]:
        parts = params["params"]
        kernel, bias = spec.cell.driven(parts["stack"], spec.settings)
        encode = features.columns
        assert encode is not None
        folded, whole = features.fold(kernel[:features.size], bias)
        ready = folded.astype(precision), whole[:, None]

        def outcomes(words: Array, who: Array, states: Any) -> Array:
            sums = dense_of_columns(*ready, encode(words, jnp.dtype(precision))).T
            if spec.extra:
                sums = sums + who[:, None] * kernel[-1]
            return step(sums, states, parts, spec, JAX)[0].T

        return outcomes

    return Recurrence(spec, see, candidates)


def _like(flags: Array, leaf: Array) -> Array:
    """Return flags bool[B] with as many axes as a leaf [B, ...]."""
    return flags.reshape(-1, *(1,) * (leaf.ndim - 1))
