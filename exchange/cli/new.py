"""`guiji new`: a receiver's or a department's folder that `guiji check` passes or finds open; a receiver's tables."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from schemas.catalog import Catalog
from schemas.errors import ConfigurationError
from schemas.nearest import nearest
from schemas.standard import RecordType, in_force

app = typer.Typer(
    help="新建：接收方或部门的目录。 New: the folder of a receiver or a department.", no_args_is_help=True
)
Code = Annotated[str, typer.Argument(help="代码，即目录名 · code, the folder's name")]
Kind = Annotated[str, typer.Option("--record-type", help="记录类型 · record type")]
Name = Annotated[str, typer.Option("--name", help="中文名称 · Chinese name")]
NameEn = Annotated[str, typer.Option("--name-en", help="英文名称 · English name")]


@app.command()
def receiver(
    code: Code,
    table: Annotated[Path, typer.Option("--from-table", help="字段表，CSV 或 xlsx · field table")],
    kind: Kind = "penalty",
    name: Name = "",
    name_en: NameEn = "",
    sheet: Annotated[str, typer.Option("--sheet", help="工作表 · sheet (xlsx)")] = "",
    header: Annotated[int, typer.Option("--header", help="表头所在行 · row of the header (xlsx)", min=1)] = 1,
) -> None:
    """由字段表新建接收方：数据表、映射建议、允许清单。 A receiver from its field table."""
    from exchange.cli.new_mapping import Proposer
    from exchange.cli.new_receiver import checked_code, write_receiver
    from exchange.cli.new_table import read_field_table

    catalog, record_type = Catalog(), _record_type(kind)
    folder = catalog.root / "receivers" / checked_code(code)
    found = read_field_table(table, sheet, header)
    for error in found.errors:
        typer.echo(f"✗ {error}", err=True)
    if found.errors:
        raise typer.Exit(1)
    proposals = Proposer(record_type).propose(found.fields)
    title = f"{name or code} {record_type.title_zh}"
    for path in write_receiver(folder, kind, (name, name_en), table.name, proposals, title):
        typer.echo(f"✓ {path.relative_to(catalog.root)}")
    todo = [proposal for proposal in proposals if proposal.open]
    for proposal in todo:
        typer.echo(f"  TODO {proposal.field.name} {proposal.field.title}: {proposal.spec['why']}")
    if found.unread:
        typer.echo(f"  未读的列 columns not read: {', '.join(found.unread)}")
    done = len(proposals) - len(todo)
    typer.echo(f"  {len(proposals)} 个字段 fields · 已对应 mapped {done} · 待办 TODO {len(todo)} → guiji check")


@app.command()
def department(
    code: Code,
    kind: Kind = "penalty",
    name: Name = "",
    name_en: NameEn = "",
    credit_code: Annotated[str, typer.Option("--credit-code", help="统一社会信用代码 · credit code")] = "",
    region: Annotated[str, typer.Option("--region", help="六位行政区划代码 · six digits")] = "",
    access: Annotated[str, typer.Option("--access", help="sql | rest | files")] = "files",
    receivers: Annotated[
        list[str] | None, typer.Option("--receiver", help="接收方，可重复 · receiver, repeatable")
    ] = None,
) -> None:
    """由模板新建部门或其又一种记录。 A department, or one more record type of it, from the template."""
    from exchange.cli.new_department import write_department
    from exchange.cli.new_receiver import checked_code

    catalog, record_type = Catalog(), _record_type(kind)
    taking = sorted(c for c, r in catalog.receivers.items() if kind in r.profiles)
    fed = sorted({c for feed in catalog.sound_feeds.values() if feed.record_type == kind for c in feed.receivers})
    wanted = receivers or [c for c in fed if c in taking]
    for one in wanted:
        if one not in taking:
            raise ConfigurationError(f"{one} takes no {kind}", where="--receiver", remedy=nearest(one, taking))
    if not wanted:
        raise ConfigurationError("nobody is named", where="--receiver", remedy=nearest("", taking))
    folder = catalog.root / "departments" / checked_code(code)
    for path in write_department(folder, record_type, (name, name_en), access, wanted, (credit_code, region)):
        typer.echo(f"✓ {path.relative_to(catalog.root)}")
    typer.echo(f"  列名换成源表的 write the source's columns → guiji check → guiji preview {code}/{kind}")


@app.command()
def tables(
    code: Code,
    dialect: Annotated[str, typer.Option("--for", help="sqlite | postgresql | mysql，缺省看 access.url")] = "",
) -> None:
    """打印接收方交换库的建表语句，交其数据库管理员执行。 The statements that make a receiver's exchange tables."""
    from exchange.cli.new_tables import statements

    typer.echo(statements(Catalog().receiver(code), dialect), nl=False)


def _record_type(kind: str) -> RecordType:
    types = in_force("enforcement", date.today()).record_types
    if kind not in types:
        raise ConfigurationError(
            f"the standard has no record type {kind}", where="--record-type", remedy=nearest(kind, list(types))
        )
    return types[kind]
