"""Asks Flexscope what FlexMeasures was asked, and prints where the answers differ: ``python -m tests.twin.compare``."""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from db.core.database import Database
from db.migrations import upgrade
from tests.http import serving
from tests.http.serving import PASSWORD, USERS, email
from tests.processes import COMMAND, flexscope
from tests.twin.case import Case
from tests.twin.driver import Answer, Driver
from tests.twin.families import FAMILIES
from tests.twin.record import read_answers
from tests.twin.server import Ran, Server, Terminal
from tests.twin.shape import differences

IN_FOLDER = f"import io, os, sys; os.chdir(sys.argv.pop(1)); sys.stdin = io.StringIO('y\\n' * 9); {COMMAND}"


@contextmanager
def ours(database_url: str, folder: Path) -> Iterator[Server]:
    """Run Flexscope with the users of the tests until the block ends."""
    opened = Database(database_url)
    serving.populate(opened)
    opened.close()
    with serving.server(database_url, folder) as running:
        environment = {"SQLALCHEMY_DATABASE_URI": database_url, "FLEXSCOPE_INSTANCE_PATH": str(folder)}
        yield Server(running.url, {name: email(name) for name in USERS}, PASSWORD, terminal(environment))


def terminal(environment: Mapping[str, str]) -> Terminal:
    """Return where commands of ours are run."""

    def run(words: Sequence[str], folder: Path) -> Ran:
        done = flexscope(str(folder), *words, environment=environment, code=IN_FOLDER)
        return Ran(done.returncode, done.stderr)

    return run


def differing(expected: list[Answer], actual: list[Answer]) -> list[str]:
    """Return where the answers of a case differ, request by request; what follows another status says nothing more."""
    found: list[str] = []
    for number, (theirs, own) in enumerate(zip(expected, actual, strict=True)):
        found += [f"{number}{line}" for line in differing_answer(theirs, own)]
        if own["status"] != theirs["status"] or theirs.get("job", {}).get("status") not in (None, "FINISHED"):
            break
    return found


def differing_answer(theirs: Answer, own: Answer) -> list[str]:
    """Return where an answer differs; refused at once is as good as a job that fails, and any answer as a fault."""
    if theirs["status"] >= 500 and own["status"] < 500:
        return []
    if own["status"] == 422 and theirs.get("job", {}).get("status") == "FAILED":
        return []
    if own["status"] != theirs["status"]:
        return [f".status: {own['status']}, not {theirs['status']}: {own.get('body', own.get('said'))}"[:400]]
    if own["status"] >= 400:
        return differences(theirs.get("body"), own.get("body"), ".body")
    return differences({k: v for k, v in theirs.items() if k != "status"}, own)


def compare(driver: Driver, cases: list[tuple[str, Case]], answers: dict[str, list[Answer]]) -> dict[str, list[str]]:
    """Return the differences of each case that has any."""
    found = {}
    for _, case in cases:
        if case.name in answers and (lines := differing(answers[case.name], driver.answers(case))):
            found[case.name] = lines
    return found


def main(arguments: list[str]) -> None:
    """Compare with a server on SQLite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="regular expression on names of cases")
    only = parser.parse_args(arguments).only
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flexscope.db"
        upgrade(f"sqlite:///{file}")
        with ours(f"sqlite:///{file}", Path(folder)) as running:
            driver = Driver(running)
            for family, cases in FAMILIES.items():
                chosen = [(family, case) for case in cases() if re.search(only, case.name)]
                found = compare(driver, chosen, read_answers(family))
                for name, lines in found.items():
                    sys.stdout.write(f"{name}\n" + "".join(f"    {line}\n" for line in lines[:8]))
                sys.stdout.write(f"{family}: {len(found)} of {len(chosen)} cases differ\n")
        shutil.copy(Path(folder) / "log", "/tmp/twin.log")


if __name__ == "__main__":
    main(sys.argv[1:])
