"""``tdgammon hint`` and ``tdgammon rollout``: what a net thinks of a position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.options import (
    AGENT_HELP,
    cluster_options,
    device_option,
    json_option,
    ply_option,
    print_json,
    seed_option,
)

if TYPE_CHECKING:
    from agent.place import Place


@click.command()
@click.argument("position")
@click.argument("dice", required=False)
@click.option("--agent", "name", default="pretrained", show_default=True, help=AGENT_HELP)
@ply_option
@json_option
def hint(position: str, dice: str | None, name: str, ply: int | None, as_json: bool) -> None:
    """Say what an agent thinks of POSITION (a Position ID or XGID) and of the plays of DICE."""
    from agent import catalog
    from agent.errors import AgentError
    from agent.protocol import Evaluator
    from ui.hint import analyse, as_text

    agent = catalog.get(name, ply)
    if not isinstance(agent, Evaluator):
        raise AgentError(f"{name} knows no chances; name a network, as --agent pretrained")
    found = analyse(agent, position, dice)
    if as_json:
        print_json(found)
    else:
        click.echo(as_text(found))


@click.command()
@click.argument("position")
@click.argument("dice", required=False)
@click.option("--agent", "name", default="pretrained", show_default=True, help="A network.")
@click.option("--trials", type=click.IntRange(1), default=1296, show_default=True, metavar="N",
              help="Games of each position.")
@click.option("--truncate", type=click.IntRange(0), default=11, show_default=True, metavar="T",
              help="Plies after which the net is believed; 0: play to the end.")
@click.option("--luck/--no-luck", default=True, show_default=True,
              help="Take the luck of the rolls out.")
@ply_option
@seed_option
@cluster_options
@device_option
@json_option
def rollout(
    position: str,
    dice: str | None,
    name: str,
    trials: int,
    truncate: int,
    luck: bool,
    ply: int | None,
    seed: int,
    device: str,
    as_json: bool,
    place: Place | None,
) -> None:
    """Play POSITION out many times, or the best few plays of DICE, all with the same dice."""
    from agent import catalog
    from agent.cluster import joined
    from agent.device import prepare
    from agent.players.searching import judge_of
    from agent.rollout import Settings
    from ui.hint import read_position
    from ui.progress import bar
    from ui.rollout import as_text, roll_out

    judge, plies = judge_of(catalog.get(name, ply))
    board, roll = read_position(position, dice)
    settings = Settings(trials, truncate, plies, luck, seed)
    prepare(device)
    with joined(place, with_jax=False) as cluster, \
            bar("trials", trials, shown=cluster.first) as advance:
        found = roll_out(judge, board, roll, settings, progress=advance, cluster=cluster)
    if not cluster.first:
        return
    if as_json:
        print_json(found)
    else:
        click.echo(as_text(found))
