"""Games in the style of a chosen agent: a language model steered by its initial state.

The method is that of Wenke & Fleming (arXiv 1902.03455), as in ``study.curves``, with games for
curves. An embedding, an LSTM and a softmax learn the first turns of games as streams of tokens
(``study.game_corpus``), a game a sequence. Some of the games were played by one agent against
itself, some by another; the context of the initial state is which. Measured are games that were
held out, told the truth or not, and games that the model makes: what is legal in them, and whose
they look like (``study.turns``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from agent import catalog
from agent.checkpoint import unflatten
from agent.errors import ConfigError
from agent.nets import contextual, numpy_contextual, numpy_lstm
from agent.nets.lstm import Stack
from study import turns as of_turns
from study.game_corpus import VOCABULARY
from study.language import LanguageModel
from study.turns import Turns

Array = Any
Tell = Callable[[int, str], None]
KINDS = ("zero", "learned")
# What a model can be told of a game: whose it is, another agent's name, or nothing: zero states.
TRUTH, ANOTHER, NOTHING = "the truth", "another", "nothing"
_VARIANT = "np"
# Updates that go through one call, and games.
_STRETCH, _AT_ONCE = 20, 500


@dataclass(frozen=True)
class Settings:
    """What is compared: models of each of ``kinds`` of initial states, ``seeds`` of each.

    ``agents`` whose games are learned, ``games`` of each to learn from, ``judged`` held out; their
    first ``turns``. ``made``: games that a model makes for each agent. ``width`` of the LSTM and
    ``embedding``; ``steps``, updates, each by ``batch`` games; ``rate`` of Adam at first, which
    falls to 0 as a cosine; ``clip``, the norm that gradients are cut to.

    Raises:
        ConfigError: a setting makes no sense.
    """

    agents: tuple[str, ...] = ("pubeval", "random")
    kinds: tuple[str, ...] = KINDS
    seeds: int = 3
    seed: int = 1
    games: int = 10_000
    judged: int = 500
    made: int = 500
    turns: int = 8
    width: int = 128
    embedding: int = 48
    steps: int = 1500
    batch: int = 32
    rate: float = 8e-3
    clip: float = 1.0

    def __post_init__(self) -> None:
        for name in ("agents", "kinds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        counts = ("games", "judged", "made", "turns", "width", "embedding", "steps", "batch")
        checks = [
            (bool(self.kinds) and set(KINDS).issuperset(self.kinds),
             f"kinds must be some of {', '.join(KINDS)}"),
            (len(set(self.agents)) == len(self.agents) >= 2,
             "agents must be at least two different ones"),
            (1 <= self.seeds <= 1000, f"seeds must be 1 to 1000, not {self.seeds}"),
            (self.seed >= 0, f"seed must be at least 0, not {self.seed}"),
            (min(getattr(self, name) for name in counts) >= 1,
             f"{', '.join(counts)} must be at least 1"),
            (min(self.rate, self.clip) > 0, "rate and clip must be above 0"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)


def runs(settings: Settings) -> list[dict[str, Any]]:
    """Return what tells the models of a study apart, in their order: seed after seed.

    Raises:
        AgentError: there is no such agent.
    """
    for name in settings.agents:
        catalog.get(name)
    return [{"initial": initial, "seed": settings.seed + i} for i in range(settings.seeds)
            for initial in settings.kinds]


def work(settings: Settings, run: Mapping[str, Any]) -> int:
    """Return the updates that a model is trained for."""
    return settings.steps


class Games(NamedTuple):
    """G games as tokens.

    ``tokens`` int32[G, L], 0 behind their ends; ``ends`` int64[G], how many tokens there are;
    ``who`` int64[G], the number of the agent.
    """

    tokens: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]
    who: npt.NDArray[np.int64]


@lru_cache(maxsize=1)
def games_of(
    agents: tuple[str, ...], games: int, judged: int, turns: int, seed: int
) -> tuple[Games, Games, tuple[Turns, ...]]:
    """Return games to learn from, games held out, and the turns of these by agent."""
    parts: tuple[list[Games], list[Games]] = [], []
    held = []
    for who, name in enumerate(agents):
        found = of_turns.begun(catalog.get(name), games + judged, turns, seed)
        held.append(of_turns.chosen(found, found.game >= games))
        tokens, ends = of_turns.encode(found)
        for part, at in zip(parts, (slice(games), slice(games, None)), strict=True):
            part.append(Games(tokens[at], ends[at], np.full(len(ends[at]), who)))
    return _together(parts[0]), _together(parts[1]), tuple(held)


def _together(parts: Sequence[Games]) -> Games:
    length = max(part.tokens.shape[1] for part in parts)
    tokens = [np.pad(part.tokens, ((0, 0), (0, length - part.tokens.shape[1]))) for part in parts]
    return Games(np.concatenate(tokens), np.concatenate([part.ends for part in parts]),
                 np.concatenate([part.who for part in parts]))


def model_of(settings: Settings) -> LanguageModel:
    """Return the language model without its initial state."""
    return LanguageModel(Stack(settings.width, 1, _VARIANT), len(VOCABULARY), settings.embedding)


def drawn(settings: Settings, initial: str, key: Array) -> Any:
    """Return the parameters that a model begins with; consumes the key."""
    of_net, of_start = jax.random.split(key)
    tokens = jnp.zeros((1, 1), jnp.int32)
    net = jax.jit(model_of(settings).init)(of_net, tokens, _zero(settings, 1))["params"]
    shapes = numpy_contextual.shapes(len(settings.agents), _zero(settings), initial)
    begin = contextual.inits(initial)
    keys = jax.random.split(of_start, max(1, len(shapes)))
    start = {path: begin(path)(one, shape, jnp.float32)
             for one, (path, shape) in zip(keys, shapes.items(), strict=False)}
    return {"net": net, "initial": unflatten(start)}


def _zero(settings: Settings, *batch: int) -> Any:
    return numpy_lstm.zero_states(settings.width, 1, _VARIANT, *batch)


def begin(params: Any, settings: Settings, who: Array, initial: str) -> Any:
    """Return the states before the first token of games told as those of agents int[B]."""
    context = jax.nn.one_hot(who, len(settings.agents))
    return numpy_contextual.initial_states(
        params["initial"], context, _zero(settings), initial, jnp)


def _nats(
    params: Any, settings: Settings, initial: str, tokens: Array, ends: Array, who: Array
) -> Array:
    """Return the loss float32[B, L - 1] of each token but the first, 0 behind the ends."""
    states = begin(params, settings, who, initial)
    logits, _ = model_of(settings).apply({"params": params["net"]}, tokens[:, :-1].T, states)
    each = optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:].T).T
    return jnp.where(jnp.arange(each.shape[1]) < ends[:, None] - 1, each, 0.0)


_measured = jax.jit(_nats, static_argnames=("settings", "initial"))


def _optimizer(settings: Settings) -> optax.GradientTransformation:
    return optax.chain(optax.clip_by_global_norm(settings.clip),
                       optax.adam(optax.cosine_decay_schedule(settings.rate, settings.steps)))


@partial(jax.jit, static_argnames=("settings", "initial"))
def _learn(
    params: Any, state: Any, batches: Games, settings: Settings, initial: str
) -> tuple[Any, Any, Array]:
    """Return parameters, state of Adam and mean loss after updates by games [S, B, ...]."""
    update = _optimizer(settings).update

    def loss_of(params: Any, games: Games) -> Array:
        return _nats(params, settings, initial, *games).sum() / (games.ends - 1).sum()

    def step(carried: tuple[Any, Any], games: Games) -> tuple[tuple[Any, Any], Array]:
        params, state = carried
        loss, slope = jax.value_and_grad(loss_of)(params, games)
        change, state = update(slope, state)
        return (optax.apply_updates(params, change), state), loss

    (params, state), losses = jax.lax.scan(step, (params, state), batches)
    return params, state, losses.mean()


@partial(jax.jit, static_argnames=("settings", "initial"))
def _sampled(params: Any, who: Array, key: Array, settings: Settings, initial: str) -> Array:
    """Return games int32[B, 1 + MOST turns] that a model makes, drawn by what it says."""
    model = model_of(settings)

    def one(carried: tuple[Array, Any], key: Array) -> tuple[tuple[Array, Any], Array]:
        token, states = carried
        logits, states = model.apply({"params": params["net"]}, token[None], states)
        token = jax.random.categorical(key, logits[0]).astype(jnp.int32)
        return (token, states), token

    first = jnp.zeros(who.shape, jnp.int32)
    keys = jax.random.split(key, settings.turns * of_turns.LONGEST)
    _, said = jax.lax.scan(one, (first, begin(params, settings, who, initial)), keys)
    return jnp.concatenate([first[None], said]).T


def run(
    settings: Settings, which: Mapping[str, Any], tell: Tell, stop: Callable[[], bool]
) -> dict[str, Any] | None:
    """Train a model, judge games by it and let it make some.

    Args:
        settings: of the study.
        which: ``initial`` and ``seed``, one of :func:`runs`; games are the same for all of them.
        tell: called with the updates done and words.
        stop: asked on the way.

    Returns:
        ``parameters``; ``loss`` of training, bits a token by stretches; ``bits``, ``worth`` and
        ``turns``, see :func:`judge`; ``made`` and ``true``, see :func:`made`; ``seconds``. A figure
        is its ``mean`` and ``se``, the standard error over games. ``None`` if it was stopped.
    """
    initial, begun, how = which["initial"], time.monotonic(), settings
    tell(0, "games are played")
    learn, judged, held = games_of(how.agents, how.games, how.judged, how.turns, how.seed)
    params, losses = _trained(settings, which, learn, tell, stop)
    if params is None:
        return None
    tell(settings.steps, "games are judged")
    found = judge(params, settings, initial, judged)
    tell(settings.steps, "games are made")
    found |= made(params, settings, initial, which["seed"], held)
    size = int(sum(leaf.size for leaf in jax.tree.leaves(params)))
    return {"parameters": size, "loss": losses, **found,
            "seconds": round(time.monotonic() - begun, 1)}


def _trained(
    settings: Settings, which: Mapping[str, Any], learn: Games, tell: Tell,
    stop: Callable[[], bool],
) -> tuple[Any, list[float]]:
    """Return parameters, ``None`` if it was stopped, and losses."""
    params = drawn(settings, which["initial"], jax.random.key(which["seed"]))
    state, losses = _optimizer(settings).init(params), list[float]()
    rng = np.random.default_rng(which["seed"])
    for done in range(0, settings.steps, _STRETCH):
        if stop():
            return None, losses
        count = min(_STRETCH, settings.steps - done)
        at = rng.integers(len(learn.ends), size=(count, settings.batch))
        batches = Games(learn.tokens[at], learn.ends[at], learn.who[at])
        params, state, loss = _learn(
            params, state, batches, settings=settings, initial=which["initial"])
        losses.append(float(loss) / math.log(2))
        tell(done + count, f"{losses[-1]:.3f} bits a token")
    return params, losses


def judge(params: Any, settings: Settings, initial: str, games: Games) -> dict[str, Any]:
    """Return what it costs a model to read games.

    Returns:
        By agent ``bits``, a token, by what was told; ``worth``: how many more that are than told
        the truth; ``turns``: bits a token by turn, from the first on. Of a model that cannot be
        told there is ``NOTHING`` alone. Where there are more than two agents, ``ANOTHER`` is the
        mean of all others.
    """
    count, agents = len(games.ends), len(settings.agents)

    def read(who: npt.NDArray[np.int64], kind: str) -> npt.NDArray[np.float64]:
        parts = [np.asarray(_measured(
            params, settings, kind, games.tokens[at:at + _AT_ONCE], games.ends[at:at + _AT_ONCE],
            who[at:at + _AT_ONCE])) for at in range(0, count, _AT_ONCE)]
        return np.concatenate(parts).astype(float) / math.log(2)

    told = {}
    if initial != "zero":
        told[TRUTH] = read(games.who, initial)
        told[ANOTHER] = np.mean([read((games.who + i) % agents, initial)
                                 for i in range(1, agents)], axis=0)
    told[NOTHING] = read(games.who, "zero")
    there = np.arange(games.tokens.shape[1] - 1) < games.ends[:, None] - 1
    turn = (games.tokens[:, :-1] == of_turns.TURN_END).cumsum(1)
    found: dict[str, Any] = {"bits": {}, "worth": {}, "turns": {}}
    for number, name in enumerate(settings.agents):
        mine = games.who == number
        sizes = there[mine].sum(1)
        found["bits"][name] = {what: of_turns.ratio(bits[mine].sum(1), sizes)
                               for what, bits in told.items()}
        found["worth"][name] = {
            what: of_turns.ratio((bits - told[TRUTH])[mine].sum(1), sizes)
            for what, bits in told.items() if TRUTH in told and what != TRUTH}
        masks = [there & (turn == k) & mine[:, None] for k in range(settings.turns)]
        found["turns"][name] = {what: [float(bits[mask].mean()) for mask in masks if mask.any()]
                                for what, bits in told.items()}
    return found


def made(
    params: Any, settings: Settings, initial: str, seed: int, held: tuple[Turns, ...]
) -> dict[str, Any]:
    """Let a model make games and compare them with those that were held out.

    Returns:
        ``made``, by whose games were asked for: ``legal``, the share of its turns that are legal,
        each up to the first of its game that is not; ``before``, how many turns of a game are
        before that, ``settings.turns`` at most; ``left``, the share of games without a wrong turn
        by turn; ``style``, see ``study.turns.style``. ``true``, by agent the same ``style`` of the
        games held out. ``compared``: the turns, from the first on, of which styles are measured.
    """
    names = settings.agents if initial != "zero" else (NOTHING,)
    key, all_turns, found = jax.random.key(seed + 2**31), {}, {}
    for number, name in enumerate(names):
        who = jnp.full(settings.made, number)
        tokens = np.asarray(_sampled(params, who, jax.random.fold_in(key, number),
                                     settings=settings, initial=initial))
        turns, right, tried = of_turns.legal(tokens, settings.turns)
        ks = np.arange(1, settings.turns + 1)
        found[name] = {"legal": of_turns.ratio(right, tried),
                       "before": of_turns.ratio(right, np.ones(len(right))),
                       "left": (right >= ks[:, None]).mean(1).tolist()}
        all_turns[name] = turns
    everything = [*all_turns.values(), *held]
    compared = of_turns.common(everything, settings.turns)
    judge = catalog.get(settings.agents[0])
    for name, turns in all_turns.items():
        found[name]["style"] = of_turns.style(turns, judge, compared)
    true = {name: of_turns.style(turns, judge, compared)
            for name, turns in zip(settings.agents, held, strict=True)}
    return {"made": found, "true": true, "compared": compared}
