"""Asks FlexMeasures what the tests then ask Flexscope; see the package."""

import argparse
import json
import re
import sys
from functools import partial
from pathlib import Path

from tests.http.serving import PASSWORD, USERS, email
from tests.twin import flexmeasures
from tests.twin.case import Case
from tests.twin.driver import Answer, Driver
from tests.twin.families import FAMILIES
from tests.twin.server import Server
from tests.twin.shape import packed, unpacked

ANSWERS = Path(__file__).parent / "answers"


def read_answers(family: str) -> dict[str, list[Answer]]:
    """Return the recorded answers of a family by the names of its cases."""
    file = ANSWERS / f"{family}.json"
    if not file.exists():
        return {}
    return {name: unpacked(answers) for name, answers in json.loads(file.read_text()).items()}


def write_answers(family: str, answers: dict[str, list[Answer]]) -> None:
    """Write the answers of a family, a line for each case."""
    write = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    lines = [f"{write(name)}:{write(packed(answers[name]))}" for name in sorted(answers)]
    (ANSWERS / f"{family}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def record(server: Server, only: str) -> None:
    """Record the cases whose names match a regular expression, and forget those that are no more."""
    driver = Driver(server)
    for family, cases in FAMILIES.items():
        known = list(cases())
        answers = {name: answer for name, answer in read_answers(family).items() if name in {c.name for c in known}}
        for case in known:
            if re.search(only, case.name):
                answers[case.name] = [{k: v for k, v in one.items() if k != "said"} for one in answered(driver, case)]
                write_answers(family, answers)  # what is recorded stays, whatever comes
        sys.stderr.write(f"{family}: {len(answers)} cases\n")


def answered(driver: Driver, case: Case) -> list[Answer]:
    """Return the answers of a case; what keeps it from an answer is told with its name."""
    try:
        return driver.answers(case)
    except Exception as error:
        raise RuntimeError(f"The case {case.name!r} failed.") from error


def main(arguments: list[str]) -> None:
    """Record from a server of our own, or from one that runs already."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="regular expression on names of cases")
    parser.add_argument("--url", help="a FlexMeasures server that runs already, with the users of the tests")
    given = parser.parse_args(arguments)
    if given.url:
        record(Server(given.url, {name: email(name) for name in USERS}, PASSWORD), given.only)
        return
    with flexmeasures.server() as running:
        record(running, given.only)


if __name__ == "__main__":
    main(sys.argv[1:])
