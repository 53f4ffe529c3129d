"""Writes a receiver's folder from its field table: the table as a JSON Schema, the profile, and `receiver.yaml`.

Three files, of which the last makes the folder a receiver: `<record_type>.schema.json` is what the receiver defined,
`<record_type>.yaml` the allow-list and how ours maps to it, and `guiji check` holds the second against the first.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from exchange.cli.new_cells import TableField
from exchange.cli.new_mapping import Proposal, unit_of
from exchange.durable import write_file
from schemas.errors import ConfigurationError

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
RECEIVER = """\
# 由 guiji new receiver 生成；承诺未验证，按最保守的填写 / the promise is the careful one until somebody has tried
name: {name}
name_en: {name_en}
access:
  method: rest
  url: ${{GUIJI_{code}_URL}}
  service: ${{GUIJI_{code}_SID}}
  signing:
    scheme: gjgxjhpt
    requester: ${{GUIJI_{code}_RID}}
    secret: ${{GUIJI_{code}_SECRET}}
promise: # 试过再改 / change it when you have tried: docs/adding-a-receiver.md
  idempotency: unknown
  inquiry: none
batch:
  max_records: 1000
"""
PROFILE = """\
# 字段表来自 {file}，见 {kind}.schema.json；映射由 guiji new receiver 提出 / proposed by machine
# 逐条核对 / read every line
# TODO：写 from + as，或 constant，或移到 leave_out 并写明理由 / a source, a constant, or leave_out with a reason
profile: {code}-{kind}
version: "1"
leave_out: {{}} # 不送的字段: 理由 / field: reason
fields:
"""


def checked_code(code: str) -> str:
    """Raises ConfigurationError unless it can be a folder, a name in the ledger and a variable's middle."""
    if not CODE.fullmatch(code):
        raise ConfigurationError(
            f"{code} is no code", where="CODE", remedy="lower-case letters, digits and _, from a letter on: moj_2026"
        )
    return code


def write_receiver(
    folder: Path, kind: str, names: tuple[str, str], file: str, proposals: Iterable[Proposal], title: str
) -> list[Path]:
    """Write what is not there yet. Raises ConfigurationError when this record type has a profile already."""
    proposals, code = list(proposals), checked_code(folder.name)
    profile, schema, receiver = folder / f"{kind}.yaml", folder / f"{kind}.schema.json", folder / "receiver.yaml"
    if profile.exists() or schema.exists():
        raise ConfigurationError(
            "is there already",
            where=f"receivers/{code}/{kind}",
            remedy="remove or rename it first: nothing is overwritten",
        )
    if not receiver.exists() and not names[0]:
        raise ConfigurationError("has no name yet", where=f"receivers/{code}", remedy="--name 某省某平台 --name-en …")
    text = json.dumps(json_schema(code, kind, title, file, [p.field for p in proposals]), ensure_ascii=False, indent=2)
    write_file(schema, [text.encode(), b"\n"])
    write_file(profile, [profile_text(code, kind, file, proposals).encode()])
    if receiver.exists():
        return [schema, profile]
    words = {"name": scalar(names[0]), "name_en": scalar(names[1] or code), "code": code.upper()}
    write_file(receiver, [RECEIVER.format(**words).encode()])
    return [schema, profile, receiver]


def profile_text(code: str, kind: str, file: str, proposals: Iterable[Proposal]) -> str:
    """The profile with a comment beside each field: its title, whether it is required, and what to look at."""
    lines = [PROFILE.format(code=code, kind=kind, file=scalar(file))]
    for proposal in proposals:
        field = proposal.field
        said = [field.title, "必填 required" if field.required == "required" else "", proposal.remark]
        spec = ", ".join(f"{key}: {scalar(value)}" for key, value in proposal.spec.items())
        lines.append(f"  {field.name}: {{{spec}}} # {' · '.join(word for word in said if word)}\n")
    return "".join(lines)


def json_schema(code: str, kind: str, title: str, file: str, fields: list[TableField]) -> dict[str, Any]:
    """The receiver's table as JSON Schema 2020-12 over what is sent: every value a string or null, no other field."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:guiji:receiver:{code}:{kind}",
        "title": title,
        "x-source": file,
        "type": "object",
        "properties": {field.name: _property(field, file) for field in fields},
        "required": [field.name for field in fields if field.required == "required"],
        "additionalProperties": False,
    }


def _property(field: TableField, file: str) -> dict[str, Any]:
    required = field.required == "required"
    found: dict[str, Any] = {"title": field.title, "type": "string" if required else ["string", "null"]}
    if required:
        found["minLength"] = 1
    if field.length and field.type in ("text", "code"):
        found["maxLength"] = field.length
    if pattern := _pattern(field):
        found["pattern"] = pattern
    if field.values:
        found["enum"] = [*field.values, *([] if required else [None])]
    said = {
        "x-title-en": field.title_en, "description": field.note, "x-codes": field.codes, "x-format": field.format,
        "x-unit": _unit(field), "x-required": field.required if field.required == "conditional" else "",
    }  # fmt: skip
    found |= {key: value for key, value in said.items() if value}
    if any(code != word for code, word in field.values.items()):
        found["x-words"] = field.values
    return {**found, "x-type": field.type, "x-source": f"{file} row {field.row}", "x-verified": field.verified}


def _pattern(field: TableField) -> str:
    if field.type == "integer":
        return rf"^-?[0-9]{{1,{field.length}}}$" if field.length else "^-?[0-9]+$"
    if field.type == "number":
        before, after = field.digits or (0, 0)
        point = rf"(\.[0-9]{{1,{after}}})?" if after else ("" if field.digits else r"(\.[0-9]+)?")
        return rf"^-?[0-9]{{1,{max(before, 1)}}}{point}$" if field.digits else rf"^-?[0-9]+{point}$"
    if field.type == "date" and field.format:
        signs = field.format.replace(".", r"\.")
        return "^" + signs.replace("YYYY", "[0-9]{4}").replace("MM", "[0-9]{2}").replace("DD", "[0-9]{2}") + "$"
    return ""


def _unit(field: TableField) -> str:
    try:
        return unit_of(field)
    except ValueError:
        return ""


def scalar(value: Any) -> str:
    """A YAML value on one line, quoted where it must be."""
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()
