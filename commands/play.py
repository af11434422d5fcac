"""``tdgammon play``: the board window, or the game in the terminal."""

from __future__ import annotations

from typing import Any

import click

from commands.options import AGENT_HELP, ply_option, refuse_given


@click.command()
@click.option("--agent", "name", help=f"The opponent: {AGENT_HELP}.  [default: the last one in "
              "the window, at first pretrained]")
@ply_option
@click.option("--watch", metavar="AGENT", help="Watch this agent play the opponent.")
@click.option("--human", is_flag=True, help="Two people play.")
@click.option("--match", "length", type=click.IntRange(0, 99), metavar="N",
              help="Play a match to N points; 0: for money.")
@click.option("--seed", type=click.IntRange(0), help="Of the dice; default: a new one each time.")
@click.option("--mat", type=click.Path(), metavar="FILE", help="Open a match, a .mat file.")
@click.option("--theme", type=click.Choice(["light", "dark"]), help="How the board looks.")
@click.option("--config", type=click.Path(), metavar="FILE", help="Where settings are remembered.")
@click.option("--text", is_flag=True, help="Play in the terminal.")
def play(
    name: str | None, ply: int | None, text: bool, seed: int | None, config: str | None,
    **window: Any,
) -> None:
    """Play against an agent: in a window, or with --text in the terminal."""
    if text:
        refuse_given("--text plays one agent in the terminal", "watch", "human", "length", "mat",
                      "theme", "config")
        from ui.text_play import play_agent

        play_agent(name, ply, seed)
    else:
        from ui.play_command import Options, run

        run(Options(name, ply, seed=seed, config=config, **window), click.echo)
