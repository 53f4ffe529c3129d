"""Writes a department's folder from the standard: every required field with a column to name, the others to uncomment.

The columns are the standard's Chinese titles, a stand-in until the source's own names are written in their place; the
folder passes `guiji check` as it is, and `guiji preview` says which columns the source does not have.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from exchange.cli.new_receiver import checked_code, scalar
from exchange.durable import write_file
from schemas.errors import ConfigurationError
from schemas.nearest import nearest
from schemas.standard import Field, RecordType
from transforms.converters.check_digits import is_credit

ACCESS = {
    "sql": '{{method: sql, url: "${{GUIJI_{code}_URL}}"}}',
    "rest": '{{method: rest, url: "${{GUIJI_{code}_URL}}", signing: {{scheme: sd, client_id: "${{GUIJI_{code}_ID}}", '
    'secret: "${{GUIJI_{code}_SECRET}}"}}}}',
    "files": '{{method: files, folder: "${{GUIJI_{code}_FOLDER}}"}}',
}
SOURCE = {
    "sql": ("{table: 表名, key: id, cursor: 更新时间, sweep: nightly}", "{kind: parquet}"),
    "rest": (
        "{path: /records, paging: page, rows: data.rows, total: data.total, key: id}",
        "{kind: json, rows: data.rows}",
    ),
    "files": ('{pattern: "*.csv", format: csv}', "{kind: csv, encoding: gb18030}"),
}
CHILD = "{table: 表名, key: id}"
DEPARTMENT = """\
name: {name}
name_en: {name_en}
credit_code: "{credit_code}"
region: "{region}"
access: {access}
"""
MAPPING = """\
# 由 guiji new department 生成：列名是占位，换成源表的列名；再 guiji preview {code}/{kind}
# The columns are stand-ins: write the source's own in their place, then guiji preview {code}/{kind}
standard: {standard}
record_type: {kind}
schedule: "30 1 * * *"
source: {source}
format: {format}
null_words: [无, /, —]
receivers: [{receivers}]
fields:
"""


def checked_region(region: str) -> str:
    """Raises ConfigurationError unless it is six digits."""
    if not re.fullmatch(r"[1-9]\d{5}", region):
        raise ConfigurationError(f"{region} is no region", where="--region", remedy="six digits of GB/T 2260: 530000")
    return region


def checked_credit_code(code: str) -> str:
    """Raises ConfigurationError unless its check digit holds: it becomes the front part of every cd_id."""
    if not re.fullmatch(r"[0-9A-HJ-NP-RTUWXY]{18}", code) or not is_credit(code):
        raise ConfigurationError(
            "is no unified social credit code", where="--credit-code", remedy="18 characters with the right check digit"
        )
    return code


def write_department(
    folder: Path,
    record_type: RecordType,
    names: tuple[str, str],
    method: str,
    receivers: Iterable[str],
    codes: tuple[str, str],
) -> list[Path]:
    """`codes`: credit code, region. Raises ConfigurationError; nothing that exists is overwritten."""
    code, kind = checked_code(folder.name), record_type.name
    mapping, department = folder / f"{kind}.yaml", folder / "department.yaml"
    if mapping.exists():
        raise ConfigurationError(
            "is there already",
            where=f"departments/{code}/{kind}.yaml",
            remedy="change it by hand: nothing is overwritten",
        )
    if method not in ACCESS:
        raise ConfigurationError(
            f"access {method} does not exist", where="--access", remedy=nearest(method, list(ACCESS))
        )
    if record_type.part_of:
        raise ConfigurationError(
            f"{kind} stands in the lists of {record_type.part_of} alone",
            where="--record-type",
            remedy=f"write {record_type.part_of}, with --access sql",
        )
    text = mapping_text(code, record_type, method, receivers)
    made = [mapping]
    if not department.exists():
        if not all((names[0], *codes)):
            raise ConfigurationError(
                "is not there yet", where=f"departments/{code}", remedy="give --name, --credit-code and --region"
            )
        access = ACCESS[method].format(code=code.upper())
        head = DEPARTMENT.format(
            name=scalar(names[0]), name_en=scalar(names[1] or code), credit_code=checked_credit_code(codes[0]),
            region=checked_region(codes[1]), access=access,
        )  # fmt: skip
        made = [department, mapping]
        write_file(department, [head.encode()])
    write_file(mapping, [text.encode()])
    return made


def mapping_text(code: str, record_type: RecordType, method: str, receivers: Iterable[str]) -> str:
    """The YAML: required fields live, optional ones behind a #, and below them the lists of a case (`sql` alone)."""
    source, fmt = SOURCE[method]
    lists = record_type.lists if method == "sql" else {}
    if lists:
        source = CHILD  # such a feed reads everything every night: no cursor
    head = MAPPING.format(
        code=code, kind=record_type.name, standard=record_type.standard, source=source, format=fmt,
        receivers=", ".join(receivers),
    )  # fmt: skip
    body = head + _lines(record_type, "  ") + ("children:\n" if lists else "")
    for name, inner in lists.items():
        body += f"  {name}:\n    source: {CHILD}\n    fields:\n{_lines(inner, '      ')}"
    return body


def _lines(record_type: RecordType, margin: str) -> str:
    return "".join(
        f"{margin}{'' if f.required else '# '}{f.name}: {{from: {scalar(f.title_zh)}, as: {converter(f)}}}\n"
        for f in record_type.fields
        if f.name not in record_type.lists
    )


def converter(field: Field) -> str:
    """The converter (and its parameters) that reads what this field usually is written as."""
    by_name = {
        "party_name": "party_name", "decision_number": "document_number", "penalty_kinds": "penalty_kind",
        "party_category": "counterparty_category", "licence_category": "licence_category", "party_org_code": "org_code",
        "party_registration_number": "registration_number", "region_code": "region",
    }  # fmt: skip
    if field.name in by_name:
        return by_name[field.name]
    if field.name.endswith(("credit_code", "authority_code", "source_code", "agency_code")):
        return "credit_code"
    if field.source.endswith(" administrative_cp_ui_code"):
        return "text"  # a credit code or an identity number: the standard's own pattern judges it
    if field.name.endswith("id_number"):
        return "identity_number"
    if field.name in ("authority_name", "source_name", "agency_name"):
        return "org_name"
    if field.kind == "code" and field.codes:
        return f"code:{field.codes}, give: word"
    return {"money": "money, unit: 元", "code": "text"}.get(field.kind, field.kind)
