"""How a rule for one text is run over a column: clean values by columns, the rest once per distinct text."""

from collections.abc import Mapping
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.findings import Flag
from transforms.converters.contract import TEXT, Converted, Converter, Fast, Parameter, Parameters, Reading, Scalar
from transforms.converters.parameters import EVERY
from transforms.converters.repair import repair

SAMPLE = 2048
REPETITIVE = 0.4  # below this share of distinct values in the sample, the whole column goes by dictionary

Codes = dict[str, npt.NDArray[np.int64]]


def converter(
    kind: pa.DataType, scalar: Scalar, fast: Fast | None = None, takes: Mapping[str, Parameter] = EVERY
) -> Converter:
    """A converter from the rule for one repaired text. `scalar` never sees a blank or a null word."""

    def convert(column: pa.Array, parameters: Parameters) -> Converted:
        texts = as_text(column)
        if len(texts) > SAMPLE and _repeats(texts):
            encoded = texts.dictionary_encode()
            values, codes = _plain(encoded.dictionary, parameters, kind, scalar, fast)
            same = values.equals(encoded.dictionary)  # every text stays as it is: nothing to put together again
            return Converted(texts if same else values.take(encoded.indices), _flags(_spread(codes, encoded)))
        values, codes = _plain(texts, parameters, kind, scalar, fast)
        return Converted(values, _flags(codes))

    return Converter(convert, {**EVERY, **takes})


def as_text(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column as one string array. A column that is not text is a programming error: TypeError."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = whole.type.value_type if pa.types.is_dictionary(whole.type) else whole.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        raise TypeError(f"a converter reads text, this column is {whole.type}")
    return whole if whole.type == pa.string() else whole.cast(pa.string())


def _repeats(texts: pa.Array) -> bool:
    stride = len(texts) // SAMPLE
    sample = texts.take(pa.array(np.arange(SAMPLE, dtype=np.int64) * stride))
    return bool(pc.count_distinct(sample, mode="all").as_py() < SAMPLE * REPETITIVE)


def _plain(
    texts: pa.Array, parameters: Parameters, kind: pa.DataType, scalar: Scalar, fast: Fast | None
) -> tuple[pa.Array, Codes]:
    open_rows = texts.is_valid()
    values = pa.nulls(len(texts), kind)
    if fast is not None:
        sure = fast(texts, parameters)
        settled = pc.fill_null(sure.rows, False)
        if "null_words" in parameters:
            settled = pc.and_not(settled, pc.is_in(texts, pa.array(sorted(_null_words(parameters)), TEXT)))
        open_rows = pc.and_not(open_rows, settled)
        if not pc.any(open_rows, min_count=0).as_py():
            return _settled(settled, sure.values, kind), {}
        values = _settled(settled, sure.values, kind)
    rest = texts.filter(open_rows)
    if not len(rest):
        return values, {}
    encoded = rest.dictionary_encode()
    distinct, codes = _each(encoded.dictionary.to_pylist(), parameters, kind, scalar)
    values = pc.replace_with_mask(values, open_rows, distinct.take(encoded.indices))
    rows = np.flatnonzero(open_rows.to_numpy(zero_copy_only=False))
    return values, {code: rows[found] for code, found in _spread(codes, encoded).items()}


def _null_words(parameters: Parameters) -> frozenset[str]:
    return frozenset(parameters.get("null_words", "").split("|")) - {""}


def _settled(rows: pa.BooleanArray, values: pa.Array, kind: pa.DataType) -> pa.Array:
    return pc.if_else(rows, values, pa.scalar(None, kind)) if pc.any(pc.invert(rows)).as_py() else values


def _each(texts: list[str], parameters: Parameters, kind: pa.DataType, scalar: Scalar) -> tuple[pa.Array, Codes]:
    null_words = _null_words(parameters)
    readings = [read(text, parameters, scalar, null_words) for text in texts]
    found: dict[str, list[int]] = {}
    for position, reading in enumerate(readings):
        for code in dict.fromkeys(reading.codes):
            found.setdefault(code, []).append(position)
    values = pa.array([reading.value for reading in readings], type=kind)
    return values, {code: np.array(rows, dtype=np.int64) for code, rows in found.items()}


def read(text: str, parameters: Parameters, scalar: Scalar, null_words: frozenset[str] = frozenset()) -> Reading:
    """One text: repaired, then null when nothing is left or a null word, else what the rule makes of it."""
    repaired = repair(text, traditional=parameters.get("traditional") == "yes")
    if not repaired.text or repaired.text in null_words:
        return Reading(None, repaired.codes)
    if repaired.damaged:
        return Reading(None, repaired.codes)
    reading = scalar(repaired.text, parameters)
    return Reading(reading.value, tuple(chain(repaired.codes, reading.codes)))


def _spread(codes: Codes, encoded: pa.DictionaryArray) -> Codes:
    if not codes:
        return {}
    indices = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    spread: Codes = {}
    for code, positions in codes.items():
        mask = np.zeros(len(encoded.dictionary) + 1, dtype=bool)  # one more place: index -1 is null
        mask[positions] = True
        spread[code] = np.flatnonzero(mask[indices]).astype(np.int64)
    return spread


def _flags(codes: Codes) -> tuple[Flag, ...]:
    return tuple(Flag(code, "", rows) for code, rows in sorted(codes.items()))
