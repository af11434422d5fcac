"""What the page about the board says of the program; ``python -m tests.ui.board_doc`` renews it."""

from __future__ import annotations

from pathlib import Path

from ui.commands import COMMANDS
from ui.dialogs_window import keys_text

PAGE = Path(__file__).parents[2] / "docs" / "board.md"
BEGIN, END = "<!-- keys -->\n", "<!-- end of keys -->\n"


def keys_table() -> str:
    """Return the table of all commands, made from those of the program."""
    lines = ["| key | command | what it does |", "|---|---|---|"]
    for group in dict.fromkeys(command.group for command in COMMANDS):
        lines.append(f"| **{group}** | | |")
        lines += [f"| {keys_text(command.keys)} | {command.label} | {command.help} |"
                  for command in COMMANDS if command.group == group]
    return "\n".join(lines) + "\n"


def parts() -> tuple[str, str, str]:
    """Return what stands before the table, the table, and what stands behind it."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    return before, table, after


def write() -> None:
    """Write the table into the page anew."""
    before, _, after = parts()
    PAGE.write_text(before + BEGIN + keys_table() + END + after, encoding="utf-8")


if __name__ == "__main__":
    write()
