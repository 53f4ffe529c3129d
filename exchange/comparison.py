"""What a version of the standard asks of the catalog: each department's mapping, each receiver's profile, in words.

Mappings and profiles are compiled against the new version as a night would do it. `breaks`: from the version's first
day on, that feed or that receiver stands still until a person has changed the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.catalog import Catalog, Feed, Receiver
from schemas.contract import Pair, words_of
from schemas.errors import ConfigurationError
from schemas.lineage import fields_of_all_versions, in_own_words
from schemas.standard import RecordType, Standard
from schemas.version_files import code_list_names


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a person must do, or may want to do. `file`: the mapping or profile it is about."""

    file: str
    breaks: bool
    zh: str
    en: str


def needs(catalog: Catalog, both: Pair) -> list[Need]:
    """Of every feed of the standard and every receiver's profile; what breaks comes first."""
    found: list[Need] = []
    for feed in catalog.sound_feeds.values():
        if feed.mapping["standard"] == both.new.name:
            found += _of_feed(feed, both)
    for receiver in catalog.receivers.values():
        for kind, profile in receiver.profiles.items():
            found += _of_profile(receiver, kind, profile, both)
    return sorted(found, key=lambda need: (not need.breaks, need.file))


def _of_feed(feed: Feed, both: Pair) -> Iterator[Need]:
    from transforms.converters.registry import get
    from transforms.mapping import compile_mapping

    kind = both.new.record_types.get(feed.record_type)
    if kind is None:
        yield Need(feed.where, True, f"新版没有类型 {feed.record_type}", f"no record type {feed.record_type}")
        return
    yield from _tried(feed.where, lambda: compile_mapping(feed.mapping, kind, feed.where, get))
    yield from _names(feed.where, list(feed.mapping["fields"]), kind)
    old = both.old.record_types.get(feed.record_type)
    names = both.names(kind.name)
    there = {names.get(name, name) for name in (old.names if old else ())}
    mapped = set(in_own_words(feed.mapping["fields"], kind).values())
    for field in kind.fields:
        if field.name not in there | mapped and not field.required:
            yield Need(feed.where, False, f"可映射新增的选填字段 {field.name}（{field.title_zh}）",
                       f"may map the new optional field {field.name}")  # fmt: skip
    for name, spec in feed.mapping["fields"].items():
        yield from _lost_words(feed.where, name, spec, kind, both)


def _lost_words(where: str, name: str, spec: Any, kind: RecordType, both: Pair) -> Iterator[Need]:
    """The department's own words that a mapping turns into a code which the new version no longer has."""
    known = fields_of_all_versions(kind).get(name)
    words = spec.get("words", {}) if isinstance(spec, dict) else {}
    if known is None or not known.field.codes:
        return
    gone = _gone(both, known.field.codes)
    if lost := sorted(str(ours) for ours in words.values() if str(ours) in gone):
        yield Need(where, True, f"fields.{name}.words 译成的代码已删除：{'、'.join(lost)}",
                   f"fields.{name}.words gives codes that are gone")  # fmt: skip


def _of_profile(receiver: Receiver, kind_name: str, profile: dict[str, Any], both: Pair) -> Iterator[Need]:
    from transforms.outgoing import compile_profile

    where = f"receivers/{receiver.code}/{kind_name}.yaml"
    old, kind = both.old.record_types.get(kind_name), both.new.record_types.get(kind_name)
    if kind is None:
        if old is not None:
            yield Need(where, True, f"新版没有类型 {kind_name}", f"no record type {kind_name}")
        return
    yield from _tried(where, lambda: compile_profile(profile, kind, where))
    fields = profile.get("fields")
    if fields == "canonical":
        yield from _canonical(where, old, kind)
    elif isinstance(fields, dict):
        sent = [str(spec["from"]) for spec in fields.values() if isinstance(spec, dict) and "from" in spec]
        yield from _names(where, sent, kind)
        for column, spec in fields.items():
            yield from _wordless(where, column, spec, kind, both)


def _canonical(where: str, old: RecordType | None, kind: RecordType) -> Iterator[Need]:
    before, now = set(old.names if old else ()), set(kind.names)
    if before != now:
        told = [f"+{name}" for name in sorted(now - before)] + [f"−{name}" for name in sorted(before - now)]
        yield Need(where, False, f"按规范模型报送，接收方收到的列有变，须先约定：{'，'.join(told)}",
                   f"takes the canonical form, whose columns change; agree on it first: {', '.join(told)}")  # fmt: skip


def _wordless(where: str, column: str, spec: Any, kind: RecordType, both: Pair) -> Iterator[Need]:
    """A table of words that says nothing of a code the new version adds: such a record cannot be sent there."""
    known = fields_of_all_versions(kind).get(str(spec.get("from"))) if isinstance(spec, dict) else None
    if known is None or not known.field.codes or spec.get("as") != "words":
        return
    added = {word for word in _added(both, known.field.codes) if word not in {str(w) for w in spec.get("words", {})}}
    if added:
        yield Need(where, True, f"fields.{column}.words 缺新增代码：{'、'.join(sorted(added))}",
                   f"fields.{column}.words lacks codes that are new: such records cannot be sent")  # fmt: skip


def _names(where: str, names: list[str], kind: RecordType) -> Iterator[Need]:
    every = fields_of_all_versions(kind)
    for name in names:
        known = every.get(name)
        if known is not None and known.state == "renamed":
            yield Need(where, False, f"字段 {name} 新版名为 {known.name}；旧名仍可用",
                       f"field {name} is now {known.name}; the old name still works")  # fmt: skip
        elif known is not None and known.state == "gone" and where.startswith("departments"):
            yield Need(where, False, f"字段 {name} 新版已删除，不再采集", f"field {name} is gone and no longer carried")


def _gone(both: Pair, codes: str) -> set[str]:
    return _codes(both.old, codes) - _codes(both.new, codes)


def _added(both: Pair, codes: str) -> set[str]:
    return _codes(both.new, codes) - _codes(both.old, codes)


def _codes(item: Standard, codes: str) -> set[str]:
    return words_of(item, codes) if codes in code_list_names(item.name, item.version) else set()


def _tried(where: str, step: Any) -> Iterator[Need]:
    try:
        step()
    except ConfigurationError as error:
        told = f"{error.where.removeprefix(f'{where}: ')}：{error.message}".removeprefix("：")
        yield Need(where, True, f"不能按新版编译 {told}；{error.remedy}", f"does not compile: {error}")
