"""Pictures of adversarial validation (matplotlib, without a display), from plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from study.numerai.adversarial import SPLITS

Result = Mapping[str, Any]
# Told apart by all eyes (Okabe & Ito, Color Universal Design, 2008), and by marks and dashes.
_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442")
_TEST = "#D55E00"
_KINDS = {"adversarial": ("#0072B2", "o", "most test-like tenth"),
          "random": ("#E69F00", "s", "random tenth")}
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))
_SURE = 1.96


def picture(found: Result) -> Figure:
    """Return the picture of what ``study.numerai.adversarial.compare`` found.

    Above, for each model by seed: the log loss on either validation part, and on the test part of
    the models fitted to what it leaves, with 95 % intervals by game. Below: how test-like the
    forest finds the rows of each source; its ROC curve; which games make up either part.
    """
    models = list(dict.fromkeys(row["model"] for row in found["rows"]))
    figure = Figure(figsize=(13, 8.6), dpi=110, layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False)[:, 0]
    panels = above.subplots(1, len(models), squeeze=False)[0]
    for panel, model in zip(panels, models, strict=True):
        _losses(panel, [row for row in found["rows"] if row["model"] == model])
        panel.set_title(model, fontsize=10)
    panels[0].set_ylabel("log loss, nats a position")
    panels[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    left, middle, right = below.subplots(1, 3, width_ratios=[1.4, 0.9, 1.2])
    _histogram(left, found["histogram"], found["forests"][0]["auc_of"])
    _roc(middle, found)
    _sources(right, found)
    figure.suptitle("Validation by likeness to the test part says more of the test part than a "
                    "random one does" if all(row["nearer"] for row in found["rows"]) else
                    "Validation by likeness to the test part, and a random one", fontsize=12)
    return figure


def _losses(panel: Axes, rows: list[Result]) -> None:
    """Draw the two validation parts and the test part of a model, seed by seed."""
    for i, row in enumerate(rows):
        for k, kind in enumerate(SPLITS):
            color, mark, name = _KINDS[kind]
            for j, part in enumerate(("validation", "test")):
                mean, se = row[kind][part]
                is_test = part == "test"
                label = f"test, without the\n{name}" if is_test else name
                panel.errorbar(
                    i + 0.36 * (k - 0.5) + 0.14 * (j - 0.5), mean, _SURE * se, fmt=mark,
                    color=_TEST if is_test else color, capsize=3, markersize=6,
                    fillstyle="none" if is_test else "full", label=label if i == 0 else None)
    panel.set_xticks(range(len(rows)), [f"seed {row['seed']}" for row in rows])
    panel.set_xlim(-0.5, len(rows) - 0.5)
    panel.grid(axis="y", alpha=0.3)


def _histogram(panel: Axes, histogram: Result, auc: Mapping[str, list[float]]) -> None:
    edges = np.array(histogram["edges"])
    train = 0
    for name, of_source in histogram["sources"].items():
        test = of_source["test"]
        color = _TEST if test else _COLORS[train % len(_COLORS)]
        panel.stairs(of_source["share"], edges, color=color, linewidth=2.6 if test else 1.5,
                     linestyle="-" if test else _DASHES[train % len(_DASHES)],
                     label=f"{name} (test)" if test else f"{name}: AUC {auc[name][0]:.3f}")
        train += not test
    panel.set_title("how test-like the forest finds positions", fontsize=10)
    panel.set_xlabel("P(test), out of fold")
    panel.set_ylabel("positions of a source")
    panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.legend(fontsize=8)
    panel.grid(alpha=0.3)


def _roc(panel: Axes, found: Result) -> None:
    first = found["forests"][0]
    panel.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":", label="no difference")
    panel.plot(found["roc"]["false"], found["roc"]["true"], color="#0072B2",
               label=f"forest: AUC {first['auc']:.3f}\n± {_SURE * first['auc_se']:.3f} (95 %)")
    panel.set_title("train against test, ROC", fontsize=10)
    panel.set_xlabel("train positions taken for test")
    panel.set_ylabel("test positions found")
    panel.set_aspect("equal")
    panel.legend(loc="lower right", fontsize=8)
    panel.grid(alpha=0.3)


def _sources(panel: Axes, found: Result) -> None:
    """Draw which sources the games of either validation part are from, mean of the seeds."""
    forests = found["forests"]
    names = [name for name, of in found["histogram"]["sources"].items() if not of["test"]]
    at = np.arange(len(names))
    for k, kind in enumerate(SPLITS):
        shares = np.array([[forest["sources"][kind][name] for name in names]
                           for forest in forests])
        panel.barh(at + 0.4 * (k - 0.5), shares.mean(0), 0.38, color=_KINDS[kind][0])
    panel.set_yticks(at, names, fontsize=8)
    panel.invert_yaxis()
    panel.set_title("whose games are for validation (colours as above)", fontsize=10)
    panel.set_xlabel("share of the validation part, mean of the seeds")
    panel.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.grid(axis="x", alpha=0.3)
