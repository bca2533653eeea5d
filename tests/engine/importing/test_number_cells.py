"""Numbers as people and programs write them; what dots and commas mean is decided once, or asked."""

from typing import Any

import numpy as np
import pytest

from engine.importing.cells.numbers import Notation, NumberFacts, decide_notation, read_numbers
from engine.importing.layout import Cell, Layout
from tests.engine.importing.sample_files import asked, read


def notation(cells: list[Cell], delimiter: str = ";", **told: Any) -> Notation:
    facts = NumberFacts()
    facts.add(cells)
    decided, _, questions = decide_notation(facts, Layout(**told), delimiter)
    assert not questions
    return decided


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["800", "950", "1.000", "1.050"], [800, 950, 1000, 1050]),
        (["0,125", "1,000"], [0.125, 1]),
        (["0.125", "1.000"], [0.125, 1]),
        (["1.234,5", "1.000"], [1234.5, 1000]),
        (["1,234.5", "-2,000.25"], [1234.5, -2000.25]),
        (["1.234.567", "1.000"], [1_234_567, 1000]),
        (["1\u202f020,5", "\u22123,5", "900"], [1020.5, -3.5, 900]),
        (["1'020.5", "3.25"], [1020.5, 3.25]),
        (["1e-3", "2.5E2"], [0.001, 250]),
        (["$0.05", "$1.10"], [0.05, 1.1]),
        (["12,5 kWh", "3 kWh"], [12.5, 3]),
        (['="0,5"', "1,25"], [0.5, 1.25]),
        ([1.5, 1000.0, "2,5"], [1.5, 1000, 2.5]),
    ],
)
def test_signs_are_read_as_only_they_can_be(cells: list[Cell], values: list[float]) -> None:
    read, wrong = read_numbers(cells, notation(cells))
    assert (read.tolist(), wrong) == (values, [])


@pytest.mark.parametrize(("told", "value"), [({"decimal": ","}, 1.0), ({"decimal": "."}, 1000.0)])
def test_one_or_one_thousand_is_asked_and_answered(told: dict[str, str], value: float) -> None:
    cells: list[Cell] = ["1,000", "2,345", "7,891"]
    facts = NumberFacts()
    facts.add(cells)
    _, _, (question,) = decide_notation(facts, Layout(), ";")
    assert question.field == "decimal" and [choice.value for choice in question.choices] == [",", "."]
    assert read_numbers(cells, notation(cells, **told))[0][0] == value


def test_a_dot_beside_a_decimal_comma_can_only_group_thousands() -> None:
    decided = notation(["800", "1.000"], decimal=",")
    assert read_numbers(["1.000", "1.5", "12.3456"], decided)[1] == [1, 2]


def test_commas_between_cells_go_with_a_decimal_dot() -> None:
    assert notation(["1.234", "2.345"], delimiter=",").decimal == "."
    assert notation(["1,234", "2,345"], delimiter=",").decimal == "."


def test_options_for_texts_leave_numbers_of_a_spreadsheet_alone() -> None:
    read, wrong = read_numbers([1.5, 1.75, 1000.0], notation([1.5], decimal=",", thousands="."))
    assert (read.tolist(), wrong) == ([1.5, 1.75, 1000], [])


@pytest.mark.parametrize("cell", ["17 EUR", "1_000", "inf", "1e999", "one", "1.2.3", "12:30"])
def test_what_is_no_number_is_wrong(cell: str) -> None:
    read, wrong = read_numbers(["1.5", cell], Notation(missing=frozenset({""})))
    assert wrong == [1] and np.isnan(read[1])


def test_a_number_in_brackets_is_below_zero_or_an_estimate() -> None:
    text = "time,kW\n" + "".join(f"2026-05-11 {hour:02}:00,({hour + 1}.5)\n" for hour in range(8))
    assert asked(read(text)) == {"brackets": ["minus", "plain"]}
    assert read(text, options={"brackets": "minus"}).readings.values[:2].tolist() == [-1.5, -2.5]
    found = read(text, options={"brackets": "plain"})
    assert found.readings.values[:2].tolist() == [1.5, 2.5] and not asked(found)
    signed = read(text.replace("(3.5)", "(-3.5)"), options={"brackets": "minus"})
    assert [(problem.row, problem.text) for problem in signed.problems] == [(4, "(-3.5)")]
