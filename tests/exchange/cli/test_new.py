"""`guiji new` as a person types it: what is written, what is open, and what to type next."""

import csv
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exchange import flow
from exchange.cli.checks import _problems
from exchange.cli.main import app
from exchange.ledger.balance import load_balance, newest_loads
from exchange.site import Site
from sandbox.world import World
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError
from schemas.standard import FOLDER

TABLE = FOLDER / "enforcement" / "1.0" / "fields" / "xzcf_sgs2018.csv"
Guiji = Callable[..., Any]


@pytest.fixture
def at(catalog_copy: Path) -> dict[str, str]:
    return {"GUIJI_CATALOG": str(catalog_copy)}


def test_a_receiver_from_a_published_table_and_what_check_says_of_it(guiji: Guiji, at: dict[str, str]) -> None:
    made = guiji("new", "receiver", "county", "--from-table", str(TABLE), "--name", "县平台", env=at)
    assert (made.status, made.err) == (0, "")
    open_fields = [line.split()[1] for line in made.out.splitlines() if line.startswith("  TODO ")]
    assert 0 < len(open_fields) < 8

    told = [str(problem) for problem in _problems(Catalog(Path(at["GUIJI_CATALOG"])))]
    assert [line.split("fields.")[1].split(":")[0] for line in told] == open_fields

    path = Path(at["GUIJI_CATALOG"]) / "receivers" / "county" / "penalty.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    done = [f'  {line.split(":")[0].strip()}: {{constant: "x"}}' if "from: TODO" in line else line for line in lines]
    path.write_text("\n".join(done), encoding="utf-8")
    assert list(_problems(Catalog(Path(at["GUIJI_CATALOG"])))) == []


def test_a_bad_table_is_told_cell_by_cell_and_writes_nothing(guiji: Guiji, at: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_text("字段代码,中文名称,类型,必填\n1A,甲,字符,是\nB,,文字,是\n", encoding="utf-8")
    said = guiji("new", "receiver", "county", "--from-table", str(path), "--name", "县", env=at)
    assert (said.status, said.out) == (1, "")
    assert [line.startswith("✗ 表.csv: 第 ") and "→" in line for line in said.err.splitlines()] == [True] * 3
    assert not (Path(at["GUIJI_CATALOG"]) / "receivers" / "county").exists()


DEPARTMENT = ("--name", "林草局", "--credit-code", "11530000MB1A02381R", "--region", "530000")


def test_a_department_passes_the_check_and_goes_to_those_who_take_it(guiji: Guiji, at: dict[str, str]) -> None:
    said = guiji("new", "department", "forestry", *DEPARTMENT, env=at)
    assert (said.status, said.err) == (0, "")
    assert "guiji preview forestry/penalty" in said.out
    assert list(_problems(Catalog(Path(at["GUIJI_CATALOG"])))) == []
    text = (Path(at["GUIJI_CATALOG"]) / "departments/forestry/penalty.yaml").read_text(encoding="utf-8")
    assert "receivers: [nation, province]" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("receiver", "../evil", "--from-table", str(TABLE), "--name", "x"), "is no code"),
        (("receiver", "county", "--from-table", str(TABLE)), "--name"),
        (("receiver", "county", "--from-table", str(TABLE), "--record-type", "penalti"), "penalty"),
        (("receiver", "county", "--from-table", "none.csv", "--name", "x"), "none.csv"),
        (("receiver", "province", "--from-table", str(TABLE)), "nothing is overwritten"),
        (("department", "forestry"), "--credit-code"),
        (("department", "forestry", *DEPARTMENT, "--access", "ftp"), "files"),
        (("department", "forestry", *DEPARTMENT, "--receiver", "provinse"), "province"),
        (("department", "market", *DEPARTMENT), "nothing is overwritten"),
        (("department", "UP", *DEPARTMENT), "is no code"),
    ],
)
def test_a_wrong_word_is_one_error_and_writes_nothing(
    at: dict[str, str],
    words: tuple[str, ...],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process: what `guiji` prints of a typed error is tested in test_main.py."""
    root = Path(at["GUIJI_CATALOG"])
    monkeypatch.setenv("GUIJI_CATALOG", str(root))
    before = sorted(root.rglob("*"))
    with pytest.raises(ConfigurationError) as caught:
        app(["new", *words], standalone_mode=False)
    assert told in str(caught.value)
    assert caught.value.remedy
    assert capsys.readouterr().out == ""
    assert sorted(root.rglob("*")) == before


def test_the_ministrys_empty_slot_is_no_receiver_and_can_be_filled(guiji: Guiji, at: dict[str, str]) -> None:
    folder = Path(at["GUIJI_CATALOG"]) / "receivers" / "moj"
    assert [path.name for path in folder.iterdir()] == ["SLOT.md"]
    shutil.copy(TABLE, folder.parent.parent / "字段表.csv")
    words = ("--from-table", str(folder.parent.parent / "字段表.csv"), "--name", "全国行政执法数据库")
    assert guiji("new", "receiver", "moj", *words, env=at).status == 0
    assert (folder / "SLOT.md").is_file()


def test_a_night_goes_to_a_receiver_that_a_spreadsheet_made(
    guiji: Guiji, at: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published table with its date format filled in, no line of the profile touched; the province's own server."""
    root, path = Path(at["GUIJI_CATALOG"]), tmp_path / "字段表.csv"
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = [{**row, "格式": "YYYY/MM/DD" if row["type"] == "date" else ""} for row in csv.DictReader(lines)]
    rows = [{**row, "code_list": row["code_list"].replace("doc_number", "")} for row in rows]
    with path.open("w", encoding="gb18030", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    said = guiji("new", "receiver", "county", "--from-table", str(path), "--name", "县平台", env=at)
    assert "TODO 0" in said.out
    feed = root / "departments" / "transport" / "penalty.yaml"
    feed.write_text(feed.read_text(encoding="utf-8").replace("[province, nation]", "[county]"), encoding="utf-8")
    catalog = Catalog(root)
    assert catalog.feed("transport/penalty").receivers == ("county",)

    with World(tmp_path / "sandbox", rows=40) as world:
        for name, value in world.env().items():
            monkeypatch.setenv(name, value)
            monkeypatch.setenv(name.replace("PROVINCE", "COUNTY"), value)
        monkeypatch.setenv("GUIJI_COUNTY_SID", "guiji-delivery")
        site = Site(tmp_path / "var", f"sqlite:///{tmp_path / 'ledger.db'}", catalog)
        flow.run(site, "transport/penalty", world.business_date())
        balance = load_balance(site.ledger, newest_loads(site.ledger)["transport/penalty"], ("county",))
        site.ledger.engine.dispose()
        with closing(sqlite3.connect(world.province.log_path)) as log:
            held = log.execute("SELECT COUNT(*) FROM standing WHERE record_type = 'penalty'").fetchone()[0]

    assert balance.whole
    assert balance.receivers[0].accepted == held > 30
    assert balance.receivers[0].rejected + held == balance.new
