"""The command ``tdgammon``; its commands are files of ``commands/``."""

from __future__ import annotations

import sys
from typing import Any

import click

from commands.agents import agents
from commands.analysis import hint, rollout
from commands.benchmark import benchmark
from commands.cluster_check import cluster_check
from commands.export import export
from commands.options import INTERRUPTED
from commands.play import play
from commands.receptive_field import receptive_field
from commands.refine import refine
from commands.serve import serve
from commands.study import study
from commands.train import train

_BAD_INPUT = 2


class _Group(click.Group):
    """A group whose errors are one line on stderr, with exit code 2 or what they themselves say."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(0)
        except click.ClickException as error:
            _fail(error.format_message())
        except click.exceptions.Abort:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever read the output has gone; python must not complain while it exits.
            sys.stdout = None  # type: ignore[assignment]
            sys.exit(1)
        except ValueError as error:
            if not _is_ours(error):
                raise
            _fail(str(error), getattr(error, "exit_code", _BAD_INPUT))
        sys.exit(code if isinstance(code, int) else 0)


def _is_ours(error: ValueError) -> bool:
    from agent.errors import AgentError
    from engine.errors import EngineError

    return isinstance(error, AgentError | EngineError)


def _fail(message: str, code: int = _BAD_INPUT) -> None:
    click.echo(f"tdgammon: {' '.join(message.split())}", err=True)
    sys.exit(code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tdgammon", prog_name="tdgammon")
def cli() -> None:
    """Backgammon that learns from self-play: train, play, benchmark, serve."""


for _command in (train, refine, play, benchmark, agents, hint, rollout, receptive_field, study,
                 serve, export, cluster_check):
    cli.add_command(_command)


def main() -> None:
    """Run the command; the entry point of the installed ``tdgammon``."""
    cli.main()


if __name__ == "__main__":
    main()
