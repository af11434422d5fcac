"""Do layers that find segments learn language as well: multiscale LSTMs beside LSTMs.

Nets of about the same size (``study.hm_lstm_nets``) read backgammon games as streams of tokens, and
a text by its characters. What is found of each: bits a token on the test part, how often layers
end a segment, how many updates that saves, and how the segments meet turns, phases and words.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from agent import catalog
from agent.errors import AgentError
from study import game_corpus, results
from study.boundaries import ends_of, judged
from study.hm_lstm_nets import Net, Settings, boundaries, nets, size_of, trainer_of, width_of
from study.language import Fit, Trainer, bits
from study.sitting import Progress, Sitting, StoppedError, taken_up
from study.text import Corpus, king_james, read_text

RESULT, GAMES = "hm-lstm.json", "games.npz"
FORMAT = 1
# Tokens of an example for the picture.
SHOWN = 280
# Tokens of the validation part that the way of learning is measured on after each piece.
_WATCHED = 20_000


def run(
    settings: Settings,
    folder: Path,
    progress: Progress = lambda done, total, words: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train and measure every net, or go on where a study in the folder was left.

    Args:
        settings: of the study; of one in the folder they must be the same.
        folder: gets ``hm-lstm.json``, the result so far, and ``games.npz``, the games.
        progress: called with (tokens read, tokens of all nets, what is done now).
        stop: asked after every stretch; true ends the sitting. A net that was begun is begun again
            when the study is gone on with.

    Returns:
        ``settings``; ``stopped``; ``corpora``, what each is; ``sizes``, by corpus and kind
        ``width`` and ``parameters``; ``runs``, one for each net: ``corpus``, ``kind``, ``seed``,
        ``bits`` a token of the test part, ``valid`` and ``losses``, [tokens read, bits a token] on
        the way, ``diverged``, ``seconds``; of multiscale nets what ``study.boundaries.judged`` says
        of their boundaries in the test part, and ``example``, some of it: ``tokens`` as text,
        ``ends`` by token and layer, and ``true``, which tokens are true ends, by name.

    Raises:
        AgentError: the folder holds another study or cannot be used, there is no such agent or
            text, or a corpus is too small.
    """
    return _Study(settings, folder, progress, stop).sit()


class _Study(Sitting[Settings]):
    def __init__(
        self, settings: Settings, folder: Path, progress: Progress, stop: Callable[[], bool]
    ) -> None:
        super().__init__(settings, folder, progress, stop, _taken_up(settings, folder))
        self.corpora: dict[str, Corpus] = {}
        self.trainers: dict[tuple[str, str], Trainer] = {}

    def go(self) -> None:
        """Do what is left to do."""
        rows = {Net(row["corpus"], row["kind"], row["seed"]) for row in self.result["runs"]}
        if not rows.issuperset(nets(self.settings)):
            # Mistakes are found before there is a folder: games come last.
            found = {name: self._corpus(name)
                     for name in sorted(self.settings.corpora, reverse=True)}
            for name in self.settings.corpora:
                self._note(name, found[name])
            if not (self.folder / RESULT).exists():
                results.begin(self.folder / RESULT)
        for net in nets(self.settings):
            if net not in rows:
                self._tell(net, 0)
                self.result["runs"].append(self._learn(net))
                results.save(self.result, self.folder / RESULT)
            self.done += self.settings.tokens

    def _tell(self, net: Net, tokens: int) -> None:
        total = self.settings.tokens * len(nets(self.settings))
        self.progress(min(self.done + tokens, total), total,
                      f"{net.kind} on {net.corpus}, seed {net.seed}")

    def _corpus(self, name: str) -> Corpus:
        settings = self.settings
        if name == "text":
            corpus = king_james() if settings.text is None else read_text(Path(settings.text))
        else:
            corpus = self._games()
        needed = settings.batch * settings.steps + 1
        for part, least in (("train", needed), ("valid", 100), ("test", 1000)):
            count = len(corpus.tokens[getattr(corpus, part)])
            if count < least:
                raise AgentError(f"{corpus.name}: {count:,} tokens of its {part} part are too few, "
                                 f"there must be {least:,}")
        return corpus

    def _note(self, name: str, corpus: Corpus) -> None:
        """Keep a corpus, and say in the result what it is and how large its nets are."""
        settings, vocabulary = self.settings, len(corpus.vocabulary)
        self.corpora[name] = corpus
        self.result["corpora"][name] = corpus.as_json()
        widths = {kind: width_of(kind, vocabulary, settings) for kind in settings.kinds}
        self.result["sizes"][name] = {
            kind: {"width": width, "parameters": size_of(kind, vocabulary, settings, width)}
            for kind, width in widths.items()}

    def _games(self) -> Corpus:
        settings, path = self.settings, self.folder / GAMES
        if path.exists():
            return game_corpus.read(path)

        def tell(done: int, total: int) -> None:
            self.progress(0, settings.tokens * len(nets(settings)), f"games: {done:,} of {total:,}")
            self.heed()

        agent = catalog.get(settings.agent)
        results.begin(self.folder / RESULT)
        corpus = game_corpus.record(agent, settings.games, settings.seed, tell)
        game_corpus.write(path, corpus)
        return corpus

    def _trainer(self, net: Net) -> Trainer:
        """Return what trains a net; annealed ones are the same net, and not compiled again."""
        key = net.corpus, net.kind.split()[0]
        if key not in self.trainers:
            vocabulary = len(self.corpora[net.corpus].vocabulary)
            self.trainers[key] = trainer_of(net.kind, vocabulary, self.settings)
        return self.trainers[key]

    def _learn(self, net: Net) -> dict[str, Any]:
        """Return the row of a net that has learned."""
        settings, corpus, trainer = self.settings, self.corpora[net.corpus], self._trainer(net)

        def extra_of(piece: int) -> dict[str, float]:
            if net.kind == "lstm":
                return {}
            return {"slope": settings.slope_of(piece) if net.kind.endswith("annealed") else 1.0}

        fit = trainer.fit(corpus, net.seed, lambda tokens: self._tell(net, tokens), self.stop,
                          extra_of, _WATCHED)
        if fit.stopped:
            raise StoppedError
        test = slice(corpus.test.start, min(corpus.test.stop,
                                            corpus.test.start + settings.measured))
        last = extra_of(settings.pieces - 1)
        nats = trainer.measure(fit.params, corpus.tokens[test], last)
        row = {**net._asdict(), "bits": bits(nats), **_way(fit)}
        if net.kind != "lstm":
            row |= _found(trainer, fit, corpus, test)
        return row


def _way(fit: Fit) -> dict[str, Any]:
    """Return how a net learned, as plain values, in bits."""
    return {"valid": [[tokens, bits(nats)] for tokens, nats in fit.valid],
            "losses": [[tokens, bits(nats)] for tokens, nats in fit.losses],
            "diverged": fit.diverged, "seconds": round(fit.seconds, 1)}


def _found(trainer: Trainer, fit: Fit, corpus: Corpus, test: slice) -> dict[str, Any]:
    """Return what is to be said of the boundaries of a net in the test part."""
    tokens = corpus.tokens[test]
    ends = boundaries(trainer, fit.params, tokens)
    # The streams are one behind the other in the corpus, and judged as one.
    read = ends.reshape(-1, ends.shape[-1])
    true = {name: where[test][: len(read)] for name, where in ends_of(corpus).items()}
    return judged(read, true) | {"example": _example(corpus, tokens, ends[0], true)}


def _example(
    corpus: Corpus, tokens: Any, ends: Any, true: dict[str, Any]
) -> dict[str, Any]:
    """Return a stretch of a stream: of games from the start of one, of text from a new sentence."""
    most = max(0, len(ends) - SHOWN)
    if "start" in corpus.vocabulary:
        new = tokens[: len(ends)] == corpus.vocabulary.index("start")
    else:
        stops = true.get("sentence ends", np.zeros(len(ends), np.bool_))[: len(ends)]
        new = np.append([False, False], stops[:-2])
    # Not the first: by then the net has seen something.
    places = [int(at) for at in np.flatnonzero(new) if 0 < at <= most]
    first = places[0] if places else most
    part = slice(first, min(len(ends), first + SHOWN))
    return {"tokens": [corpus.vocabulary[token] for token in tokens[part]],
            "ends": ends[part].astype(int).tolist(),
            "before": ends[first - 1].astype(int).tolist() if first else [0] * ends.shape[1],
            "true": {name: where[part].astype(int).tolist() for name, where in true.items()}}


def _taken_up(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return the result in the folder, or one without nets."""
    fresh: dict[str, Any] = {
        "study": "hm-lstm", "format": FORMAT, "settings": settings.as_json(), "stopped": False,
        "corpora": {}, "sizes": {}, "runs": []}
    return taken_up(folder / RESULT, fresh, read) or fresh


def _is_one(found: dict[str, Any]) -> bool:
    return found.get("study") == "hm-lstm" and found.get("format") == FORMAT


def read(path: Path) -> dict[str, Any]:
    """Return the result in a file ``hm-lstm.json``.

    Raises:
        AgentError: there is none, or it is damaged.
    """
    return results.read(path, _is_one, "multiscale LSTMs")


def summary(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each corpus and kind: means over seeds of what ``run`` says of nets.

    ``corpus``, ``kind``, ``seeds``, ``width``, ``parameters``, ``bits`` and ``sd`` (``None`` of
    one seed), ``worse`` (bits more than the LSTM's, or ``None``), ``diverged``, ``seconds``; of
    multiscale nets ``rates`` by layer, ``updates`` and ``matches``.
    """
    found = []
    for corpus, sizes in result["sizes"].items():
        of_kind = {kind: [row for row in result["runs"]
                          if row["corpus"] == corpus and row["kind"] == kind] for kind in sizes}
        base = [row["bits"] for row in of_kind.get("lstm", [])]
        for kind, rows in of_kind.items():
            if not rows:
                continue
            all_bits = [row["bits"] for row in rows]
            line: dict[str, Any] = {
                "corpus": corpus, "kind": kind, "seeds": len(rows), **sizes[kind],
                "bits": mean(all_bits), "sd": stdev(all_bits) if len(rows) > 1 else None,
                "worse": mean(all_bits) - mean(base) if base and kind != "lstm" else None,
                "diverged": sum(row["diverged"] is not None for row in rows),
                "seconds": mean(row["seconds"] for row in rows)}
            if kind != "lstm":
                line |= {"rates": np.mean([row["rates"] for row in rows], axis=0).tolist(),
                         "updates": mean(row["updates"] for row in rows),
                         "matches": _mean_matches([row["matches"] for row in rows])}
            found.append(line)
    return found


def _mean_matches(of_seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return of each name and layer the mean of each figure over seeds; shifts as they are."""
    found: dict[str, Any] = {}
    for name, first in of_seeds[0].items():
        layers = []
        for i in range(len(first["layers"])):
            of_layer = [of_seed[name]["layers"][i] for of_seed in of_seeds]
            line: dict[str, Any] = {key: mean(m[key] for m in of_layer)
                                    for key in ("f1", "precision", "recall", "random")}
            layers.append(line | {"shifts": [m["shift"] for m in of_layer]})
        found[name] = {"rate": first["rate"], "layers": layers}
    return found
