"""The form in which a delivery lies in a folder: the sealed lines as they are, or a table made of them.

A table is made anew from the sealed lines whenever it is needed, and comes out the same to the byte.
"""

import io
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from pyarrow import csv

from connectors.sealed_lines import as_table
from connectors.workbook import EACH, Sheets, workbook
from schemas.errors import ConfigurationError, GuijiError
from schemas.exchange import Sealed

FORMATS = ("ndjson", "csv", "xlsx")


def file_of(sealed: Sealed, form: str, sheets: Mapping[str, Sheets], where: str) -> bytes:
    """The file's bytes. Raises ConfigurationError where the form cannot say what was sealed.

    csv: UTF-8, one line of titles, every value in quotes, an empty place without them where a record has no value; a
    value is written as it is, also one that begins with = + - @. xlsx: see connectors/workbook.py; without `sheets` one
    sheet named after the record type, a column for each field.
    """
    with sealed.open() as body:
        content = body.read()
    if sha256(content).hexdigest() != sealed.digest:
        raise GuijiError("the bytes are not those that were sealed", where=sealed.key[:12], remedy="restore deliveries")
    if form == "ndjson":
        return content
    at = f"{where}: access.format"
    if form == "xlsx":
        records = [json.loads(line) for line in content.splitlines()]
        chosen = sheets.get(sealed.record_type) or {sealed.record_type: {name: name for name in records[0]}}
        _say_all(records, chosen, at)
        return workbook(records, chosen, at)
    out = io.BytesIO()
    csv.write_csv(as_table(sealed, at), out, csv.WriteOptions(quoting_style="all_valid"))
    return out.getvalue()


def _say_all(records: list[dict[str, Any]], sheets: Sheets, where: str) -> None:
    """What is sealed is in the sheets, and nothing else is; what is to be done with a record too."""
    said = {path for columns in sheets.values() for path in columns.values()}
    lists = {path.partition(EACH)[0] for path in said if EACH in path}
    sent = {name for record in records for name in _names(record) if not name.startswith("cd_")}
    for name in sorted(sent - said - lists):
        raise ConfigurationError(
            f"{name} has no column in the sheets", where=where, remedy="give it one, or take it out of the profile"
        )
    unsent = {path for path in said - sent if path.partition(EACH)[0] not in records[0]}
    for name in sorted(unsent) if sent else ():  # revocations are nothing but a key
        remedy = "name a field of the profile"
        raise ConfigurationError(f"the sheets name {name}, which is not sent", where=where, remedy=remedy)
    # A correction or a revocation in a form that has no column for it would be taken for a new record.
    if "cd_operation" not in said and any(record["cd_operation"] != "i" for record in records):
        raise ConfigurationError(
            "the sheets have no column for cd_operation: they cannot say a correction or a revocation",
            where=where,
            remedy="give cd_operation a column; if the receiver has none, have its people change the record by hand",
        )


def _names(record: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a line; of a list, those of its elements."""
    for name, value in record.items():
        if isinstance(value, list):
            yield from {f"{name}{EACH}{inner}" for element in value for inner in element}
        else:
            yield name
