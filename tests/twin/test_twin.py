"""Flexscope answers what FlexMeasures answers, but where a deviation says why not."""

import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import COUNT, create_database
from tests.effort import LONG, effort
from tests.twin.case import Case
from tests.twin.compare import differing, ours
from tests.twin.deviations import DEVIATIONS, unexplained
from tests.twin.driver import Driver
from tests.twin.families import FAMILIES
from tests.twin.record import read_answers
from tests.twin.server import Json

DOCS = Path(__file__).parents[2] / "docs" / "moving-from-flexmeasures.md"
ONE_IN, ONE_COMMAND_IN = effort(8, 1), effort(16, 1)
"""How many cases there are for each that is tried; a command is a process of its own."""
LINKED = "account change"
"""Cases each of which finds what the one before left; they are tried in every run."""


@pytest.fixture(scope="module", params=["sqlite", *(["postgres"] if LONG else [])])
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """One server for all cases."""
    folder = tmp_path_factory.mktemp("twin")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "flexscope.db")
        url = f"sqlite:///{folder / 'flexscope.db'}"
    else:
        template = request.getfixturevalue("postgres_template")
        url = create_database(template, f"twin{next(COUNT)}", "template_empty")
    with ours(url, folder) as running:
        yield Driver(running)


def tried(case: Case) -> bool:
    """Is a case tried in a run of this length?"""
    runs = any(request.method == "CLI" for request in case.requests)
    one_in = ONE_COMMAND_IN if runs else ONE_IN
    return case.name.startswith(LINKED) or zlib.crc32(case.name.encode()) % one_in == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_differ_only_where_it_is_explained(driver: Driver, family: str) -> None:
    expected, found = read_answers(family), {}
    for case in filter(tried, FAMILIES[family]()):
        if lines := unexplained(case.name, differing(expected[case.name], driver.answers(case))):
            found[case.name] = lines
    assert found == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_case_is_recorded_and_none_beside_them(family: str) -> None:
    names = [case.name for case in FAMILIES[family]()]
    assert len(names) == len(set(names)) and set(names) == set(read_answers(family))


def test_every_deviation_is_explained_to_those_who_move() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", DOCS.read_text(), flags=re.MULTILINE)
    assert {deviation.reason for deviation in DEVIATIONS} <= set(rows)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_sentence_of_another_program_is_kept(family: str) -> None:
    texts = [text for answers in read_answers(family).values() for text in leaves(answers) if text.count(" ") > 2]
    assert [text for text in texts if re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", text)] == []


def leaves(answer: Json) -> list[str]:
    """Return the texts of an answer, without its keys."""
    if isinstance(answer, dict):
        return [text for item in answer.values() for text in leaves(item)]
    if isinstance(answer, list):
        return [text for item in answer for text in leaves(item)]
    return [answer] if isinstance(answer, str) else []
