"""Great Expectations taught to compute on Arrow: its own expectations, their metrics replaced by our column masks.

Each class here is a subclass of the expectation it speeds up, so kwargs, verdict and severity stay the library's; only
the question "which rows go against it" is answered by `suite_masks.py`. Everything is imported inside functions: the
library takes three seconds to import.
"""

import gc
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pyarrow as pa

from expectations.suite_masks import UNEXPECTED

VALUE_KEYS: dict[str, tuple[str, ...]] = {
    "expect_column_value_lengths_to_be_between": ("min_value", "max_value", "strict_min", "strict_max"),
    "expect_column_values_to_be_in_set": ("value_set",),
    "expect_column_values_to_match_regex": ("regex",),
    "expect_column_values_to_not_match_regex": ("regex",),
    "expect_column_values_to_be_between": ("min_value", "max_value", "strict_min", "strict_max"),
    "expect_column_pair_values_a_to_be_greater_than_b": ("or_equal",),
}


@contextmanager
def quiet() -> Iterator[None]:
    """The library's own deprecations are not our warnings; its loggers speak from warnings up."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        for module in ("great_expectations", "marshmallow", "posthog", "pandas"):
            warnings.filterwarnings("ignore", module=rf"{module}(\..*)?")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield


def camel(name: str) -> str:
    """The library's class name of an expectation type."""
    return "".join(part.capitalize() for part in name.split("_"))


@cache
def library_class(name: str) -> Any | None:
    """The library's own class, or None when there is no such expectation."""
    with quiet():
        import great_expectations.expectations as gxe

        return getattr(gxe, camel(name), None)


@cache
def arrow_class(name: str) -> Any:
    """The class that judges: the library's, with our metric where `VALUE_KEYS` has one."""
    base = library_class(name)
    if base is None or name not in VALUE_KEYS:
        return base
    metric = f"arrow.{name.removeprefix('expect_')}"
    pair = "pair" in name
    with quiet():
        _pair_metric(name, metric) if pair else _column_metric(name, metric)
        return type(f"{camel(name)}OnArrow", (base,), {"map_metric": metric, "__module__": __name__})


def arrow_of(series: Any) -> pa.Array:
    """The Arrow array under a pandas series, in one piece."""
    column = pa.array(series)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _column_metric(name: str, metric: str) -> None:
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
        column_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
        ColumnMapMetricProvider,
    )

    @column_condition_partial(engine=PandasExecutionEngine)
    def judge(_cls: Any, column: Any, **kwargs: Any) -> Any:
        return _series(column, ~UNEXPECTED[name]([arrow_of(column)], kwargs))

    body = {"condition_metric_name": metric, "condition_value_keys": VALUE_KEYS[name], "filter_column_isnull": False}
    type(f"{camel(name)}Metric", (ColumnMapMetricProvider,), {**body, "_pandas": judge, "__module__": __name__})


def _pair_metric(name: str, metric: str) -> None:
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
        column_pair_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_pair_map_metric_provider import (
        ColumnPairMapMetricProvider,
    )

    @column_pair_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def judge(_cls: Any, column_A: Any, column_B: Any, **kwargs: Any) -> Any:
        return _series(column_A, ~UNEXPECTED[name]([arrow_of(column_A), arrow_of(column_B)], kwargs))

    keys = ("batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser", "ignore_row_if")
    body = {"condition_metric_name": metric, "condition_value_keys": VALUE_KEYS[name], "condition_domain_keys": keys}
    type(f"{camel(name)}Metric", (ColumnPairMapMetricProvider,), {**body, "_pandas": judge, "__module__": __name__})


def _series(like: Any, meets: Any) -> Any:
    import pandas as pd

    return pd.Series(meets, index=like.index)


@cache
def batch_definition() -> Any:
    """The library's context, source and asset, once a process: in memory, no progress bars, nothing sent."""
    with quiet():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        asset = context.data_sources.add_pandas("chunks").add_dataframe_asset("chunk")
        definition = asset.add_batch_definition_whole_dataframe("whole")
    gc.freeze()  # 300,000 objects that stay: every full collection would look through them again, for 0.2 s
    return definition


def verdicts(frame: Any, suite: Any, parameters: dict[str, Any]) -> list[bool]:
    """Run a suite of the library over one frame: the verdict of each expectation, in the suite's order."""
    definition = batch_definition()
    with quiet():
        batch = definition.get_batch(batch_parameters={"dataframe": frame})
        result = batch.validate(suite, result_format="BOOLEAN_ONLY", expectation_parameters=parameters)
    by_id = {item.expectation_config.meta["id"]: item for item in result.results}
    return [_verdict(by_id[expectation.meta["id"]]) for expectation in suite.expectations]


def _verdict(item: Any) -> bool:
    if _raised(item.exception_info):
        raise RuntimeError(f"expectation {item.expectation_config.meta['id']} could not be judged")
    return bool(item.success)


def _raised(info: Any) -> bool:
    if not info:
        return False
    return any(_raised(part) for part in info.values() if isinstance(part, dict)) or bool(info.get("raised_exception"))
