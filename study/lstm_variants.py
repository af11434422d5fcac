"""Nine LSTM variants as language models: of a text, and of backgammon games.

After Greff et al., "LSTM: A search space odyssey" (arXiv 1503.04069): which parts of the cell
matter. Each variant (``agent.nets.lstm``) learns the same tokens under the same settings, with
several seeds, and is judged by its perplexity on the end of the corpus, which it has not read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from agent import catalog
from agent.errors import ConfigError
from agent.nets.lstm import Stack, uniform
from agent.nets.numpy_lstm import VARIANTS
from study import game_corpus, results
from study.language import LanguageModel, Trainer, Training, bits, perplexity
from study.sitting import Progress, Sitting, taken_up
from study.text import Corpus, king_james, read_text

RESULT, GAMES = "lstm-variants.json", "games.npz"
CORPORA = ("text", "games")


@dataclass(frozen=True)
class Settings:
    """What is compared, and how all of it is trained.

    Every variant is trained with ``seeds`` seeds, from ``seed`` on, on each of ``corpora``: "text"
    is the King James text or the file or folder ``text``, by characters or ``words``; "games" are
    so many ``games`` of ``agent`` against itself. ``width``, ``layers`` and ``keep``, what dropout
    leaves, are those of ``agent.nets.lstm.Stack``; the embedding is as wide. ``epochs`` to
    ``decay_after``: see ``study.language.Training``. ``valid_tokens`` are measured after each
    epoch, ``test_tokens`` at the end, or what there is. Weights of the cells begin between
    -``cell_init`` and ``cell_init``, biases and peepholes too, all others within ``ends_init``.
    """

    variants: tuple[str, ...] = tuple(VARIANTS)
    corpora: tuple[str, ...] = CORPORA
    seeds: int = 3
    seed: int = 1
    text: str | None = None
    words: bool = False
    games: int = 12_000
    agent: str = "td-gammon"
    width: int = 64
    layers: int = 2
    # The source's .5 is for 39 passes over its text; what is read once cannot be learned by heart.
    # Of 64 units, 630,000 characters: validation perplexity 6.41 with .5, 4.61 with 1 (vanilla).
    keep: float = 1.0
    epochs: int = 10
    tokens: int = 280_000
    batch: int = 20
    steps: int = 35
    rate: float = 1.0
    clip: float = 5.0
    decay: float = 0.5
    decay_after: int = 6
    valid_tokens: int = 20_000
    test_tokens: int = 200_000
    cell_init: float = 0.1
    ends_init: float = 0.05

    def __post_init__(self) -> None:
        for name in ("variants", "corpora"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        checks = [
            (_some(self.variants, tuple(VARIANTS)),
             f"variants must be some of {', '.join(VARIANTS)}, each once"),
            (_some(self.corpora, CORPORA), f"corpora must be some of {', '.join(CORPORA)}"),
            (1 <= self.seeds <= 1000, f"seeds must be 1 to 1000, not {self.seeds}"),
            (0 <= self.seed < 2**31, f"seed must be 0 to {2**31 - 1}, not {self.seed}"),
            (self.games >= 3, f"games must be at least 3, not {self.games}"),
            (1 <= self.width <= 4096, f"width must be 1 to 4096, not {self.width}"),
            (1 <= self.layers <= 100, f"layers must be 1 to 100, not {self.layers}"),
            (min(self.valid_tokens, self.test_tokens) >= 2,
             f"at least 2 tokens must be measured, not {min(self.valid_tokens, self.test_tokens)}"),
            (min(self.cell_init, self.ends_init) >= 0, "bounds of what weights begin with must not "
             f"be negative, as {min(self.cell_init, self.ends_init)} is"),
        ]
        for right, message in checks:
            if not right:
                raise ConfigError(message)
        self.training()
        self.stack(self.variants[0])

    @classmethod
    def quick(cls, **given: Any) -> Settings:
        """Return settings that show the effect on the text within a minute."""
        small = {"variants": ("vanilla", "np", "nfg"), "corpora": ("text",), "seeds": 1,
                 "width": 48, "epochs": 4, "tokens": 105_000, "decay_after": 3,
                 "test_tokens": 50_000}
        return cls(**{**small, **given})

    def training(self) -> Training:
        """Return how a model is trained."""
        return Training(self.epochs, self.tokens, self.batch, self.steps, "sgd", self.rate,
                        self.clip, self.decay, self.decay_after)

    def stack(self, variant: str) -> Stack:
        """Return the stack of a variant."""
        init = uniform(self.cell_init)
        return Stack(self.width, self.layers, variant, self.keep, self.keep, init, init, init)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def _some(names: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return bool(names) and set(names) <= set(known) and len(set(names)) == len(names)


class Run(NamedTuple):
    """One model of the study."""

    corpus: str
    variant: str
    seed: int


def runs(settings: Settings) -> list[Run]:
    """Return the runs of a study in their order: all variants, and then the next seed."""
    return [Run(corpus, variant, settings.seed + i) for corpus in settings.corpora
            for i in range(settings.seeds) for variant in settings.variants]


def run(
    settings: Settings,
    folder: Path,
    progress: Progress = lambda done, total, words: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train and judge every variant, or go on where a study in the folder was left.

    Args:
        settings: of the study; of one in the folder they must be the same.
        folder: gets ``lstm-variants.json``, the result so far, after every run, and the games.
        progress: called with (tokens read, tokens of all runs, what is done now).
        stop: asked often; true ends the sitting. A run that was not finished begins anew.

    Returns:
        ``settings``; ``stopped``; ``corpora`` by name: what ``Corpus.as_json`` says, ``uniform``
        and ``unigram``, the test bits a token of knowing nothing, and of knowing how often each
        token is; ``runs``, one for each that is finished: ``corpus``, ``variant``, ``seed``,
        ``parameters`` (all of the model), ``bits`` and ``perplexity`` a token of the test part
        (``None`` where they are no finite number), ``diverged`` (see ``study.language.Fit``),
        ``train`` and ``valid``, [tokens read, bits a token] (``None`` as before), ``seconds``.

    Raises:
        AgentError: the folder holds another study or cannot be used, the text or the agent is
            missing, or a corpus is too short.
    """
    return _Study(settings, folder, progress, stop).sit()


class _Study(Sitting[Settings]):
    def __init__(
        self, settings: Settings, folder: Path, progress: Progress, stop: Callable[[], bool]
    ) -> None:
        # Whatever is missing leaves no folder behind.
        self.text = _text(settings) if "text" in settings.corpora else None
        self.agent = catalog.get(settings.agent) if "games" in settings.corpora else None
        super().__init__(settings, folder, progress, stop, _taken_up(settings, folder))
        self.corpora: dict[str, Corpus] = {}
        self.trainers: dict[tuple[str, str], Trainer] = {}

    def go(self) -> None:
        """Do what is left to do."""
        ready = {Run(row["corpus"], row["variant"], row["seed"]) for row in self.result["runs"]}
        for which in runs(self.settings):
            if which not in ready:
                self.result["runs"].append(self._run(which))
                results.save(self.result, self.folder / RESULT)
            self.done += self._of_run

    @property
    def _of_run(self) -> int:
        return self.settings.epochs * self.settings.tokens

    def _tell(self, tokens: int, words: str) -> None:
        total = self._of_run * len(runs(self.settings))
        self.progress(self.done + min(tokens, self._of_run), total, words)
        self.heed()

    def _run(self, which: Run) -> dict[str, Any]:
        """Return the row of a run."""
        s, corpus = self.settings, self._corpus(which.corpus)
        words = f"{which.corpus}, {which.variant}, seed {which.seed}"
        self._tell(0, f"{words}: compiling")
        trainer = self._trainer(which, len(corpus.vocabulary))
        fit = trainer.fit(corpus, which.seed, lambda tokens: self._tell(tokens, words),
                          valid_tokens=s.valid_tokens)
        nats = trainer.measure(fit.params, corpus.tokens[corpus.test][:s.test_tokens])
        return {
            **which._asdict(), "parameters": sum(a.size for a in jax.tree.leaves(fit.params)),
            "bits": _finite(bits(nats)), "perplexity": _finite(perplexity(nats)),
            "diverged": fit.diverged,
            "train": [[tokens, _finite(bits(loss))] for tokens, loss in fit.losses],
            "valid": [[tokens, _finite(bits(loss))] for tokens, loss in fit.valid],
            "seconds": round(fit.seconds, 1),
        }

    def _trainer(self, which: Run, vocabulary: int) -> Trainer:
        """Return the trainer of a variant, one for all its seeds: compiling takes its time."""
        key = which.corpus, which.variant
        if key not in self.trainers:
            s = self.settings
            model = LanguageModel(s.stack(which.variant), vocabulary, s.width,
                                  uniform(s.ends_init))
            self.trainers[key] = Trainer(model, s.training())
        return self.trainers[key]

    def _corpus(self, name: str) -> Corpus:
        if name not in self.corpora:
            corpus = self.text if name == "text" else self._games()
            assert corpus is not None
            self.corpora[name] = corpus
            self.result["corpora"][name] = {**corpus.as_json(), **_baselines(corpus, self.settings)}
        return self.corpora[name]

    def _games(self) -> Corpus:
        """Return the games of the folder; there are none before they are all played."""
        s, path = self.settings, self.folder / GAMES
        if path.exists():
            return game_corpus.read(path)
        assert self.agent is not None
        corpus = game_corpus.record(
            self.agent, s.games, s.seed,
            lambda done, total: self._tell(0, f"games: {done:,} of {total:,} played"))
        game_corpus.write(path, corpus)
        return corpus


def _text(settings: Settings) -> Corpus:
    if settings.text is None:
        return king_james(words=settings.words)
    return read_text(Path(settings.text), words=settings.words)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _baselines(corpus: Corpus, settings: Settings) -> dict[str, float]:
    """Return bits a token of the test part without a model: uniform, and by how often each is."""
    size = len(corpus.vocabulary)
    counts = np.bincount(corpus.tokens[corpus.train], minlength=size) + 1.0
    shares = counts / counts.sum()
    test = corpus.tokens[corpus.test][:settings.test_tokens][1:]
    return {"uniform": math.log2(size), "unigram": float(-np.log2(shares[test]).mean())}


def _taken_up(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return the result in the folder, or one without runs."""
    fresh: dict[str, Any] = {"settings": settings.as_json(), "stopped": False, "corpora": {},
                             "runs": []}
    path = folder / RESULT
    found = taken_up(path, fresh, read)
    if found is None:
        results.begin(path)
        results.save(fresh, path)
    return found or fresh


def read(path: Path) -> dict[str, Any]:
    """Return the result in a file ``lstm-variants.json``.

    Raises:
        AgentError: there is none, or it is damaged.
    """
    return results.read(
        path, lambda found: {"settings", "corpora", "runs"} <= found.keys(), "LSTM variants")


class Row(NamedTuple):
    """A variant on a corpus, over its seeds.

    ``perplexity``, ``bits`` and ``more`` (bits more than vanilla's with the same seeds): mean and
    standard deviation between seeds, ``None`` of a single one, over those that are finite numbers;
    each is ``None`` where there is none. ``infinite``: how many are not. ``diverged``: of those
    that did, after how many tokens. ``seconds``: the mean.
    """

    corpus: str
    variant: str
    seeds: int
    parameters: int
    perplexity: tuple[float, float | None] | None
    bits: tuple[float, float | None] | None
    more: tuple[float, float | None] | None
    infinite: int
    diverged: tuple[int, ...]
    seconds: float


def summary(result: dict[str, Any]) -> list[Row]:
    """Return a row for each variant and corpus of which a run is finished."""
    found = []
    for corpus in result["settings"]["corpora"]:
        here = [row for row in result["runs"] if row["corpus"] == corpus]
        base = {row["seed"]: row["bits"] for row in here if row["variant"] == "vanilla"}
        for variant in result["settings"]["variants"]:
            mine = [row for row in here if row["variant"] == variant]
            if not mine:
                continue
            more = [row["bits"] - base[row["seed"]] for row in mine
                    if row["bits"] is not None and base.get(row["seed"]) is not None]
            known = {name: [row[name] for row in mine if row[name] is not None]
                     for name in ("perplexity", "bits", "diverged")}
            found.append(Row(
                corpus, variant, len(mine), mine[0]["parameters"], _spread(known["perplexity"]),
                _spread(known["bits"]), _spread(more), len(mine) - len(known["perplexity"]),
                tuple(known["diverged"]), float(np.mean([row["seconds"] for row in mine]))))
    return found


def _spread(values: list[float]) -> tuple[float, float | None] | None:
    if not values:
        return None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None
