"""How deep a net can be trained: highway layers against plain ones, on images of digits.

Repeats the experiments of the articles the project follows, whose settings for dense nets are:
width 50, kernels from a normal distribution of 0.1 cut off at two deviations, biases 0.1, carry
bias -2, gradient descent by 0.01 on the loss summed over a batch of 50, 5,000 steps. Beside it
stands the contrast of the papers (Srivastava, Greff & Schmidhuber, arXiv 1505.00387 and
1507.06228), in which each depth of either kind has settings searched for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from statistics import mean, stdev
from typing import Any

import numpy as np

from agent.errors import ConfigError
from study.classifiers import ConvHighway, Dense
from study.fitting import Fit, Fitter, Recipe
from study.images import Images

PARTS = ("contrast", "depth", "carry", "tuned", "conv")
# From this depth on nets have settings of their own: fewer steps, another carry bias.
VERY_DEEP = 1000
# From here on fewer carry biases are tried.
DEEP = 100
FORMAT = 1
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Settings:
    """What is measured. Seeds are ``seed``, ``seed + 1``, ...; the search has one beside them."""

    parts: tuple[str, ...] = PARTS
    seeds: int = 3
    seed: int = 1
    steps: int = 5000
    batch: int = 50
    rate: float = 0.01
    carry_bias: float = -2.0
    # Layers in all: a dense one, those of one width, and a dense one.
    contrast_layers: int = 20
    depths: tuple[int, ...] = (10, 20, 50, 100, 1000)
    very_deep_steps: int = 3000
    very_deep_carry_bias: float = -20.0
    carry_depths: tuple[int, ...] = (10, 20, 50, 100)
    carry_biases: tuple[float, ...] = (2, 0, -1, -2, -4, -8, -20)
    # Of nets of 100 layers and more.
    deep_carry_biases: tuple[float, ...] = (-2, -8, -20)
    tuned_depths: tuple[int, ...] = (20, 50, 100)
    # Settings tried for each kind and depth, the source's own first, each for search_steps.
    candidates: int = 12
    search_steps: int = 1500
    conv_steps: int = 600
    conv_rate: float = 0.01
    conv_init: str = "source"
    conv_channels: int = 32

    @classmethod
    def quick(cls, **changes: Any) -> Settings:
        """Return settings that show every effect on scikit-learn's digits within a minute."""
        small: dict[str, Any] = {
            "seeds": 2, "steps": 400, "depths": (10, 20), "very_deep_steps": 20,
            "carry_depths": (20,), "carry_biases": (2, 0, -2, -4), "tuned_depths": (20,),
            "candidates": 2, "search_steps": 200, "conv_steps": 60, "conv_channels": 8}
        return cls(**(small | changes))

    def __post_init__(self) -> None:
        for name in ("parts", "depths", "carry_depths", "carry_biases", "deep_carry_biases",
                     "tuned_depths"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for part in self.parts:
            if part not in PARTS:
                raise ConfigError(f"part must be one of {', '.join(PARTS)}, not {part!r}")
        wholes = {"seeds": 100, "steps": 10**6, "batch": 10**4, "very_deep_steps": 10**6,
                  "candidates": 1000, "search_steps": 10**6, "conv_steps": 10**6,
                  "conv_channels": 512}
        depths = (self.contrast_layers, *self.depths, *self.carry_depths, *self.tuned_depths)
        biases = (self.carry_bias, self.very_deep_carry_bias, *self.carry_biases,
                  *self.deep_carry_biases)
        checks = [
            (self.parts, f"there must be at least one part, of {', '.join(PARTS)}"),
            *((1 <= getattr(self, name) <= most,
               f"{name} must be 1 to {most}, not {getattr(self, name)}")
              for name, most in wholes.items()),
            *((3 <= depth <= 10_000, f"a depth must be 3 to 10000 layers, not {depth}")
              for depth in depths),
            *((abs(bias) <= 1000, f"a carry bias must be -1000 to 1000, not {bias}")
              for bias in biases),
            (all((self.depths, self.carry_depths, self.carry_biases, self.deep_carry_biases,
                  self.tuned_depths)), "there must be at least one depth and one carry bias"),
            (0 <= self.seed < 2**31, f"seed must be 0 to {2**31 - 1}, not {self.seed}"),
            *((0 < rate < 100, f"rate must be above 0, not {rate}")
              for rate in (self.rate, self.conv_rate)),
            (self.conv_init in ("source", "he", "glorot"),
             f"conv_init must be source, he or glorot, not {self.conv_init!r}"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)


@dataclass(frozen=True)
class Tried:
    """Settings tried in a search, and what they gave on the training images held out."""

    recipe: Recipe
    fit: Fit


@dataclass(frozen=True)
class Row:
    """A net, its figures for every seed, and what settings were tried for it before."""

    part: str
    net: str
    recipe: Recipe
    fits: tuple[Fit, ...]
    parameters: int
    compile_s: float
    tried: tuple[Tried, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain values: shares of 1, losses in nats an image, times in seconds."""
        found = [fit.accuracy for fit in self.fits]
        curves = [np.array(fit.loss) for fit in self.fits]
        length = min(map(len, curves))
        losses = np.mean([curve[:length] for curve in curves], axis=0)
        every = self.fits[0].loss_every
        values: dict[str, Any] = {
            "net": self.net, **_plain(self.recipe), "parameters": self.parameters,
            "accuracy": mean(found), "sd": stdev(found) if len(found) > 1 else None,
            "diverged": sum(fit.diverged for fit in self.fits), "compile_s": self.compile_s,
            "by_seed": [{"seed": fit.seed, "accuracy": fit.accuracy, "loss": _number(fit.loss[-1]),
                         "diverged": fit.diverged, "seconds": fit.seconds} for fit in self.fits],
            "curve": {"steps": [min(every * (i + 1), self.recipe.steps) for i in range(length)],
                      "loss": [_number(loss) for loss in losses]},
        }
        if self.tried:
            values["tried"] = [{**_plain(t.recipe), "accuracy": t.fit.accuracy,
                                "diverged": t.fit.diverged} for t in self.tried]
        return values


@dataclass(frozen=True)
class Study:
    """What was asked, of which images, and what was found, by part."""

    settings: Settings
    images: dict[str, Any]
    parts: dict[str, tuple[Row, ...]]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they are saved and drawn."""
        settings = {k: list(v) if isinstance(v, tuple) else v
                    for k, v in asdict(self.settings).items()}
        parts = {name: [row.as_json() for row in rows] for name, rows in self.parts.items()}
        return {"study": "highway", "format": FORMAT, "images": self.images, "settings": settings,
                "parts": parts, "seconds": self.seconds}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _plain(recipe: Recipe) -> dict[str, Any]:
    net = recipe.net
    layers = net.layers if isinstance(net, Dense) else 2 + sum(net.layers)
    return {"layers": layers, "carry_bias": net.carry_bias if net.gated else None,
            "init": net.init_name, "activation": net.activation, "rate": recipe.rate,
            "batch": recipe.batch, "steps": recipe.steps}


@dataclass
class _Run:
    """A study on its way: nothing is trained twice, and progress is told."""

    settings: Settings
    fitter: Fitter
    classes: int
    progress: Progress
    total: float = 0.0
    done: float = 0.0
    known: dict[tuple[Recipe, int, bool], Fit] = field(default_factory=dict)

    def fit(self, recipe: Recipe, seed: int, words: str, held_out: bool = False) -> Fit:
        key = recipe, seed, held_out
        cost = cost_of(recipe)

        def tell(steps: int) -> None:
            now = self.done + cost * steps / recipe.steps
            self.progress(round(now), round(self.total), f"{words}, seed {seed}")

        if key not in self.known:
            tell(0)
            self.known[key] = self.fitter.fit(recipe, seed, tell, held_out)
        self.done += cost
        tell(0)
        return self.known[key]

    def row(self, part: str, net: str, recipe: Recipe, tried: tuple[Tried, ...] = ()) -> Row:
        s = self.settings
        words = f"{part}: {net}"
        fits = tuple(self.fit(recipe, s.seed + i, words) for i in range(s.seeds))
        return Row(part, net, recipe, fits, self.fitter.parameters(recipe.net),
                   self.fitter.compile_s(recipe), tried)

    def dense(self, layers: int, gated: bool, carry_bias: float | None = None) -> Recipe:
        """Return the recipe of a net under the source's settings."""
        s, very = self.settings, layers >= VERY_DEEP
        if carry_bias is None:
            carry_bias = s.very_deep_carry_bias if very else s.carry_bias
        net = Dense(layers, gated, carry_bias if gated else 0.0, classes=self.classes)
        return Recipe(net, s.very_deep_steps if very else s.steps, s.rate, s.batch)


Plan = list[tuple[str, Recipe]]


def cost_of(recipe: Recipe) -> float:
    """Return about how many milliseconds the training takes on one core."""
    if isinstance(recipe.net, ConvHighway):
        return 340.0 * recipe.steps
    return recipe.steps * (0.3 + recipe.net.layers * (0.07 if recipe.net.gated else 0.05))


def contrast(run: _Run) -> Plan:
    """Return a shallow net, a plain deep one and a highway net of the same depth."""
    layers = run.settings.contrast_layers
    return [("shallow", run.dense(1, False)), ("plain", run.dense(layers, False)),
            ("highway", run.dense(layers, True))]


def depth(run: _Run) -> Plan:
    """Return plain and highway nets of every depth."""
    return [(name, run.dense(layers, gated)) for layers in run.settings.depths
            for name, gated in (("plain", False), ("highway", True))]


def carry(run: _Run) -> Plan:
    """Return highway nets of every carry bias and depth."""
    s = run.settings
    return [("highway", run.dense(layers, True, float(bias))) for layers in s.carry_depths
            for bias in (s.deep_carry_biases if layers >= DEEP else s.carry_biases)]


def conv(run: _Run) -> Plan:
    """Return the source's convolutional highway net."""
    s = run.settings
    net = ConvHighway(s.conv_channels, carry_bias=s.carry_bias, init_name=s.conv_init,
                      classes=run.classes)
    return [("conv highway", Recipe(net, s.conv_steps, s.conv_rate, s.batch))]


PLANS: dict[str, Callable[[_Run], Plan]] = {
    "contrast": contrast, "depth": depth, "carry": carry, "conv": conv}


def candidates(run: _Run, layers: int, gated: bool) -> list[Recipe]:
    """Return the settings that are tried for a net: the source's, then random ones.

    The rate lies evenly in its logarithm between 0.0003 and 0.03; kernels are He's with relu,
    Glorot's with tanh or the source's with relu; the carry bias is -1 to -10, as in the papers.
    Both kinds are tried with the same rates and kernels.
    """
    source = replace(run.dense(layers, gated), steps=run.settings.search_steps)
    rng, found = np.random.default_rng([run.settings.seed, layers]), [source]
    for _ in range(1, run.settings.candidates):
        init, bend = [("he", "relu"), ("glorot", "tanh"), ("source", "relu")][rng.integers(3)]
        rate, bias = float(10 ** rng.uniform(-3.523, -1.523)), -float(rng.integers(1, 11))
        net = Dense(layers, gated, bias if gated else 0.0, init, bend, classes=run.classes)
        found.append(replace(source, net=net, rate=float(f"{rate:.2g}")))
    return found


def tuned(run: _Run, layers: int, gated: bool) -> Row:
    """Search for settings on training images held out, then train on all and measure.

    The best has the highest accuracy there; of equals the lowest loss at the end of its training.
    """
    name, s = "highway" if gated else "plain", run.settings
    seed = s.seed + s.seeds
    tried = tuple(Tried(recipe, run.fit(recipe, seed, f"tuned: {name} {layers}, search", True))
                  for recipe in candidates(run, layers, gated))
    best = max(tried, key=lambda t: (t.fit.accuracy, not t.fit.diverged,
                                     -np.nan_to_num(t.fit.loss[-1], nan=np.inf)))
    recipe = replace(best.recipe, steps=run.dense(layers, gated).steps)
    return run.row("tuned", name, recipe, tried)


def run(
    images: Images, settings: Settings, progress: Progress = lambda done, total, words: None,
    keep: Callable[[Study], None] = lambda study: None,
) -> Study:
    """Train and measure every net of the parts that are chosen.

    Args:
        images: those of the study.
        settings: which parts, and how.
        progress: called often with (work done, work in all, what is being done).
        keep: called with what is found so far after each part.

    Raises:
        ConfigError: there are fewer training images than make a batch.
    """
    if len(images.train) * 5 // 6 < settings.batch:
        raise ConfigError(f"{len(images.train)} training images are too few for batches of "
                          f"{settings.batch}")
    begun = time.monotonic()
    going = _Run(settings, Fitter(images), images.classes, progress)
    parts = [name for name in PARTS if name in settings.parts]
    deep = [(layers, gated) for layers in settings.tuned_depths for gated in (False, True)]
    plans = {name: PLANS[name](going) for name in parts if name != "tuned"}
    for plan in plans.values():
        going.total += settings.seeds * sum(cost_of(recipe) for _, recipe in plan)
    for layers, gated in deep if "tuned" in parts else []:
        going.total += sum(map(cost_of, candidates(going, layers, gated)))
        going.total += settings.seeds * cost_of(going.dense(layers, gated))
    found: dict[str, tuple[Row, ...]] = {}
    study = Study(settings, images.as_json(), found, 0.0)
    for name in parts:
        if name == "tuned":
            found[name] = tuple(tuned(going, layers, gated) for layers, gated in deep)
        else:
            found[name] = tuple(going.row(name, net, recipe) for net, recipe in plans[name])
        study = Study(settings, study.images, dict(found), time.monotonic() - begun)
        keep(study)
    return study
