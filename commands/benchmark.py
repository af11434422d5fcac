"""``tdgammon benchmark``: contests with duplicate dice, and error rates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import (
    AGENT_HELP,
    cluster_options,
    device_option,
    json_option,
    ply_option,
    print_json,
    refuse_given,
    seed_option,
)

if TYPE_CHECKING:
    from agent.place import Place


@click.command()
@click.argument("agent")
@click.option("--opponent", default="pubeval", show_default=True, help=AGENT_HELP)
@click.option("--games", type=click.IntRange(1), default=1000, show_default=True, metavar="N")
@click.option(
    "--luck/--no-luck",
    default=False,
    show_default=True,
    help="Print the score without the luck of the rolls, too; takes ten to twenty times as long.",
)
@click.option(
    "--positions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Play no games; measure the errors in the decisions of FILE, .jsonl or .jsonl.gz.",
)
@ply_option
@seed_option
@cluster_options
@device_option
@json_option
def benchmark(
    agent: str,
    opponent: str,
    games: int,
    luck: bool,
    positions: Path | None,
    ply: int | None,
    seed: int,
    device: str,
    as_json: bool,
    place: Place | None,
) -> None:
    """Play AGENT against an opponent with duplicate dice and print the score.

    With --positions: print its error rate, in thousandths of a point a decision (mpt).
    """
    if positions is not None:
        refuse_given("--positions plays no games", "opponent", "games", "luck")
        _error_rate(agent, ply, positions, seed, device, as_json, place)
        return
    from agent import catalog
    from agent.arena import play_contest
    from agent.cluster import joined
    from agent.device import prepare
    from agent.luck import default_values
    from ui.progress import bar
    from ui.tables import contest_table

    players = catalog.get(agent, ply), catalog.get(opponent)
    luck_by = default_values() if luck else None
    prepare(device)
    with joined(place, with_jax=False) as cluster, \
            bar("games", games, shown=cluster.first) as advance:
        contest = play_contest(*players, games, seed, progress=advance, luck_by=luck_by,
                               cluster=cluster)
    if not cluster.first:
        return
    if as_json:
        print_json(contest.as_json())
    else:
        click.echo(contest_table(contest))


def _error_rate(
    name: str, ply: int | None, positions: Path, seed: int, device: str, as_json: bool,
    place: Place | None,
) -> None:
    from agent import catalog
    from agent.cluster import joined
    from agent.decisions import read
    from agent.device import prepare
    from agent.error_rate import measure
    from ui.progress import bar
    from ui.tables import error_table

    agent = catalog.get(name, ply)
    decisions = read(positions)
    prepare(device)
    with joined(place, with_jax=False) as cluster, \
            bar("decisions", len(decisions), shown=cluster.first) as advance:
        found = measure(agent, decisions, seed, progress=advance, cluster=cluster)
    if not cluster.first:
        return
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(error_table(found))
