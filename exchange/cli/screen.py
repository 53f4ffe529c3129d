"""The terminal as we write to it: never narrower than our tables, no colouring of numbers."""

import sys

from rich.console import Console

WIDTH = 120


def screen() -> Console:
    """A console on standard output; a pipe or a file gets the full width."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def plain(words: str) -> str:
    """A stranger's words without control characters: they must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)
