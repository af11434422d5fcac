"""Training a net on images by plain gradient descent, and measuring it.

All steps of a stretch run in one ``lax.scan``; between stretches progress is told, and Ctrl-C is
heard. Nets that differ only in how they begin share one compiled stretch. Everything follows from
the seed: the same seed gives the same result on one machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from study.classifiers import ConvHighway, Net
from study.images import Images

Array = Any
Stretch = Callable[..., tuple[Any, Array]]
# One in so many training images is held out when settings are searched for.
HELD_OUT = 6
# Losses of a curve, at most.
_MOST_TOLD = 50
# Numbers that a measurement makes at once, about: bounds its memory.
_AT_ONCE = 8_000_000


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how: ``rate`` multiplies the gradient of the loss summed over a batch.

    The loss is the cross entropy, in nats.
    """

    net: Net
    steps: int
    rate: float = 0.01
    batch: int = 50


@dataclass(frozen=True)
class Fit:
    """A net trained once: shares of images named rightly, and the loss on the way.

    ``accuracy``: of the images it was measured on. ``loss``: by stretches of ``loss_every`` steps,
    the mean of an image of the batches; the last one is the loss it ends with. ``diverged``: it
    became infinite or no number, and the steps that were left were not made, since nothing can
    change any more.
    """

    seed: int
    accuracy: float
    loss: tuple[float, ...]
    loss_every: int
    diverged: bool
    seconds: float


class Fitter:
    """Trains nets on images: holds these on the device, and what has been compiled."""

    def __init__(self, images: Images) -> None:
        self._images = jnp.asarray(images.train), jnp.asarray(images.train_labels)
        self._train, self._test = len(images.train), (images.test, images.test_labels)
        self._held_out = images.train[-(self._train // HELD_OUT):], images.train_labels[
            -(self._train // HELD_OUT):]
        self._compiled: dict[tuple[Net, int, int], tuple[Stretch, float]] = {}
        self._init = jax.jit(lambda net, key, x: net.init(key, x), static_argnums=0)
        self._logits = jax.jit(lambda net, params, x: net.apply(params, x), static_argnums=0)

    def compile_s(self, recipe: Recipe) -> float:
        """Return how long compiling the training of a recipe took, in seconds."""
        return self._stretch(recipe, _stretch_of(recipe))[1]

    def parameters(self, net: Net) -> int:
        """Return how many numbers a net learns."""
        shapes = jax.eval_shape(net.init, _key(0), self._images[0][:1])
        return int(sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(shapes)))

    def fit(
        self, recipe: Recipe, seed: int, tell: Callable[[int], None] = lambda done: None,
        held_out: bool = False,
    ) -> Fit:
        """Train a net and measure it.

        Args:
            recipe: what is trained, and how.
            seed: of parameters, batches and dropout.
            tell: called with the steps made so far.
            held_out: whether the last sixth of the training images is left out and measured,
                instead of the test images.
        """
        begun = time.monotonic()
        size = self._train - (self._train // HELD_OUT if held_out else 0)
        batches = _batches(size, recipe.batch, recipe.steps, seed)
        start, dropout = jax.random.split(_key(seed))
        params = self._start(recipe.net, start)
        every, losses = _stretch_of(recipe), list[float]()
        for first in range(0, recipe.steps, every):
            part = batches[first : first + every]
            stretch, _ = self._stretch(recipe, len(part))
            params, loss = stretch(params, part, np.float32(recipe.rate),
                                   jax.random.fold_in(dropout, first), *self._images)
            losses.append(float(loss) / recipe.batch)
            tell(first + len(part))
            if not np.isfinite(losses[-1]):
                break
        diverged = not np.isfinite(losses[-1])
        accuracy = self._accuracy(recipe.net, params, *(self._held_out if held_out else self._test))
        told = -(-recipe.steps // (_MOST_TOLD * every))
        curve = tuple(float(np.mean(losses[i : i + told])) for i in range(0, len(losses), told))
        return Fit(seed, accuracy, curve, told * every, diverged, time.monotonic() - begun)

    def _start(self, net: Net, key: Array) -> Any:
        """Return the parameters a net begins with; its carry bias is put in afterwards."""
        params = self._init(net.clone(carry_bias=0.0), key, self._images[0][:1])
        return jax.tree_util.tree_map_with_path(
            lambda path, a: jnp.full_like(a, net.carry_bias)
            if path[-1] == jax.tree_util.DictKey("gate_bias") else a, params)

    def _stretch(self, recipe: Recipe, steps: int) -> tuple[Stretch, float]:
        # How a net begins does not matter once it has begun.
        net = recipe.net.clone(carry_bias=0.0, init_name="source")
        key = net, steps, recipe.batch
        if key not in self._compiled:
            params = jax.eval_shape(net.init, _key(0), self._images[0][:1])
            batches = jax.ShapeDtypeStruct((steps, recipe.batch), np.int32)
            begun = time.monotonic()
            compiled = jax.jit(_stretch_for(net)).lower(
                params, batches, np.float32(0), _key(0), *self._images).compile()
            self._compiled[key] = compiled, time.monotonic() - begun
        return self._compiled[key]

    def _accuracy(
        self, net: Net, params: Any, images: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int32],
    ) -> float:
        """Return the share of images whose largest logit is that of their label."""
        net = net.clone(carry_bias=0.0, init_name="source")
        pixels = int(np.prod(images.shape[1:]))
        wide = net.channels * pixels if isinstance(net, ConvHighway) else pixels
        block = max(1, min(len(images), _AT_ONCE // wide))
        right = 0
        for first in range(0, len(images), block):
            some = images[first : first + block]
            # Always the same shape: another one would be compiled anew.
            whole = np.concatenate([some, np.zeros((block - len(some), *some.shape[1:]), "f4")])
            named = np.asarray(self._logits(net, params, whole)).argmax(-1)[: len(some)]
            right += int((named == labels[first : first + block]).sum())
        return right / len(images)


def _key(seed: int) -> Array:
    # Threefry, the default, takes three times as long to compile where it makes parameters.
    return jax.random.key(seed, impl="rbg")


def _stretch_of(recipe: Recipe) -> int:
    """Return how many steps are made in one go: 20, or about two seconds' worth of deep nets."""
    if isinstance(recipe.net, ConvHighway):
        return 1  # In loops XLA's convolutions are slow on a processor.
    return max(1, min(recipe.steps, 20, 20_000 // recipe.net.layers))


def _stretch_for(net: Net) -> Stretch:
    """Return ``stretch(params, batches, rate, key, images, labels) -> params, mean loss``."""

    def loss_of(params: Any, images: Array, labels: Array, key: Array) -> Array:
        logits: Array = net.apply(params, images, True, rngs={"dropout": key})
        shares = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(shares, labels[:, None], axis=1).sum()

    def stretch(
        params: Any, batches: Array, rate: Array, key: Array, images: Array, labels: Array
    ) -> tuple[Any, Array]:
        def step(params: Any, at: tuple[Array, Array]) -> tuple[Any, Array]:
            number, batch = at
            loss, gradient = jax.value_and_grad(loss_of)(
                params, images[batch], labels[batch], jax.random.fold_in(key, number))
            return jax.tree.map(lambda p, g: p - rate * g, params, gradient), loss

        if len(batches) == 1:
            return step(params, (jnp.int32(0), batches[0]))
        params, losses = jax.lax.scan(step, params, (jnp.arange(len(batches)), batches))
        return params, losses.mean()

    return stretch


def _batches(size: int, batch: int, steps: int, seed: int) -> npt.NDArray[np.int32]:
    """Return which images each step sees, int32[steps, batch]: all in turn, shuffled every round.

    >>> sorted(_batches(4, 2, 2, seed=1).ravel().tolist())
    [0, 1, 2, 3]
    """
    rng = np.random.default_rng([seed, size])
    rounds = -(-batch * steps // size)
    order = [rng.permutation(size) for _ in range(rounds)]
    return np.concatenate(order)[: batch * steps].reshape(steps, batch).astype(np.int32)
