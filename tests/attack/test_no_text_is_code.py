"""Whatever a user writes into a report, a unit or a quantity is read by us, and never run as code."""

from pathlib import Path
from typing import Any

import pytest

from engine.reporting.operations import OPERATIONS
from tests.http.serving import Api

pytestmark = pytest.mark.parametrize("http_served", ["sqlite"], indirect=True, scope="session")
"""The steps of a report run in this process, whatever the database."""

SPAN = {"start": "2026-06-01T00:00:00+02:00", "end": "2026-06-02T00:00:00+02:00"}


def report(api: Api, ids: dict[str, int], *steps: Any, **body: Any) -> Any:
    """Ask as a plain member for a report; the reading of it must not take long."""
    named = [{"name": "x", "sensor": ids["s:power"]}]
    parameters = {"input": named, "output": [{"name": "y", "sensor": ids["s:power"]}], **SPAN}
    asked = {"reporter": "PandasReporter", "parameters": parameters, "config": {"transformations": steps}} | body
    begun = api.computed()
    answer = api.post(f"/assets/{ids['battery']}/reports/trigger", json=asked, who="hand")
    assert api.computed() - begun < 5
    return answer


def commands(file: Path) -> list[list[dict[str, Any]]]:
    """Chains that would write a file, were any of their texts code."""
    name = {"df_input": "x", "df_output": "f"}
    shell = f' @com.inspect.os.system("id > {file}")'
    lines = {"header": ["import os"], "index": False}
    return [
        [
            name | {"method": "aggregate", "args": ["to_frame"]},
            {"df_input": "f", "method": "aggregate", "args": ["eval", 0, shell], "kwargs": {"engine": "python"}},
        ],
        [name | {"method": "aggregate", "args": ["to_csv", 0, str(file)], "kwargs": lines}],
        [name | {"method": "resample", "args": ["1D"]}, {"method": "aggregate", "args": ["to_csv", str(file)]}],
        [name | {"method": "rolling", "args": [2]}, {"method": "agg", "kwargs": {"func": "pipe"}}],
        [name | {"method": "to_csv", "args": [str(file)]}],
        *([name | {"method": method, "args": [shell]}] for method in ("eval", "query", "formula", "apply", "pipe")),
        [name | {"method": "formula", "args": [f"__import__('os').system('id > {file}')"]}],
    ]


@pytest.mark.parametrize("at", range(11))
def test_no_chain_runs_a_command_or_writes_a_file(api: Api, ids: dict[str, int], tmp_path: Path, at: int) -> None:
    file = tmp_path / "written"
    answer = report(api, ids, *commands(file)[at])
    assert answer.status_code == 422 and "transformations" in answer.text, answer.text
    assert not file.exists()


HOSTILE = ["eval", "to_csv", "@x.index", " @x", "2**9**9**9", "__class__", "1us", 1e308, 10**400, True, {"a": 1}, [[1]]]


METHODS: list[object] = [*OPERATIONS, "apply", "map", "transform", "to_pickle", "__class__", "", 5, None, []]


@pytest.mark.parametrize("at", range(len(HOSTILE)))
def test_no_operation_takes_a_hostile_argument_for_more_than_it_is(api: Api, ids: dict[str, int], at: int) -> None:
    # Each operation meets each argument in the tests of the engine; here they come through the whole server.
    for number, method in enumerate(METHODS):
        value = HOSTILE[(number + at) % len(HOSTILE)]
        forms: list[dict[str, Any]] = [{"args": [value]}, {"kwargs": {"other": value, str(value): value}}]
        answer = report(api, ids, {"df_input": "x", "df_output": "y", "method": method, **forms[(number + at) % 2]})
        assert answer.status_code in (422, 400) or harmless(method, value), (method, value, answer.text)


def harmless(method: object, value: object) -> bool:
    """Return whether it is a name that is left out, or at most looked up, or a number or truth."""
    named = method in ("copy", "squeeze", "rename", "get", "droplevel", "to_frame")
    computed = method in ("formula", "eval", "query") and value == "2**9**9**9"  # a number beyond all bounds, at once
    return named or computed or isinstance(value, bool | int) or str(value).startswith("@")


@pytest.mark.parametrize(
    ("reporter", "config", "said"),
    [
        ("AggregatorReporter", {"method": "eval"}, "eval"),
        ("AggregatorReporter", {"method": ["sum"]}, "sum"),
        ("AggregatorReporter", {"weights": {"x": "1 - __import__('os').getpid()"}}, "config weights x"),
        ("AggregatorReporter", {"weights": {"x": 1e308}}, "config weights x"),
        ("AggregatorReporter", {"weights": [1]}, "config weights"),
        ("ProfitOrLossReporter", {"loss_is_positive": "false"}, "loss_is_positive"),
        ("PandasReporter", {"transformations": {"method": "sum"}}, "transformations"),
        ("PandasReporter", {"transformations": [{"method": "copy"}] * 101}, "transformations"),
    ],
)
def test_each_field_of_a_config_has_its_type(
    api: Api, ids: dict[str, int], reporter: str, config: Any, said: str
) -> None:
    answer = report(api, ids, reporter=reporter, config=config)
    assert answer.status_code == 422 and all(word in answer.text for word in said.split())
    asked = {"reporter": reporter, "config": config, "input": [], "output": [], "duration": "P1D"}
    automation = {"name": "nightly", "kind": "report", "every": "P1D", "request": asked}
    answer = api.post(f"/assets/{ids['battery']}/automations", json=automation, who="hand")
    assert answer.status_code == 422 and all(word in answer.text for word in said.split())
