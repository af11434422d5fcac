"""``tdgammon receptive-field``: what the units of convolutional nets see."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import print_json, refuse_given


@click.command()
@click.option("--layers", "text", metavar="NET",
              help="From the input to the output; see above.")
@click.option("--agent", metavar="AGENT",
              help="Instead: the convolutions of this agent's net, over the 24 points.")
@click.option("--input", "inputs", default="24", show_default=True, metavar="N|HxW",
              help="The length of a line, or height and width.")
@click.option("--output", "unit", metavar="Q|YxX",
              help="The output unit that is looked at.  [default: the middle one]")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Draw what that unit sees.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as a JSON list.")
def receptive_field(
    text: str | None, agent: str | None, inputs: str, unit: str | None, png: Path | None,
    as_json: bool,
) -> None:
    """Print what the units of a convolutional net see, layer by layer.

    NET is layers with ; between them. A layer is KERNEL[,sSTRIDE][,dDILATION][,pPADDING]; each is
    a number, or one for height and one for width, as 3x5. PADDING is also same, valid, or 1+2
    for before and after.

    \b
      5x1,s1,p2;3x1,d2         two layers on a line
      7,s2,p3;3x1,same         on --input 224x224: 7x7, then 3 high and 1 wide
      (3x1,p1;3x1,p1 | 1x1)    branches that join; the field is the largest
      (3x1,same;3x1,same | )   an empty branch is the identity: a residual block
      (3x1,same | )*8;2,s2     eight of them, then a layer of stride 2
    """
    from agent.errors import AgentError
    from agent.receptive_field import measure
    from agent.receptive_field_agent import net_of_agent
    from agent.receptive_field_text import parse_layers, parse_size
    from ui.receptive_field import as_text, choose_unit, rows, save_picture

    if (text is None) == (agent is None):
        raise AgentError('give either --layers, as --layers "5x1,p2;3x1,d2", or --agent, as '
                         "--agent conv")
    if agent is not None:
        refuse_given("the net of an agent has 24 points as its input", "inputs")
        net = net_of_agent(agent)
    else:
        assert text is not None
        net = measure(parse_layers(text), parse_size(inputs))
    shown = choose_unit(net, unit)
    said = as_text(net, shown)
    if png is not None:
        save_picture(net, shown, png)
    if as_json:
        print_json(rows(net))
        for note in net.notes:
            click.echo(f"tdgammon: note: {note}", err=True)
    else:
        click.echo(said)
