"""Owns the converters' figures: every converter over a realistic column, and normalizing a whole mapping, on one core.

    python -m benchmarks.converters [--rows 200000] [--rounds 3]

The columns are the sandbox's penalties (3 % dirt, a department's repetitions); what penalties do not have is drawn
from the code lists and the table of regions. Counted is processor time, best round: a busy machine changes it little.
"""

import argparse
from collections.abc import Callable
from datetime import date
from random import Random
from time import process_time

import pyarrow as pa
import pyarrow.compute as pc

from sandbox.generator import penalty_table
from schemas.catalog import Catalog
from schemas.standard import in_force
from transforms.converters import codes
from transforms.converters.by_record import by_record
from transforms.converters.region_names import level
from transforms.converters.region_table import IN_FORCE, NOW, regions
from transforms.converters.registry import get, names
from transforms.decoders.header import CHUNK
from transforms.mapping import compile_mapping
from transforms.normalize import normalize

FEED = "market/penalty"
COLUMNS = {
    "text": "wfss",
    "document_number": "jdswh",
    "date": "jdrq",
    "datetime": "gxsj",
    "money": "fkje",
    "fine_from_text": "cfnr",
    "confiscation_from_text": "cfnr",
    "credit_code": "shxym",
    "org_code": "zzjgdm",
    "identity_number": "frzjhm",
    "identity_document": "frzjhm",
    "registration_number": "zch",
    "penalty_kind": "cfzl",
    "counterparty_category": "xdrlb",
    "party_name": "xdrmc",
    "org_name": "cfjg",
}
SECOND = {"identity_document": ("type", "frzjlx")}


def column_of(name: str, penalties: pa.Table, rng: Random) -> pa.Array:
    """A column as departments fill it."""
    if name in COLUMNS:
        return penalties[COLUMNS[name]].combine_chunks()
    if name == "region":
        words = _region_words(rng)
    elif name == "boolean":
        words = ["是", "否", "1", "0"] * 25 + ["不详"]
    else:
        words = list(
            codes.load("permit_category" if name == "licence_category" else name.removeprefix("code:")).entries
        )
    return pa.array(rng.choices(words, k=penalties.num_rows), pa.string())


def _region_words(rng: Random) -> list[str]:
    """The counties of one province by code, some by name, a few abolished, unknown or ambiguous."""
    there = [r for r in regions() if level(r.code) == 3 and r.code.startswith("53")]
    now = [r for r in there if r.state(NOW) == IN_FORCE]
    gone = [r.code for r in there if r.state(NOW) != IN_FORCE]
    return [r.code for r in now] * 8 + [f"云南省{r.name}" for r in now] + gone[:40] + ["鼓楼区", "530199", "城关镇"]


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Processor time of the best round."""
    best = float("inf")
    for _ in range(rounds):
        began = process_time()
        work()
        best = min(best, process_time() - began)
    return best


def measured(name: str, penalties: pa.Table, rounds: int) -> tuple[pa.Array, float]:
    """One converter: its column, and how long it took."""
    convert, column = get(name), column_of(name, penalties, Random(7))
    if name not in SECOND:
        return column, seconds(lambda: convert(column, {}), rounds)
    parameter, other = SECOND[name]
    given_by = penalties[other].combine_chunks()
    return column, seconds(lambda: by_record(convert, column, {}, parameter, given_by), rounds)


def normalizing(penalties: pa.Table, rounds: int) -> tuple[int, float]:
    """The mapping as the flow runs it, a chunk at a time: how many fields it fills, and how long it took."""
    feed = Catalog().feed(FEED)
    kind = in_force("enforcement", date.today()).record_types[feed.record_type]
    plan = compile_mapping(feed.mapping, kind, feed.where, get)
    chunks = [penalties.slice(at, CHUNK).combine_chunks() for at in range(0, penalties.num_rows, CHUNK)]
    return len(plan.fields), seconds(lambda: [normalize(chunk, plan) for chunk in chunks], rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    pa.set_cpu_count(1)
    penalties = penalty_table(asked.rows, 7).combine_chunks()
    print("## Converters, one core\n\n| converter | rows | filled | distinct | rows/s |\n|---|---:|---:|---:|---:|")
    for name in names():
        column, took = measured(name, penalties, asked.rounds)
        filled, distinct = len(column) - column.null_count, len(pc.unique(column.drop_null()))
        print(f"| {name} | {len(column):,} | {filled:,} | {distinct:,} | {len(column) / took:,.0f} |")
    fields, took = normalizing(penalties, asked.rounds)
    print(f"| **normalize** {FEED}, {penalties.num_columns} columns → {fields} fields | {asked.rows:,} | | "
          f"| **{asked.rows / took:,.0f}** |")  # fmt: skip


if __name__ == "__main__":
    main()
