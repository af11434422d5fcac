"""The study of LSTM variants as tables of plain text."""

from __future__ import annotations

from typing import Any

from study.lstm_variants import Row, Settings, runs, summary

WHAT = {
    "vanilla": "the whole cell", "nig": "no input gate", "nfg": "no forget gate",
    "nog": "no output gate", "niaf": "no input activation", "noaf": "no output activation",
    "np": "no peepholes", "cifg": "forget gate = 1 - input gate", "fgr": "gates see gates",
}


def as_text(result: dict[str, Any]) -> str:
    """Return what ``study.lstm_variants.run`` found as text: a table for each corpus."""
    settings, rows = Settings(**result["settings"]), summary(result)
    lines = _above(result, settings)
    for name in settings.corpora:
        if name in result["corpora"]:
            lines += ["", *_corpus(result["corpora"][name], settings),
                      "", *_table([row for row in rows if row.corpus == name])]
    return "\n".join([*lines, "", *_below(settings)])


def _above(result: dict[str, Any], s: Settings) -> list[str]:
    seeds = f"seed {s.seed}" if s.seeds == 1 else f"seeds {s.seed} to {s.seed + s.seeds - 1}"
    lines = [f"LSTM variants as language models: {s.layers} x {s.width} units, "
             f"{s.epochs} x {s.tokens:,} tokens, {seeds}",
             f"SGD, rate {s.rate:g}, times {s.decay:g} an epoch behind {s.decay_after}; batches of "
             f"{s.batch} x {s.steps}, loss summed over steps, clip {s.clip:g}, keep {s.keep:g}"]
    if len(result["runs"]) < len(runs(s)):
        lines.append(f"Not finished: {len(result['runs'])} of {len(runs(s))} runs are done")
    return lines


def _corpus(corpus: dict[str, Any], s: Settings) -> list[str]:
    read = s.epochs * s.tokens / corpus["train"]
    return [f"{corpus['name']}: {corpus['tokens']:,} tokens, {corpus['vocabulary']:,} different "
            f"ones; {corpus['train']:,} to learn from, read {read:.2g} times, "
            f"{min(corpus['test'], s.test_tokens):,} to be judged on",
            f"  bits a token of knowing nothing {corpus['uniform']:.3f}, of knowing how often each "
            f"is {corpus['unigram']:.3f}"]


def _table(rows: list[Row]) -> list[str]:
    cells = [("variant", "", "parameters", "test perplexity", "bits a token", "more than vanilla",
              "diverged", "s a run", "seeds")]
    for row in rows:
        cells.append((row.variant, WHAT[row.variant], f"{row.parameters:,}",
                      _perplexity(row), _spread(row.bits, ".3f"), _spread(row.more, "+.3f"),
                      _diverged(row), f"{row.seconds:.0f}", f"{row.seeds}"))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join([f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}",
                       *(f"{cell:>{width}}" for cell, width in
                         zip(row[2:], widths[2:], strict=True))]) for row in cells]


def _perplexity(row: Row) -> str:
    if row.perplexity is None:
        return "infinite"
    low = row.perplexity[0] < 100
    return _spread(row.perplexity, ".3f" if low else ",.0f") + (
        f", {row.infinite} infinite" if row.infinite else "")


def _spread(found: tuple[float, float | None] | None, form: str) -> str:
    """Return a mean in a format like ``+.3f``, and its deviation without the sign."""
    if found is None:
        return "-"
    mean, spread = found
    return f"{mean:{form}}" + ("" if spread is None else f" ± {spread:{form.lstrip('+')}}")


def _diverged(row: Row) -> str:
    if not row.diverged:
        return "-"
    when = ", ".join(f"{tokens / 1e6:.2f} M" for tokens in sorted(row.diverged))
    return f"{len(row.diverged)} of {row.seeds}, after {when}"


def _below(s: Settings) -> list[str]:
    spread = "±: one standard deviation between seeds.  " if s.seeds > 1 else ""
    return [f"{spread}more than vanilla: bits a token, seed by seed.",
            "diverged: the loss became no number, or worse than that of knowing nothing and was so "
            "still at the end of an epoch; after how many tokens."]
