"""What the tests of the deep nets share: nets that say something, asked in every way there is."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from agent.checkpoint import net_shapes, unflatten
from agent.features import feature_set
from agent.greedy import chooser, evaluator
from agent.nets import registry
from agent.nets.numpy_nets import NETS
from agent.nets.settings import complete, plain
from engine import packed

TESAURO = "tesauro198-v1"


def settings_of(net: str, **given) -> dict:
    """Return all settings of a net as they stand in a checkpoint."""
    return plain(complete(net, given))


def made_shapes(net: str, settings: dict) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters that jax makes for a net, by path."""
    made = jax.eval_shape(registry.build(net, settings).init, jax.random.key(1),
                          jnp.zeros((1, 198)))
    found = jax.tree_util.tree_leaves_with_path(made)
    return {"/".join(part.key for part in path): leaf.shape for path, leaf in found}


def random_params(net: str, settings: dict, features: str = TESAURO, seed: int = 1) -> dict:
    """Return random parameters under which outcomes take values of all kinds."""
    rng = np.random.default_rng(seed)
    shapes = net_shapes(net, settings, features)
    assert shapes is not None

    def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name.endswith("bias"):
            # Deep stacks that carry little would blow rounding errors up, or all inputs down.
            gate = -3 if shape[0] > 9 else -0.5
            return rng.normal(gate if "gate" in name else 0, 0.3, shape)
        return rng.normal(0, 2 / np.sqrt(np.clip(np.prod(shape[-3:-1]), 1, 40)), shape)

    return unflatten({name: draw(name, s).astype("f4") for name, s in shapes.items()})


def asked(net: str, settings: dict, params: dict, boards: np.ndarray,
          features: str = TESAURO) -> dict[str, np.ndarray]:
    """Return outcomes float32[B, 5] of boards by each of the ways to ask a net."""
    inputs = feature_set(features)
    apply = registry.build(net, settings).apply
    words = packed.pack(jnp.asarray(boards))
    found = {
        "numpy": NETS[net].apply(params, inputs.encode(boards), settings),
        "flax": np.asarray(jax.jit(evaluator(apply, inputs.encode))(params, boards)),
    }
    for precision in ("float32", "bfloat16"):
        choose = chooser(net, settings, features, precision)
        columns = jax.jit(lambda p, w, choose=choose: choose(p)(w))(params, words)
        assert columns.shape == (5, len(boards)) and columns.dtype == jnp.float32
        found[precision] = np.asarray(columns).T
    return found


def assert_one_function(found: dict[str, np.ndarray]) -> None:
    """Check that all ways give the same outcomes, and that these tell something."""
    exact = found["flax"]
    assert exact.std(0).max() > 0.02, "a net that says the same of all positions tells nothing"
    assert found["numpy"].dtype == np.float32
    np.testing.assert_allclose(found["numpy"], exact, atol=1e-5)
    np.testing.assert_allclose(found["float32"], exact, atol=1e-5)
    assert 1e-6 < np.abs(found["bfloat16"] - exact).max() < 0.05


def fitted_loss(net: str, settings: dict, boards: np.ndarray, targets: np.ndarray,
                steps: int) -> np.ndarray:
    """Return the mean squared error before each of some steps of Adam on boards."""
    import optax

    inputs = feature_set(TESAURO).encode(boards)
    module = registry.build(net, settings)
    params = jax.jit(module.init)(jax.random.key(1), inputs[:1])
    adam = optax.adam(0.003)

    def loss(p):
        return jnp.mean((module.apply(p, inputs) - targets) ** 2)

    def step(state, _):
        params, memory = state
        value, slope = jax.value_and_grad(loss)(params)
        change, memory = adam.update(slope, memory)
        return (optax.apply_updates(params, change), memory), value

    run = jax.jit(lambda state: jax.lax.scan(step, state, None, length=steps)[1])
    return np.asarray(run((params, adam.init(params))))
