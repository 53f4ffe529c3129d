"""What two versions of a standard promise differently (标准版本对比): fields, requiredness, limits, codes, in words.

Nothing is run here and no record is read: it is the difference of two contracts. What a change means for existing
records is taken from `upgrade.yaml`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.delta import NO_CHANGE, Change, rename
from schemas.lineage import change_of, steps
from schemas.standard import Field, RecordType, Standard, code_list, standard
from schemas.version_files import code_list_names

What = Literal[
    "type_added", "type_removed", "field_added", "field_removed", "field_renamed", "retyped", "now_required",
    "now_optional", "limits", "rules", "code_added", "code_removed", "code_renamed", "list_added", "list_removed",
    "list_changed",
]  # fmt: skip
LIMITS = ("enum", "const", "pattern", "format", "minLength", "maxLength")
HARDER = frozenset({"retyped", "now_required", "limits", "rules", "code_removed"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `of`: the record type, or the code list; `name`: the field, or the code, as the old one says.

    `may_hold`: records that passed the old version may be held by the new one. `means_zh`, `means_en`: what
    `upgrade.yaml` says it means for existing records.
    """

    what: What
    of: str
    name: str
    zh: str
    en: str
    may_hold: bool
    means_zh: str = ""
    means_en: str = ""


@dataclass(frozen=True)
class Pair:
    """Two versions, and what the steps between them say. `forward`: the new one is based on the old one."""

    old: Standard
    new: Standard
    forward: bool
    between: tuple[Standard, ...]

    def names(self, record_type: str) -> dict[str, str]:
        """Old field name → new field name, where they differ."""
        return self._composed([change_of(step, record_type).names for step in self.between])

    def codes(self, codes: str) -> dict[str, str]:
        """Old word → new word of one code list, where they differ."""
        return self._composed([step.upgrade.code_lists.get(codes, NO_CHANGE).names for step in self.between])

    def _composed(self, renamings: list[dict[str, str]]) -> dict[str, str]:
        """Several renamings in a row as one, turned round where the way leads down."""
        names: dict[str, str] = {}
        for renamed in renamings:
            first = {old: new for old, new in renamed.items() if old not in names.values()}
            names = {old: renamed.get(new, new) for old, new in names.items()} | first
        return names if self.forward else {new: old for old, new in names.items()}


def pair(name: str, old: str, new: str) -> Pair:
    """Raises StandardError for a version that does not exist."""
    first, second = standard(name, old), standard(name, new)
    up, down = steps(name, old, new), steps(name, new, old)
    return Pair(first, second, bool(up) or not down, tuple(up or down))


def differences(both: Pair) -> list[Difference]:
    """Everything that differs, record types first, then code lists."""
    found: list[Difference] = []
    old, new = both.old.record_types, both.new.record_types
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            found.append(_plain("type_removed", name, "", f"取消类型 {old[name].title_zh}", "record type removed"))
        elif name not in old:
            found.append(_plain("type_added", name, "", f"新增类型 {new[name].title_zh}", "record type added"))
        else:
            found += _of_type(old[name], new[name], both.names(name), _words(both, name))
    return [*found, *_of_lists(both)]


def _of_type(old: RecordType, new: RecordType, names: Mapping[str, str], change: Change) -> Iterator[Difference]:
    came_from = {names.get(name, name): name for name in old.names}
    for name in old.names:
        now = names.get(name, name)
        if now not in new.names:
            zh, en = f"删除字段 {old.field(name).title_zh}", "field removed"
            yield _plain("field_removed", old.name, name, zh, en, change.removed.get(name))
        elif now != name:
            zh, en = f"字段更名为 {now}（{new.field(now).title_zh}）", f"field renamed to {now}"
            yield _plain("field_renamed", old.name, name, zh, en, change.renamed.get(name))
    for name in new.names:
        if name not in came_from:
            field = new.field(name)
            zh = f"新增{'必填' if field.required else '选填'}字段 {field.title_zh}（核实 {field.verified}）"
            en = f"{'required' if field.required else 'optional'} field added: {field.title_en} ({field.verified})"
            added = _plain("field_added", new.name, name, zh, en, change.added.get(name))
            yield Difference(**{**_dict(added), "may_hold": field.required})
        else:
            words = change.changed.get(name) or change.changed.get(came_from[name])
            yield from _of_field(old, came_from[name], new, name, words)
    if _rules(old, names) != _rules(new, {}):
        yield _plain("rules", new.name, "", "字段之间的规则有变", "rules between fields differ")


def _of_field(
    old: RecordType, before: str, new: RecordType, now: str, words: Mapping[str, Any] | None
) -> Iterator[Difference]:
    one, two = old.field(before), new.field(now)
    if _kind(one) != _kind(two):
        yield _plain("retyped", old.name, before, f"类型 {_kind(one)} → {_kind(two)}",
                     f"kind {_kind(one)} → {_kind(two)}", words)  # fmt: skip
    if two.required and not one.required:
        yield _plain("now_required", old.name, before, f"{two.title_zh} 改为必填", "is now required", words)
    if one.required and not two.required:
        yield _plain("now_optional", old.name, before, f"{two.title_zh} 改为选填", "is now optional", words)
    first, second = (kind.schema["properties"][name] for kind, name in ((old, before), (new, now)))
    for key in LIMITS:
        if first.get(key) != second.get(key):
            told = f"{key}: {_short(first.get(key))} → {_short(second.get(key))}"
            yield _plain("limits", old.name, before, f"取值限制 {told}", f"limit {told}", words)


def _of_lists(both: Pair) -> Iterator[Difference]:
    old, new = (set(code_list_names(item.name, item.version)) for item in (both.old, both.new))
    for codes in sorted(old | new):
        if codes not in old or codes not in new:
            what: What = "list_added" if codes in new else "list_removed"
            yield _plain(what, codes, "", "新代码表" if codes in new else "取消代码表", what.replace("_", " "))
            continue
        first, second = (words_of(item, codes) for item in (both.old, both.new))
        renamed, change = both.codes(codes), _list_words(both, codes)
        for word in sorted(first - second):
            if word in renamed:
                zh, en = f"代码更名为 {renamed[word]}", f"code renamed to {renamed[word]}"
                yield _plain("code_renamed", codes, word, zh, en, change.renamed.get(word))
            else:
                yield _plain("code_removed", codes, word, "删除代码", "code removed", change.removed.get(word))
        for word in sorted(second - first - set(renamed.values())):
            yield _plain("code_added", codes, word, "新增代码", "code added", change.added.get(word))
        rows = [code_list(item.name, item.version, codes) for item in (both.old, both.new)]
        if first == second and rows[0] != rows[1]:
            yield _plain("list_changed", codes, "", "代码不变，其他列有变", "same codes, other columns differ")


def words_of(item: Standard, codes: str) -> set[str]:
    """The entries of one code list: by word where it has words, else by code, else by the first column."""
    rows = code_list(item.name, item.version, codes)
    return {row.get("name_zh") or row.get("code") or next(iter(row.values())) for row in rows}


def _rules(kind: RecordType, names: Mapping[str, str]) -> Any:
    schema = {**kind.schema, "properties": dict(kind.schema["properties"])}
    renamed = rename(schema, {old: new for old, new in names.items() if new not in schema["properties"]}, kind.name)
    return [renamed.get(key) for key in ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired")]


def _words(both: Pair, record_type: str) -> Change:
    """All that the steps say of one record type; the newest word on a name stands."""
    return _merged([change_of(step, record_type) for step in both.between] if both.forward else [])


def _list_words(both: Pair, codes: str) -> Change:
    steps_ = both.between if both.forward else ()
    return _merged([step.upgrade.code_lists.get(codes, NO_CHANGE) for step in steps_])


def _merged(changes: list[Change]) -> Change:
    parts: dict[str, dict[str, Any]] = {key: {} for key in ("renamed", "added", "removed", "changed")}
    for change in changes:
        for key, words in parts.items():
            words |= getattr(change, key)
    return Change(parts["renamed"], parts["added"], parts["removed"], parts["changed"])


def _kind(field: Field) -> str:
    return " ".join(filter(None, [field.kind, field.unit, field.codes]))


def _short(value: Any) -> str:
    text = "—" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _plain(what: What, of: str, name: str, zh: str, en: str, words: Mapping[str, Any] | None = None) -> Difference:
    means = words or {}
    return Difference(what, of, name, zh, en, what in HARDER, str(means.get("zh", "")), str(means.get("en", "")))


def _dict(item: Difference) -> dict[str, Any]:
    return {key: getattr(item, key) for key in Difference.__slots__}
