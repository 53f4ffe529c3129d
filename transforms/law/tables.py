"""The tables that rules by date are read from: those of one version of the standard, or of the newest.

The rows carry their own dates, and a newer version only adds to them: without a version named, the newest has them all.
A version is written 1.1; a decision's date chooses the row, not the version.
"""

from pathlib import Path

from schemas.standard import versions
from schemas.version_files import version_file

NAME = "enforcement"


def table(name: str, version: str = "") -> Path:
    """The CSV of a code list, or `holidays.csv` of the version. Raises StandardError when it has none."""
    path = name if name.endswith(".csv") else f"codes/{name}.csv"
    return version_file(NAME, version or versions(NAME)[-1], path)
