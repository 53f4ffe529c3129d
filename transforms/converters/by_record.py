"""A converter whose parameter differs from record to record: once for each value of it, the rows put back in order."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.findings import Flag
from transforms.converters.column import as_text
from transforms.converters.contract import Converted, Converter, Parameters


def by_record(
    converter: Converter, column: pa.Array, parameters: Parameters, name: str, given_by: pa.Array
) -> Converted:
    """`given_by`, as long as `column`, gives the parameter `name`; where it is null the converter goes without it."""
    sorts = converter.takes[name].sorts
    assert sorts is not None, f"{name} cannot differ from record to record"
    texts, groups = as_text(column), sorts(given_by).dictionary_encode(null_encoding="encode")
    which = groups.indices.to_numpy(zero_copy_only=False)
    parts, places, found = [], [], []
    for group, value in enumerate(groups.dictionary.to_pylist()):
        rows = np.flatnonzero(which == group)
        done = converter(texts.take(pa.array(rows)), parameters if value is None else {**parameters, name: value})
        parts.append(done.values)
        places.append(rows)
        found += [(flag.code, rows[flag.rows]) for flag in done.flags]
    if not parts:
        return converter(texts, parameters)
    order = np.argsort(np.concatenate(places), kind="stable")
    values = pc.take(pa.concat_arrays(parts), pa.array(order))
    codes = sorted({code for code, _ in found})
    rows_of = {code: np.sort(np.concatenate([rows for other, rows in found if other == code])) for code in codes}
    return Converted(values, tuple(Flag(code, "", rows_of[code].astype(np.int64)) for code in codes))
