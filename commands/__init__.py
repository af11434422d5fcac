"""The commands of ``tdgammon``, a file each; ``cli.py`` gathers them."""
