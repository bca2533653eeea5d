"""Tests run in processes forked from one; what matters there is that none of them is lost in silence."""

import os
from multiprocessing.connection import Connection
from typing import Any

import pytest

from tests.forks import FORKING, Places, follow


def break_down(out: "Connection[Any, Any]") -> None:
    out.send("test_of_a_crash")
    os._exit(9)


def test_a_process_that_breaks_down_fails_the_run_and_names_its_test(request: pytest.FixtureRequest) -> None:
    reports, out = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=break_down, args=(out,))
    process.start()
    out.close()
    with pytest.raises(request.session.Failed, match="broke down in test_of_a_crash"):
        follow(request.session, [(reports, process)])


def test_each_place_is_taken_once() -> None:
    places = Places([0, 7, 300])
    first, second = iter(places), iter(places)
    assert [next(first), next(second), *first, *second] == [0, 7, 300]
