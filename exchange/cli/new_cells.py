"""The cells of a receiver's field table: one row of a spreadsheet → one field, or what is wrong with which cell.

Nothing is completed by guessing: a type, a length or a mark that cannot be read is an error, never a default.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.errors import ConfigurationError

Words = Mapping[str, tuple[str, ...]]
TYPES: Words = {
    "text": ("字符", "字符串", "字符型", "文本", "文本型", "string", "varchar", "varchar2", "nvarchar", "nvarchar2",
             "char", "text", "c", "a", "an"),
    "code": ("代码", "代码型", "枚举", "code", "enum"),
    "date": ("日期", "日期型", "date", "d"),
    "datetime": ("日期时间", "日期时间型", "datetime", "timestamp"),
    "number": ("数值", "数值型", "数字", "小数", "金额", "number", "numeric", "decimal", "money", "n"),
    "integer": ("整数", "整型", "整数型", "int", "integer", "bigint"),
    "boolean": ("布尔", "布尔型", "boolean", "bool"),
}  # fmt: skip
REQUIRED: Words = {
    "required": ("是", "必填", "必选", "y", "yes", "m", "required", "true", "1", "√"),
    "optional": ("", "否", "选填", "可选", "非必填", "n", "no", "o", "optional", "false", "0"),
    "conditional": ("条件必填", "条件必选", "有条件", "c", "conditional"),
}
UNITS = ("", "元", "万元")
MARKS = ("", "no", "partial", "yes")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
TYPE = re.compile(r"([A-Za-z]+2?(?=[(（])|[^\d(（.\s]+)\s*(?:[(（]|\.\.)?\s*(\d+(?:[,，]\s*\d+)?)?\s*[)）]?")
LENGTH = re.compile(r"([1-9]\d{0,5})(?:[,，]\s*(\d{1,2}))?")
FORMAT = re.compile(r"YYYY[-/.年]?MM[-/.月]?DD日?")
PAIR = re.compile(r"([^=＝]+?)\s*[=＝]\s*(.+)")


@dataclass(frozen=True)
class TableField:
    """One field as the receiver defines it. `digits`: places before and after the point. `row`: of the spreadsheet.

    `codes` is the name of a code list, or empty; `values`: code → word, when the table spells the list out.
    """

    name: str
    title: str
    type: str
    required: str
    row: int
    length: int | None = None
    digits: tuple[int, int] | None = None
    codes: str = ""
    values: dict[str, str] = field(default_factory=dict)
    format: str = ""
    unit: str = ""
    title_en: str = ""
    note: str = ""
    verified: str = "no"


@dataclass
class Row:
    """One row: `cells` by our column names, `heads` the headers they stand under; mistakes go to `errors`."""

    file: str
    number: int
    cells: Mapping[str, str]
    heads: Mapping[str, str]
    errors: list[ConfigurationError]

    def field(self) -> TableField | None:
        """None when anything in the row is wrong; all of it is in `errors` then."""
        before = len(self.errors)
        for key, cell in self.cells.items():
            if cell.startswith("="):
                self.wrong(key, "is a formula", "paste its value")
            if any(not sign.isprintable() and not sign.isspace() for sign in cell):
                self.wrong(key, "has a control character", "type the cell anew")
        kind, within = self._type()
        length, digits = self._size(kind, within)
        codes, values = self._codes()
        made = TableField(
            name=self._name(),
            title=self._title(),
            type=kind,
            required=self._word("required", REQUIRED),
            row=self.number,
            length=length,
            digits=digits,
            codes=codes,
            values=values,
            format=self._format(kind),
            unit=self._one_of("unit", UNITS),
            title_en=self._said("title_en"),
            note=self._said("note"),
            verified=self._one_of("verified", MARKS) or "no",
        )
        return made if len(self.errors) == before else None

    def wrong(self, key: str, message: str, remedy: str) -> None:
        """Note a mistake under the header of `key`."""
        place = f"{self.file}: 第 {self.number} 行 row, 列 column {self.heads.get(key, key)}"
        self.errors.append(ConfigurationError(message, where=place, remedy=remedy))

    def _said(self, key: str) -> str:
        return " ".join(self.cells.get(key, "").split())

    def _name(self) -> str:
        name = self._said("name")
        if not NAME.fullmatch(name):
            self.wrong("name", "is no field name" if name else "is blank", "letters, digits, _ and . from a letter on")
        elif name.startswith("cd_"):
            self.wrong("name", "cd_ is the envelope's", "leave the row out: Guiji fills the envelope itself")
        return name

    def _title(self) -> str:
        title = self._said("title")
        if not title:
            self.wrong("title", "is blank", "write the field's Chinese title")
        return title

    def _type(self) -> tuple[str, str]:
        """The type, and a length that stands with it: varchar(200), an..50."""
        said = self._said("type")
        found = TYPE.fullmatch(said)
        base = found[1].lower() if found else said.lower()
        kind = next((kind for kind, words in TYPES.items() if base in words), "")
        if not kind:
            known = [word for words in TYPES.values() for word in words[:2]]
            self.wrong("type", f"{said} is no type" if said else "is blank", f"write one of: {', '.join(known)}")
        return kind, (found[2] or "") if found else ""

    def _size(self, kind: str, within: str) -> tuple[int | None, tuple[int, int] | None]:
        said = self._said("length")
        if said and within and said != within:
            self.wrong("length", f"{said} is not the {within} of the type", "keep one of the two")
        said = said or within
        if not said:
            return None, None
        found = LENGTH.fullmatch(said)
        if not found:
            self.wrong("length", f"{said} is no length", "write 200, or 18,2 for a number")
            return None, None
        whole, point = int(found[1]), int(found[2] or 0)
        if kind == "number":
            if point > whole:
                self.wrong("length", f"{said} has more places after the point than in all", "write for example 18,2")
            return None, (whole - point, point)
        if found[2]:
            self.wrong("length", f"{said} belongs to a number", "write one number, or the type 数值")
        return whole, None

    def _codes(self) -> tuple[str, dict[str, str]]:
        """A list's name, or the list itself: `1=有效;2=失效`, or words alone: `有效;失效`."""
        said = self.cells.get("codes", "")
        parts = [part.strip() for part in re.split(r"[;；|\n]", said) if part.strip()]
        if len(parts) <= 1 and not any(sign in said for sign in "=＝"):
            return (parts[0] if parts else ""), {}
        pairs = [found for part in parts if (found := PAIR.fullmatch(part))]
        if pairs and len(pairs) != len(parts):
            self.wrong("codes", "has codes with and without a word", "write all as code=word, split by ;")
            return "", {}
        values = {found[1]: found[2] for found in pairs} if pairs else {part: part for part in parts}
        if len(values) != len(parts) or len(set(values.values())) != len(values):
            self.wrong("codes", "names a code or a word twice", "keep each once")
        return "", values

    def _format(self, kind: str) -> str:
        said = self._said("format").replace("yyyy", "YYYY").replace("dd", "DD")
        said = said if "MM" in said else said.replace("mm", "MM")
        if said and kind in ("date", "text") and not FORMAT.fullmatch(said):
            self.wrong(
                "format", f"{said} is no date format", "made of YYYY, MM and DD: YYYY-MM-DD, YYYY/MM/DD, YYYYMMDD"
            )
        return said

    def _word(self, key: str, words: Words) -> str:
        said = self._said(key).lower()
        found = next((name for name, known in words.items() if said in known), "")
        if not found:
            known = [known for name in words for known in words[name][:2] if known]
            self.wrong(key, f"{said} is not known", f"write one of: {', '.join(known)}")
        return found

    def _one_of(self, key: str, known: tuple[str, ...]) -> str:
        said = self._said(key)
        if said not in known:
            self.wrong(key, f"{said} is not known", f"write one of: {', '.join(word for word in known if word)}")
        return said
