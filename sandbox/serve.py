"""`python -m sandbox.serve --state DIR --night N`: the whole neighbourhood until SIGTERM; prints its environment."""

import argparse
import shlex
import signal
import sys
from pathlib import Path
from threading import Event

from sandbox.world import World


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.serve", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the world between starts")
    parser.add_argument("--night", type=int, default=1, help="the night to show, counted from 1")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rows", type=int, default=2000, help="records in each feed on the first night")
    parser.add_argument("--market-url", help="postgresql://… to keep the market tables there instead of in SQLite")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    wanted = _arguments(arguments)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with World(wanted.state, wanted.seed, wanted.rows, wanted.market_url) as world:
        world.advance_to(max(wanted.night, world.night))
        for name, value in world.env().items():
            sys.stdout.write(f"{name}={shlex.quote(value)}\n")
        sys.stdout.write("\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
