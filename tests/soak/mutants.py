"""T16: bugs of the protocol, planted one at a time, and the scenario that must notice each.

A mutant is a change in the text of one file of ours. When that text is rewritten, the mutant is to be written anew: a
test says so.
"""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
RELOADED = ("exchange", "connectors", "transforms")


@dataclass(frozen=True, slots=True)
class Mutant:
    """`changes`: (old text, new text) in `file`; `caught_by`: a scenario in scenarios.py and its arguments."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    caught_by: tuple[str, ...]

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".")

    def applied(self, source: str) -> str:
        """The file's text with the bug in it."""
        for old, new in self.changes:
            assert source.count(old) == 1, f"{self.file} no longer says once: {old}"
            source = source.replace(old, new)
        return source


def _one(name: str, file: str, old: str, new: str, *caught_by: str) -> Mutant:
    return Mutant(name, file, ((old, new),), caught_by)


DELIVER, TARGET, RECEIPTS = "exchange/deliver.py", "connectors/receiver_rest.py", "connectors/receipts.py"
TABLE, FILES = "connectors/receiver_table.py", "connectors/receiver_files.py"
LEDGER, SQL, FLOW = "exchange/ledger/database.py", "connectors/sql.py", "exchange/flow.py"
REGISTRATION, STATEMENTS = "exchange/ledger/registration.py", "exchange/ledger/statements.py"
_EARLY = """pull.complete, lease)
        with site.ledger.write("early", lease) as connection:
            text, words = __import__("sqlalchemy").text, __import__("json").dumps(pull.position)
            connection.execute(text("DELETE FROM watermark"))
            made = text("INSERT INTO watermark (feed, position, load_id, committed_at) VALUES (:f, :p, 0, '')")
            connection.execute(made, {"f": feed_name, "p": words})"""
_INTEND = "item = self.book.intend(item, self.lease)"
_SAME_ROW = """WHEN c.operation = staging.operation
               AND (c.digest = staging.digest OR c.operation = 'revoke') THEN 'unchanged'"""
_ANY_ROW = """WHEN EXISTS (SELECT 1 FROM record_version v WHERE v.feed = CAST(:feed AS TEXT)
               AND v.business_key = staging.business_key AND v.digest = staging.digest) THEN 'unchanged'"""
_FILED = '"acked", verdicts, self.lease)'
_WRITTEN = "digest, _ = self.site.vault.write(path, [text], self.site.load_scope(item.load_id))"
_REPEATED = """sealed = self._sealed(item)
        if item.attempt:
            plain = sealed.open().read()
            sealed = __import__("dataclasses").replace(sealed, open=lambda: __import__("io").BytesIO(plain + b"\\n"))
        item = self.book"""

MUTANTS = (
    _one("the watermark before the rows", FLOW, "pull.complete, lease)", _EARLY, "given_up"),
    _one(
        "acked before it is sent", DELIVER, _INTEND, f'{_INTEND}\n        self.book._move(item, "acked", self.lease)',
        "fault", "down",
    ),
    Mutant(
        "acked before the receipt is on the disk", DELIVER,
        ((_WRITTEN, "digest = sha256(text).hexdigest()"), (_FILED, f"{_FILED}\n        {_WRITTEN}")),
        ("killed", "receipt.after_commit:1"),
    ),
    _one(
        "no intent", DELIVER, _INTEND, 'item = __import__("dataclasses").replace(item, attempt=item.attempt + 1)',
        "simple_minded", "killed",
    ),
    _one(
        "a fresh key for each attempt", DELIVER, "answer = self.target.send(sealed)",
        'answer = self.target.send(__import__("dataclasses").replace(sealed, key=__import__("secrets").token_hex(32)))',
        "nights", "1",
    ),
    _one(
        "the key without the receiver", "exchange/ledger/deliveries.py", '("idk2", receiver, profile, root,',
        '("idk2", root,', "one_profile",
    ),
    _one(
        "the key without the body", "exchange/ledger/deliveries.py", "root, body_digest)", "root)", "turned_away_twice",
    ),
    _one("known by its content alone", STATEMENTS, _SAME_ROW, _ANY_ROW, "nights", "3"),
    _one(
        "nobody is asked after a timeout", DELIVER,
        'if seen or promise.get("inquiry") == "by_key":\n            answer', "if False:\n            answer",
        "simple_minded", "error_500_after",
    ),
    _one(
        "no time to settle", DELIVER, "if since < timedelta(seconds=seconds):", "if False:",
        "simple_minded", "applies_late",
    ),
    _one(
        "a 500 taken for a refusal", TARGET, "status in UNSETTLED or status >= 500", "status in UNSETTLED",
        "simple_minded", "error_500_after",
    ),
    _one(
        "not found taken for an end", DELIVER, "if answer is not None:",
        'if answer is None:\n                self.book._move(item, "acked", self.lease)\n                return True\n'
        "            if answer is not None:",
        "fault", "error_500_before",
    ),
    Mutant(
        "a receipt of another count", RECEIPTS,
        ((" or count != sealed.count", ""), ('"results"), sealed.count, where)', '"results"), count, where)')),
        ("noticed", "short_count_receipt"),
    ),
    _one(
        "a receipt of another key", RECEIPTS, 'data.get("key") != sealed.key or ', "", "noticed", "wrong_key_receipt",
    ),
    _one(
        "a receipt written over the last one", "exchange/site.py", '{key}.{said}.{digest[:12]}.http',
        "{key}.http", "two_answers",
    ),
    _one(
        "a control row before its rows, in a transaction of its own", TABLE,
        "rows = fit.rows(", "database.commit()\n            database.begin()\n            rows = fit.rows(",
        "by_table", "killed",
    ),
    _one("a file not read back", FILES, "if place.read(part, len(content)) != content:", "if False:",
         "by_file", "wrong_bytes"),
    _one("a rename that was not done taken for done", FILES, "not place.place(part, path):",
         "place.discard(part) or False:", "by_file", "rename_hang_up_before"),
    _one("sent again what lay there and is gone", DELIVER, "self.receiver.promise, self.book.lay_there(item)",
         "self.receiver.promise, False",
         "by_table", "taken_and_gone"),
    _one("no look at the epoch", LEDGER, "if epoch != lease.epoch:", "if False:", "zombie", "register.before_commit"),
    _one(
        "an epoch that never rises", LEDGER, "SET epoch = lease.epoch + 1", "SET epoch = lease.epoch",
        "zombie", "register.before_commit",
    ),
    _one(
        "members in another order", "exchange/seal.py", 'pending["version"].to_pylist()',
        'pending["version"].to_pylist()[::-1]', "fault", "partial_accept",
    ),
    _one(
        "other bytes at the second attempt", DELIVER, "sealed = self._sealed(item)\n        item = self.book",
        _REPEATED, "fault", "error_500_after", "inquiry_forgets",
    ),
    _one("later than the watermark only", SQL, ">= '{since}'", "> '{since}'", "same_second"),
    _one(
        "the position by our clock", SQL, 'self.position = {"time": time,',
        'self.position = {"time": __import__("datetime").datetime.now().strftime("%Y-%m-%d %H:%M:%S"),', "incremental",
    ),
    _one("no overlap", SQL, 'str(self.source.get("overlap", "1h"))', '"0s"', "incremental"),
    _one("no sweep", FLOW, 'return how == "nightly" or', "return False and", "nights", "2"),
    _one(
        "what is held is dropped", REGISTRATION, "for statement in (CORRECTED, GONE, *QUARANTINE):",
        "for statement in (CORRECTED, GONE):", "nights", "1",
    ),
    _one(
        "accepted in part, counted whole", RECEIPTS, "found[seq] = RecordVerdict(seq, status,",
        'found[seq] = RecordVerdict(seq, "accepted",', "fault", "partial_accept",
    ),
    _one("deletions not sent", REGISTRATION, "    if load.complete:", "    if False:", "nights", "2"),
    _one("a replay brings the old back", STATEMENTS, "WHEN :replay = 1 AND ((", "WHEN :replay = 2 AND ((", "replayed"),
    _one(
        "the folder not synced after a rename", "exchange/durable.py",
        'crash_point("file.before_rename")\n    partial.replace(path)\n    sync_folder(path.parent)\n'
        '    crash_point("file.after_rename")\n\n\ndef make_file',
        "partial.replace(path)\n\n\ndef make_file", "synced",
    ),
    _one(
        "the file not synced before a rename", "exchange/durable.py",
        '            out.write(chunk)\n        out.flush()\n        os.fsync(out.fileno())\n    crash_point',
        "            out.write(chunk)\n    crash_point", "synced",
    ),
)  # fmt: skip
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
ELSEWHERE = {
    "advisory lock only": "there is none: the lease and its epoch are the only lock",
    ".ok file before the data": "no receiver takes files",
    "checkpoint without consistency": "tests of exchange/evidence.py",
    "exception text logged": "tests/flow/test_privacy.py looks for people in everything written",
}
"""Of the 32 of the programme, those that have no place in this code, and who looks after them."""


def table() -> str:
    """Bug → scenario, as Markdown."""
    rows = [(one.name, one.file, f"`{' '.join(one.caught_by)}`") for one in MUTANTS]
    rows += [(name, "", words) for name, words in ELSEWHERE.items()]
    head = "| planted bug | in | noticed by (tests/soak/scenarios.py) |\n|---|---|---|\n"
    return head + "".join(f"| {name} | {file} | {words} |\n" for name, file, words in rows)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text(encoding="utf-8")
        return compile(self.mutant.applied(source), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:  # fmt: skip
        if fullname != self.mutant.module:
            return None
        place = str(ROOT / self.mutant.file)
        return importlib.util.spec_from_file_location(fullname, place, loader=_Loader(fullname, place, self.mutant))


def infect(job: dict[str, Any]) -> None:
    """In a child of the zygote: forget our modules, and load them again with the bug."""
    if not job["mutant"]:
        return
    for name in [name for name in sys.modules if name.split(".")[0] in RELOADED]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(BY_NAME[job["mutant"]]))
