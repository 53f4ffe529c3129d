"""Owns the measured run of our own chain: the steps of exchange/flow.py as they are, watched from outside."""

import json
import os
import sys
from pathlib import Path
from time import perf_counter

import connectors.receiver_rest
import exchange.deliver
import exchange.prepare
import exchange.report.nightly  # noqa: F401 - imported late by the flow; imports are not counted
import exchange.seal
from benchmarks.ends import SECRET
from benchmarks.stopwatch import Stopwatch, cpu_seconds, peak_mib
from exchange import flow
from exchange.canonical import CanonicalWriter
from exchange.site import Site
from expectations.arrow_expectations import batch_definition
from expectations.record_rules import RecordRules
from expectations.suites import Suite
from sandbox.generator.tables import FIRST_NIGHT
from schemas.catalog import Catalog

FEED, RECEIVER = "market/penalty", "province"


def watched() -> Stopwatch:
    """A stopwatch hung on the functions that do the work of each stage."""
    watch, prepare = Stopwatch(), exchange.prepare
    watch.watch(flow, "pull_and_land", "pull and land")
    watch.watch(Suite, "judge", "suite")
    watch.watch_steps(prepare, "read_tables", "decode")
    watch.watch(prepare, "normalize", "normalize")
    watch.watch(prepare, "business_keys", "keys and digests")
    watch.watch(prepare, "content_digests", "keys and digests")
    watch.watch(RecordRules, "check", "rules")
    watch.watch(prepare, "raw_digests", "keys and digests")
    watch.watch(CanonicalWriter, "write", "canonical file")
    watch.watch(prepare, "register", "register in ledger")
    watch.watch(exchange.seal.Sealer, "run", "seal")
    watch.watch(exchange.deliver.Courier, "run", "deliver: send")
    watch.watch(connectors.receiver_rest.RestTarget, "read", "deliver: read receipts")
    watch.watch(exchange.deliver.Courier, "_file", "deliver: file receipts")
    watch.watch(flow, "reconcile_and_report", "reconcile and report")
    return watch


def run(home: Path, ledger: str, catalog: Path) -> dict[str, object]:
    """The whole flow of one feed for one night."""
    site = Site(home, ledger, Catalog(catalog))
    batch_definition()  # the library's context, built once a process: an import in all but name
    assert site.ledger.engine
    watch = watched()
    began, cpu = perf_counter(), cpu_seconds()
    with watch.stage("the rest"):
        flow.run(site, FEED, FIRST_NIGHT)
    seconds, cpu = perf_counter() - began, cpu_seconds() - cpu
    with site.ledger.read() as connection:
        pulled, new = connection.exec_driver_sql("SELECT pulled, new_versions FROM load").one()
        acked = connection.exec_driver_sql("SELECT COUNT(*) FROM delivery_member WHERE outcome = 'accepted'").scalar()
    counts = {"rows": pulled, "new": new, "sent": acked}
    return {**counts, "seconds": seconds, "cpu": cpu, "stages": watch.seconds, "mib": peak_mib()}


def main(database: str, receiver: str, home: str, catalog: str, ledger: str) -> None:
    """One measurement as JSON on standard output."""
    os.environ["GUIJI_MARKET_URL"] = f"sqlite:///{database}"
    os.environ |= {"GUIJI_PROVINCE_URL": receiver, "GUIJI_PROVINCE_RID": "bench", "GUIJI_PROVINCE_SECRET": SECRET}
    print(json.dumps(run(Path(home), ledger, Path(catalog))))


if __name__ == "__main__":
    main(*sys.argv[1:])
