"""`guiji`: gathers the commands and keeps what goes wrong readable: one line, where, what, what to do."""

import sys
import traceback
import uuid
from pathlib import Path
from typing import NoReturn

import typer

from exchange.cli import (
    asof,
    batches,
    checks,
    days,
    deliveries,
    evidence,
    keys,
    ledgers,
    looking,
    new,
    quarantines,
    reconciling,
    replaying,
    reports,
    running,
    standards,
)
from exchange.trouble import trouble
from schemas.errors import GuijiError, Transient

app = typer.Typer(
    name="guiji",
    help="归集：行政执法记录归集与报送。 Guiji: carries enforcement records from departments to receivers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("check")(checks.check)
app.command("preview")(looking.preview)
app.command("convert")(looking.convert)
app.command("run")(running.run)
app.command("status")(looking.status)
app.command("replay")(replaying.replay)
app.command("asof")(asof.asof)
app.command("reconcile")(reconciling.reconcile)
app.command("checkpoint")(evidence.checkpoint)
app.command("evidence")(evidence.evidence)
app.command("verify")(evidence.verify)
app.add_typer(reports.app, name="report")
app.add_typer(quarantines.app, name="quarantine")
app.add_typer(batches.app, name="batch")
app.add_typer(days.app, name="day")
app.add_typer(deliveries.app, name="delivery")
app.add_typer(ledgers.app, name="ledger")
app.add_typer(keys.app, name="keys")
app.add_typer(standards.app, name="standards")
app.add_typer(new.app, name="new")


def main() -> None:
    """Exit status: 0 done, 1 a person has to act, 75 try again later, 70 a defect of ours."""
    try:
        app()
    except GuijiError as error:
        _end(error)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if found := trouble(error):
            _end(found)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        print(f"✗ 内部错误 {type(error).__name__} ({place}) · {uuid.uuid4().hex[:8]} → 请报告此行", file=sys.stderr)
        sys.exit(70)


def _end(error: GuijiError) -> NoReturn:
    print(f"✗ {error}", file=sys.stderr)
    sys.exit(75 if isinstance(error, Transient) else 1)


if __name__ == "__main__":
    main()
