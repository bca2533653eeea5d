"""The language of reports: what its steps do, and that nothing else can be said in it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, FieldError, InputError
from engine.reporting.formula import Formula
from engine.reporting.operations import OPERATIONS
from engine.reporting.pandas_reporter import PandasReporter

HOURS = pd.date_range("2030-10-26", periods=73, freq="h", tz="Europe/Amsterdam")  # one of these days has 25 hours
X = pd.Series(np.arange(73.0), HOURS)
HOSTILE = [
    "eval", "to_csv", "to_pickle", "pipe", "__class__", "@x.__class__", " @com.inspect.os.system('id')", "to_frame",
    "__import__('os').system('id')", "lambda: 0", "x" * 10_000, "", "@", "@" * 500, "2**9**9**9", float("nan"), 1e308,
    10**400, -(10**18), True, None, ["eval"], {"a": "b"}, [[]], "1us", "0D", "99999D", "1h" * 400, "nan", "é" * 30,
]  # fmt: skip


def run(*steps: dict[str, Any], **series: Any) -> Any:
    given = {"x": X, "y": 2 * X} | series
    return PandasReporter(transformations=[{"df_output": "z", **step} for step in steps]).transformed(given)["z"]


def formula(text: str) -> Any:
    return run({"method": "formula", "args": [text]})


CHAINS: list[tuple[list[dict[str, Any]], pd.Series]] = [
    ([{"method": "resample", "args": ["1D"]}, {"method": "sum"}], X.resample("1D").sum()),
    ([{"method": "resample", "args": ["2H"]}, {"method": "agg", "args": ["max"]}], X.resample("2h").max()),
    ([{"method": "resample", "args": ["15T"]}, {"method": "ffill"}], X.resample("15min").ffill()),
    ([{"method": "diff"}, {"method": "shift", "kwargs": {"periods": -1}}, {"method": "head", "args": [-1]}],
     X.diff().shift(-1).head(-1)),
    ([{"method": "subtract", "args": ["@y"]}, {"method": "clip", "kwargs": {"upper": -3}}], (X - 2 * X).clip(upper=-3)),
    ([{"method": "gt", "args": [4], "df_output": "high"}, {"df_input": "x", "method": "where", "args": ["@high", 0]}],
     X.where(X > 4, 0)),
    ([{"method": "rolling", "args": ["3h"]}, {"method": "mean"}], X.rolling("3h").mean()),
    ([{"method": "query", "args": ["1 < event_value < 4"]}], X[(X > 1) & (X < 4)]),
    ([{"method": "max", "df_output": "peak"}, {"df_input": "x", "method": "div", "args": ["@peak"]}], X / 72),
    ([{"method": "merge", "args": ["@y"], "kwargs": {"on": "event_start", "suffixes": ["_a", "_b"]}},
      {"method": "resample", "args": ["2h"]}, {"method": "mean"}, {"method": "sum", "kwargs": {"axis": 1}}],
     (3 * X).resample("2h").mean()),
    ([{"method": "resample", "args": ["15min"]}, {"method": "interpolate"}], X.resample("15min").interpolate()),
    ([{"method": "resample", "args": ["1D"]}, {"method": "quantile", "args": [0.9]}], X.resample("1D").quantile(0.9)),
    ([{"method": "rolling", "args": [4]}, {"method": "quantile", "args": [0.9]}], X.rolling(4).quantile(0.9)),
    ([{"method": "copy", "kwargs": {"deep": True}}, {"method": "rename", "kwargs": {"columns": {"event_value": "x"}}}],
     X),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), CHAINS)
def test_a_chain_does_what_pandas_does(steps: list[dict[str, Any]], expected: pd.Series) -> None:
    pd.testing.assert_series_equal(run(*steps), expected, check_names=False, check_freq=False)


def test_the_example_of_flexmeasures_comes_to_the_sum() -> None:
    steps: list[dict[str, Any]] = [
        {"df_input": "x", "df_output": "df2", "method": "copy"},
        {"df_input": "df2", "df_output": "df2", "method": "sum"},
        {"method": "sum", "kwargs": {"axis": 0}},
    ]
    assert PandasReporter(transformations=steps).transformed({"x": X})["df2"] == X.sum()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value > 1 & value < 4", (X > 1) & (X < 4)), ("1 < value <= 4", (X > 1) & (X <= 4)),
        ("@y - @x * 2 ** 2", 2 * X - X * 4), ("-value ** 2", -(X**2)), ("2 ** -1 * value", X / 2),
        ("max(@y - 5, 0) / abs(-2)", (2 * X - 5).clip(lower=0) / 2), ("value - 1 - 1", X - 2),
        ("value / 2 / 5", X / 10),
        ("not value > 3 or value == 5", ~(X > 3) | (X == 5)), ("~(value > 3) & value", ~(X > 3) & (X != 0)),
        ("@`x` % 5 // 2", X % 5 // 2), ("round(sqrt(event_value))", np.round(np.sqrt(X))), (".5e1 + value", X + 5),
    ],
)  # fmt: skip
def test_a_formula_is_computed(text: str, expected: pd.Series) -> None:
    pd.testing.assert_series_equal(formula(text), expected, check_names=False, check_freq=False)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')", "@x.index", "value.values", "x", "@x[0]", "value if 1 else 2", "lambda: 0",
        "'a' * 9", "value = 3", "open", "open(1)", "max(1)", "abs(1, 2)", "(value", "value)", "value +", "1 2", "@nope",
        "(" * 400, "-" * 400 + "1", "~" * 400 + "1", "abs(" * 99, "9" * 501, "\x00", "value and", "5 value", "@", "@`",
        "é",
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        formula(text)


@given(text=st.text(st.sampled_from("0123456789.e+-*/%()<>=!&|~@,` \nvaluexyandornotmaxabs"), max_size=40))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        found = Formula.read(text)
    except ValueError:
        return
    stored = {"x": 1.5, "y": -2.0}
    try:
        value = found.evaluate(np.float64(0.5), stored.__getitem__)
    except KeyError as error:
        assert error.args[0] not in stored
        return
    assert np.ndim(value) == 0 and np.asarray(value).dtype.kind in "bif"  # a number or a truth, nothing else


@pytest.mark.parametrize("method", [*OPERATIONS, *map(str, HOSTILE), "to_csv", "apply", "transform", "map", "values"])
def test_hostile_arguments_are_refused_or_harmless(method: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for value in HOSTILE:
        for more in ({"args": [value]}, {"args": [2, value]}, {"kwargs": {str(value)[:20]: value}}, {"args": value}):
            try:
                found = run({"method": method, **more})
            except EngineError as error:
                assert len(str(error)) < 2000
            else:
                assert isinstance(found, pd.Series | pd.DataFrame | np.number | float | int) or method in (
                    "resample",
                    "rolling",
                )
    assert not list(tmp_path.iterdir())


def test_nothing_in_the_table_writes_or_calls_back() -> None:
    doors = {"apply", "map", "pipe", "transform", "to_csv", "to_pickle", "items", "attrs", "set_flags", "plot", "hist"}
    assert not {operation.method for operation in OPERATIONS.values()} & doors


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"method": "resample", "args": ["1s"]}], "more than 10000 values"),
        ([{"method": "merge", "args": ["@x"], "df_output": "x"}] * 12, "more than 10000 values"),
        ([{"method": "copy", "df_output": f"x{at}"} for at in range(100)] * 2, "at most 100 steps"),
        ([{"method": "sum", "axis": 1}], "has no 'axis'"),
        ([{"method": "sum", "df_output": "a" * 101}], "at most 100 characters"),
        ([{"method": "clip", "kwargs": {"lowr": 1}}], "did you mean 'lower'"),
        ([{"method": "clip", "args": [1], "kwargs": {"lower": 1}}], "given twice"),
        ([{"method": "shift", "args": [10**9]}], "at most 1000000"),
        ([{"method": "sum"}, {"method": "resample", "args": ["1D"]}], "this is a number"),
        ("eval", "a list of steps"),
        ([["eval"]], r"transformations\[0\]"),
    ],
)
def test_a_chain_that_cannot_be_is_refused_by_its_step(steps: Any, said: str) -> None:
    with pytest.raises(FieldError, match=said):
        PandasReporter(transformations=steps, most_values=10_000).transformed({"x": X, "y": X})


def test_the_page_names_every_operation_and_its_example_is_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reports.md").read_text()
    assert [name for name in OPERATIONS if f"`{name}`" not in page] == []
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    series = PandasReporter(transformations=json.loads(example)["transformations"]).transformed(
        {"production": 2 * X, "consumption": X}
    )
    assert series["daily"].sum() == pytest.approx(((X - 5).clip(lower=0) * 0.25).sum())
