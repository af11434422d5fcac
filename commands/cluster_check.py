"""``tdgammon cluster-check``: a Job's manifest tried out on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from commands.options import json_option, print_json

_FAILED = 1


@click.command("cluster-check", context_settings={"ignore_unknown_options": True})
@click.option("--manifest", type=click.Path(path_type=Path), metavar="PATH", show_default=True,
              default=Path("deploy/overlays/multi-node"),
              help="A file, or a folder that kustomize builds.")
@click.option("--processes", type=click.IntRange(1), metavar="N",
              help="How many to start.  [default: those of the manifest]")
@click.option("--kill", type=click.IntRange(0), metavar="I",
              help="Which one to kill.  [default: the last one]")
@click.option("--checkpoint-seconds", type=click.FloatRange(1), default=5.0, show_default=True,
              metavar="S", help="Time between two checkpoints.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="PATH",
              help="New folder for volumes and output, to look at afterwards.")
@click.option("--quick", is_flag=True, help="Kill one process, and send none SIGTERM.")
@click.option("--no-trial", is_flag=True, help="Read the manifest only; start nothing.")
@json_option
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def cluster_check(
    manifest: Path, processes: int | None, kill: int | None, checkpoint_seconds: float,
    keep: Path | None, quick: bool, no_trial: bool, as_json: bool,
    options: tuple[str, ...],
) -> int:
    """Try out the Job of a manifest without a cluster.

    Its processes are started here with its command and environment; one is killed, all are started
    again as the Job's rules say, one is sent SIGTERM, and they go on to the end. OPTIONS behind --
    are added to the command, to make the run smaller. Exit code 1: something failed. The guide is
    docs/cluster.md.
    """
    from agent.deployment.manifest import ManifestError, workload
    from agent.deployment.rules import check_rules
    from agent.deployment.trial import Trial
    from ui.cluster_check import check_table
    from ui.progress import bar

    job = workload(manifest)
    said = check_rules(job)
    count = processes or job.parallelism
    kill = count - 1 if kill is None else kill
    if kill >= count:
        raise ManifestError(f"of {count} processes there is none with number {kill}")
    title, tried = f"{manifest}: {job.name}, {job.parallelism} processes", []
    if not no_trial:
        with _folder(keep) as root, bar("trial", 5) as advance:
            steps = iter(range(6))
            trial = Trial(job, count, kill, root, more=options,
                          checkpoint_seconds=checkpoint_seconds,
                          say=lambda words: advance(next(steps), 5, words))
            tried = trial.run(terminate=not quick)
            title += f"\ntried with {count}, and {' '.join(trial.overrides)}"
    if as_json:
        print_json({"manifest": str(manifest), "processes": count,
                    "overrides": trial.overrides if tried else [],
                    "said": [vars(check) for check in said],
                    "tried": [vars(check) for check in tried]})
    else:
        click.echo(check_table(title, said, tried))
    return 0 if all(check.passed for check in (*said, *tried)) else _FAILED


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give a new folder: one that stays, or one that is gone afterwards."""
    from agent.errors import AgentError

    if keep is None:
        with tempfile.TemporaryDirectory() as root:
            yield Path(root)
        return
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        raise AgentError(f"{keep}: cannot be made ({error.strerror})") from error
    yield keep.absolute()
