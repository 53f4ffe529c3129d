"""Proposes where each field of a receiver's table comes from; what is not certain is marked TODO, with the reason.

Certain is: the same name, the same code or the same title as a field of the standard or of the published table that it
follows, one candidate, and a form in which our value is theirs. A date without a format, an amount without a unit, a
code list that is not spelled out are not certain, whatever the name says.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from exchange.cli.new_cells import TableField
from schemas.standard import Field, RecordType
from schemas.version_files import chain

TODO = "TODO"
UNIT = re.compile(r"[(（](元|万元)[)）]$")
YES = {"true": ("true", "是", "有"), "false": ("false", "否", "无")}


@dataclass(frozen=True)
class Proposal:
    """`spec` is the profile's entry, {from: TODO, why: …} when a person has to decide; `remark` a comment beside it."""

    field: TableField
    spec: dict[str, Any]
    remark: str = ""

    @property
    def open(self) -> bool:
        return self.spec.get("from") == TODO


class NotCertain(ValueError):
    """A field whose source or form a person has to name; the message is the reason, in Chinese and English."""


@dataclass(frozen=True)
class Proposer:
    """Proposals for one record type."""

    record_type: RecordType

    def propose(self, table: Iterable[TableField]) -> list[Proposal]:
        """One proposal for each field, in the table's order; two fields never share a source."""
        fields = list(table)
        found = {field.name: self.candidates(field) for field in fields}
        taken = Counter(names[0] for names in found.values() if len(names) == 1)
        return [self._one(field, found[field.name], taken) for field in fields]

    def candidates(self, field: TableField) -> list[str]:
        """Names of the standard's fields that have this name, this code or this title."""
        by_name = {name for name in self.record_type.names if name == field.name.lower()}
        by_code = self._codes.get(field.name.lower(), set())
        return sorted(by_name | by_code | self._titles.get(plain(field.title), set()))

    def _one(self, field: TableField, names: list[str], taken: Counter[str]) -> Proposal:
        try:
            if not names:
                raise NotCertain(f"没有同名字段 no field of this name or title{self._near(field)}")
            if len(names) > 1:
                raise NotCertain("不止一个候选 more than one candidate")
            if taken[names[0]] > 1:
                raise NotCertain("表中其他字段也对应它 other rows of the table match it too")
            ours = self.record_type.field(names[0])
            spec = {"from": ours.name, **form(field, ours, self.record_type.schema["properties"][ours.name])}
        except NotCertain as reason:
            candidates = f"{', '.join(names)}? " if names else ""
            return Proposal(field, {"from": TODO, "why": f"{candidates}{reason}"})
        return Proposal(field, spec, self._remark(field, ours, spec))

    def _remark(self, field: TableField, ours: Field, spec: dict[str, Any]) -> str:
        said = []
        longest = self.record_type.schema["properties"][ours.name].get("maxLength")
        if spec["as"] == "text" and field.length and longest and longest > field.length:
            said.append(f"对方最长 {field.length}，我方可达 {longest} / shorter there")
        if field.required == "required" and not ours.required:
            said.append("对方必填，我方可空 / required there, may be blank here")
        return "；".join(said)

    def _near(self, field: TableField) -> str:
        titles = {f.title_zh: f.name for f in self.record_type.fields}
        close = get_close_matches(field.title, list(titles), n=2, cutoff=0.6)
        return f"；近似 similar: {', '.join(titles[title] for title in close)}" if close else ""

    @cached_property
    def _codes(self) -> dict[str, set[str]]:
        """Code in the published table that a field follows (its x-source) → our name."""
        found: dict[str, set[str]] = {}
        for field in self.record_type.fields:
            if " " in field.source:
                found.setdefault(field.source.rsplit(" ", 1)[1].lower(), set()).add(field.name)
        return found

    @cached_property
    def _titles(self) -> dict[str, set[str]]:
        """Title, ours or that of the published table → our names."""
        found: dict[str, set[str]] = {}
        for field in self.record_type.fields:
            found.setdefault(plain(field.title_zh), set()).add(field.name)
        folders = chain(self.record_type.standard, self.record_type.version)
        for path in (path for folder in folders for path in sorted(folder.glob("fields/*.csv"))):
            with path.open(encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines):
                    if names := self._codes.get(row["field_code"].lower()):
                        found.setdefault(plain(row["name_zh"]), set()).update(names)
        return found


def form(field: TableField, ours: Field, spec: dict[str, Any]) -> dict[str, Any]:
    """How our value is written there. Raises NotCertain."""
    if ours.kind == "date":
        return _date(field)
    if ours.kind == "money":
        return _money(field)
    if field.type not in ("text", "code", "boolean"):
        raise NotCertain(f"我方是 {ours.kind}，对方是 {field.type} / the kinds differ")
    if ours.kind == "datetime":
        if field.format:
            raise NotCertain("时间只能按 ISO 报送 / times are sent in ISO form only")
        return {"as": "text"}
    if field.values:
        return _words(field, _our_words(ours, spec))
    if field.codes:
        if field.codes != ours.codes and "pattern" not in spec:
            raise NotCertain(
                f"代码表 {field.codes} 的取值未列出 / write its values into the table: code=word;code=word"
            )
        return {"as": "text"}
    if ours.kind != "text" or field.type != "text":
        raise NotCertain("取值未列出 / its values are not written down: code=word;code=word")
    return {"as": "text"}


def plain(title: str) -> str:
    """A title as it is compared: without blanks and without its unit, brackets of one kind."""
    return UNIT.sub("", "".join(title.split())).replace("（", "(").replace("）", ")")


def unit_of(field: TableField) -> str:
    """元 or 万元 by the column 单位, else by the title's end; empty when neither says. Raises NotCertain."""
    found = UNIT.search("".join(field.title.split()))
    in_title = found[1] if found else ""
    if field.unit and in_title and field.unit != in_title:
        raise NotCertain(f"单位列写 {field.unit}，名称写 {in_title} / two units")
    return field.unit or in_title


def _date(field: TableField) -> dict[str, Any]:
    if field.type not in ("date", "text"):
        raise NotCertain(f"我方是日期，对方是 {field.type} / a date here")
    if not field.format:
        raise NotCertain("日期格式未写明 / the date's format is not stated: column 格式")
    return {"as": "date", "format": field.format}


def _money(field: TableField) -> dict[str, Any]:
    if field.type not in ("number", "text"):
        raise NotCertain(f"我方是金额，对方是 {field.type} / an amount here")
    unit = unit_of(field)
    if not unit:
        raise NotCertain("金额单位未写明 / the amount's unit is not stated: column 单位")
    if unit == "万元" and field.digits and field.digits[1] < 6:
        raise NotCertain("万元按六位小数报送，对方位数不足 / 万元 is sent with six decimals, the table has fewer")
    return {"as": "yuan" if unit == "元" else "wan_yuan"}


def _our_words(ours: Field, spec: dict[str, Any]) -> list[str]:
    if ours.kind == "boolean":
        return ["true", "false"]
    words = [word for word in spec.get("enum", []) if word is not None]
    if not words:
        raise NotCertain("对方限定取值，我方不限 / a closed list there, open text here")
    return words


def _words(field: TableField, ours: list[str]) -> dict[str, Any]:
    theirs = {word: code for code, word in field.values.items()}
    table = {word: next((theirs[same] for same in YES.get(word, (word,)) if same in theirs), "") for word in ours}
    missing = [word for word, code in table.items() if not code]
    if missing:
        raise NotCertain(f"对方没有 nothing there for: {'、'.join(missing)}")
    return {"as": "text"} if all(word == code for word, code in table.items()) else {"as": "words", "words": table}
