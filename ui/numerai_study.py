"""The study of the competition's pipeline as tables of plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
_PARTS = ("validation", "test")


def as_text(result: Row) -> str:
    """Return what ``study.numerai.study.run`` found as text: a table or more for each part."""
    settings = result["settings"]
    hidden = ", views rotated" if settings["obfuscate"] else ""
    lines = [f"The competition's pipeline on positions: seed {settings['seed']}, "
             f"{settings['games']:,} games of each source, {settings['per_game']} positions of "
             f"a game at most{hidden}"]
    if result["stopped"]:
        lines.append("Not finished: the same command with --out goes on")
    if result["data"]:
        lines += ["", *_data(result["data"])]
    tables = {"adversarial": _adversarial, "analysis": _analysis, "embeddings": _embeddings,
              "ladder": _ladder, "search": _search, "agents": _agents}
    for name, table in tables.items():
        if name in result["parts"]:
            lines += ["", *table(result["parts"][name])]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Return lines of a table, its first ``words`` columns to the left, the others to the right."""
    cells = [tuple(head), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  " + "  ".join(f"{cell:<{width}}" if i < words else f"{cell:>{width}}"
                             for i, (cell, width) in enumerate(zip(row, widths, strict=True))
                             ).rstrip() for row in cells]


def _with_error(pair: Sequence[float] | None, digits: int = 4, sign: str = "") -> str:
    if pair is None:
        return "-"
    return f"{pair[0]:{sign}.{digits}f} ± {pair[1]:.{digits}f}"


def _data(data: Row) -> list[str]:
    rows = [(row["source"], row["part"], f"{row['games']:,}", f"{row['positions']:,}",
             f"{100 * row['won']:.1f} %", f"{100 * row['gammons']:.1f} %",
             f"{100 * row['bearoff']:.1f} %") for row in data["sources"]]
    return ["Positions; siblings: " f"{data['siblings']:,} pairs of plays of one roll",
            *_table(("games of", "part", "games", "positions", "won", "gammons", "in the tables"),
                    rows, 2)]


def _adversarial(found: Row) -> list[str]:
    lines = ["Adversarial validation: the test-likest tenth of the train games against a random "
             "tenth, log loss"]
    for forest in found["forests"]:
        alone = ", ".join(f"{name} {auc:.3f}" for name, (auc, _) in forest["auc_of"].items())
        lines.append(f"  seed {forest['seed']}: AUC of train against test "
                     f"{_with_error((forest['auc'], forest['auc_se']), 3)}; alone {alone}")
    rows = []
    for row in found["rows"]:
        sides = [row[kind] for kind in ("adversarial", "random")]
        rows.append((row["model"], f"{row['seed']}", *(
            text for side in sides for text in (_with_error(side["validation"]),
                                                _with_error(side["test"]),
                                                f"{side['validation'][0] - side['test'][0]:+.4f}")),
            "adversarial" if row["nearer"] else "random"))
    return lines + _table(
        ("model", "seed", "adversarial", "test", "away", "random", "test", "away", "nearer"), rows)


def _analysis(found: Row) -> list[str]:
    names = list(next(iter(found["phases"].values())))
    rows = [(source, *(f"{100 * shares[name]:.1f} %" for name in names))
            for source, shares in found["phases"].items()]
    tsne = found["tsne"]
    clusters = [(f"{number + 1}", f"{one['rows']:,}", one["phase"], f"{100 * one['share']:.0f} %")
                for number, one in enumerate(tsne["clusters"])]
    mutual = f"; adjusted mutual information with the phases {tsne['ami']:.3f}" \
        if "ami" in tsne else ""
    return ["Phases of the game, by source", *_table(("games of", *names), rows),
            f"Clusters of DBSCAN in t-SNE of {len(tsne['dots']):,} positions, "
            f"{100 * tsne['clustered']:.0f} % of them in one{mutual}",
            *_table(("cluster", "positions", "mostly", "of it"), clusters)]


def _embeddings(found: Row) -> list[str]:
    lines = ["Embeddings without labels: how much of what is sought a small net gives, R2"]
    for name, one in found.items():
        if "r2" in one:
            rows = [(column, f"{one['r2'][column]:.3f}", f"{one['r2_learned'][column]:.3f}")
                    for column in one["columns"]]
            lines += [f"  {name}: {one['rows']:,} positions embedded, {one['judged']:,} judged",
                      *_table(("coordinate", "new games", "learned from"), rows)]
        else:
            more = "" if "restored" not in one else (
                f"; of hidden columns {one['restored']:.3f}, {one['pca_restored']:.3f}")
            lines.append(f"  {name}: {len(one['columns'])} codes give back {one['explained']:.3f} "
                         f"of the variance, as many principal components {one['pca']:.3f}{more}")
    return lines


def _ladder(found: Row) -> list[str]:
    rows = [(_marked(row), "-" if row["columns"] is None else f"{row['columns']}",
             *(_with_error(row[part]) for part in _PARTS)) for row in found["models"]]
    lines = ["The ladder: log loss ± standard error by game",
             *_table(("model", "columns", *_PARTS), rows)]
    if any(row["converged"] is False for row in found["models"]):
        lines.append("  * stopped before its weights were the best")
    lines += ["Differences in log loss, paired; above 0 where the claim holds"]
    rows = [(row["claim"], row["better"], row["worse"],
             *(_with_error(row[part], sign="+") for part in _PARTS), _verdict(row))
            for row in found["comparisons"]]
    lines += _table(("claim", "better", "worse", *_PARTS, "on the test part"), rows, 3)
    rows = [(row["name"], f"{row['rows']:,}", *(_with_error(row[part]) for part in _PARTS))
            for row in found["sizes"]]
    return [*lines, "With fewer positions", *_table(("model", "positions", *_PARTS), rows)]


def _marked(row: Row) -> str:
    return f"{row['name']}*" if row["converged"] is False else str(row["name"])


def _verdict(row: Row) -> str:
    """Say what a difference on the test part shows at two standard errors."""
    more, se = row["test"]
    return "shown" if more > 2 * se else "refuted" if more < -2 * se else "not told apart"


def _search(found: Row) -> list[str]:
    rows = [(row["model"], row["inputs"], _with_error((row["loss"], row["se"])),
             ", ".join(f"{name} {_short(value)}" for name, value in row["settings"].items()))
            for row in found["best"]]
    pruned = sum(row["state"] == "pruned" for row in found["trials"])
    count = len(found["trials"])
    return [f"The search: {count} trial{'s' * (count > 1)}, {pruned} given up; the best of each "
            "model, log loss of the validation part",
            *_table(("model", "sees", "log loss", "settings"), rows, 2)]


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _agents(found: Row) -> list[str]:
    rows = []
    for name, one in found.items():
        chosen = "-" if one["chosen"] is None else f"{100 * one['chosen'][0]:.1f} %"
        rows.append((name, _with_error(one["log_loss"]), chosen,
                     "-" if one["bearoff"] is None else f"{one['bearoff']:.3f}",
                     f"{100 * one['random']['win']:.2f} %", _ppg(one["random"]),
                     _ppg(one["pubeval"])))
    games = next(iter(found.values()))["random"]["games"]
    return [f"The agents: the test part, and {games:,} games of duplicate dice against each "
            "opponent",
            *_table(("agent", "log loss", "chosen play", "bear-off", "beats random",
                     "points a game", "against pubeval"), rows),
            "  chosen play: how often it prefers it to another of that roll; bear-off: root mean "
            "square error of the chance to win",
            "  against the exact one, where the tables speak (at play the tables decide)"]


def _ppg(contest: Row) -> str:
    return f"{contest['ppg']:+.3f} ± {contest['ppg_se']:.3f}"
