"""The aims of the house, as checks: small rooms, short functions, light doors, names that mean something."""

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "components", "db", "engine")
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_TEST, MOST_PARAMETERS = 300, 40, 25, 6
HEAVY = {
    "pandas",
    "numpy",
    "panel",
    "bokeh",
    "sqlalchemy",
    "alembic",
    "pint",
    "highspy",
    "pyomo",
    "statsmodels",
    "tornado",
}
MOST_FILES = 15
CALLED_ONCE = 0.45
"""Share of the private functions that only one place of their module names."""
SAY_NOTHING = {"told", "found", "made", "given", "each", "what", "who", "shown", "listed"}
WORDS_OF_THE_FIELD = {"NotFound", "what_if"}  # as in HTTP, and as in a what-if analysis
OF_FLEXMEASURES = "FLEXMEASURES_MENU_LISTED_VIEW"
TO_BE_NAMED: set[str] = set()
NAMED_TWICE: set[str] = set()


def sources(*folders: str) -> list[Path]:
    return [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if "versions" not in path.parts
    ]


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a module, in parts; it is read once for all tests."""
    return list(ast.walk(ast.parse(path.read_text())))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Length without the docstring: a data sheet may be as long as it needs."""
    doc = ast.get_docstring(node, clean=False)
    return (node.end_lineno or 0) - node.lineno + 1 - (doc.count("\n") + 1 if doc else 0)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_modules_are_rooms_not_halls():
    long = {name(p): n for p in sources(*PACKAGES) if (n := p.read_text().count("\n")) > LONGEST_MODULE}
    assert not long


def test_functions_fit_on_a_screen():
    long = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in sources(*PACKAGES)
        for node in functions(path)
        if lines_of_code(node) > LONGEST_FUNCTION
    ]
    assert not long


def test_tests_are_short():
    long = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in sources("tests")
        for node in functions(path)
        if node.name.startswith("test_") and lines_of_code(node) > LONGEST_TEST
    ]
    assert not long


def times_named(path: Path) -> Counter[str]:
    """Count how often a module names something of its own."""
    read = [node for node in nodes(path) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    return Counter(node.id for node in read) + Counter(n.attr for n in nodes(path) if isinstance(n, ast.Attribute))


def test_private_functions_earn_their_names():
    """One that is called once exists only if it names an idea; steps and relays are part of what calls them."""
    once, count = [], 0
    for path in sources(*PACKAGES):
        named = times_named(path)
        private = [each for each in functions(path) if re.match("_[^_]", each.name)]
        once += [f"{name(path)}:{each.lineno} {each.name}" for each in private if named[each.name] == 1]
        count += len(private)
    assert len(once) <= CALLED_ONCE * count, f"{len(once)} of {count}: " + ", ".join(once)


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [a.arg for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
    return len([given for given in names if given not in ("self", "cls")])


def test_parameters_are_few():
    """Commands are asked by name on the command line; everything else takes at most six things."""
    declares_every_field_word_by_word = "engine/flex/facts.py described"
    many = {
        f"{name(path)} {node.name}"
        for path in sources(*PACKAGES)
        for node in functions(path)
        if parameters(node) > MOST_PARAMETERS
        and not any("click" in ast.unparse(decorator) for decorator in node.decorator_list)
    }
    assert many <= {declares_every_field_word_by_word}


def test_no_assert_where_users_are():
    """An assert disappears with python -O and tells nobody the way out; promises to plugin authors are asserts."""
    found = [
        f"{name(path)}:{node.lineno}"
        for path in sources(*PACKAGES)
        if name(path) != "engine/testing.py"
        for node in nodes(path)
        if isinstance(node, ast.Assert)
    ]
    assert not found


def test_no_room_for_odds_and_ends():
    odd = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert not [name(path) for path in sources(*PACKAGES, "tests") if path.stem in odd]


def imported_by(code: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after some code."""
    tell = f"{code}\nimport sys; print(' '.join({{n.split('.')[0] for n in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(run.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", [[], ["add"], ["show"]])
def test_help_imports_nothing_heavy(words):
    code = f"from app.cli.main import main\ntry: main({[*words, '--help']!r})\nexcept SystemExit: pass"
    assert not imported_by(code) & HEAVY


def test_scheduling_does_without_pandas_and_units():
    assert not imported_by("import engine.schedulers.storage_scheduler") & {
        "pandas",
        "pint",
        "sqlalchemy",
        "panel",
        "numba",
    }


def test_a_server_starts_without_what_only_some_requests_need():
    needless = {"pandas", "scipy", "pint", "altair", "holoviews", "statsmodels", "pyomo", "panel_material_ui", "numba"}
    assert not imported_by("import app.web.server") & needless


def test_every_command_can_be_loaded():
    from app.cli.main import COMMANDS, CommandGroup, cli

    def load(group: CommandGroup, at: object) -> None:
        for word, entry in group.entries.items():
            command = at.get_command(None, word)
            assert command is not None and command.name == word
            if isinstance(entry, CommandGroup):
                load(entry, command)

    load(COMMANDS, cli)


GUARDED_ROWS = {"Sensor", "Asset", "Source", "Account", "User", "AccessKey"}
BY_ID_OF_OUR_OWN = {
    # where rows are got by an id, but by none that a user wrote into what is computed
    "app/jobs/principal.py principal": "the user of a job",
    "app/jobs/triggers/automations.py acting": "the user of an automation",
    "app/jobs/handlers/ingest.py save": "the source of who posted, noted by us",
    "app/jobs/handlers/ingest.py posted_saver": "the same, as it holds save",
    "app/jobs/recovery.py expire_beliefs": "every sensor, for the host",
    "app/jobs/handlers/flexmeasures_import.py": "the host at a terminal names it",
    "app/jobs/watch/watch.py": "every sensor, for the host",
    "app/assemble/files/export.py": "names of the sources of sensors that the principal may read",
    "app/assemble/site/site.py _bring_sensors": "kept by the session only; each is asked for before it is used",
}


def rows_got(path: Path) -> Iterator[str]:
    """Give the functions of a module that get rows of users by an id or a condition of their own."""
    for function in functions(path):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            named = {node.id for each in call.args for node in ast.walk(each) if isinstance(node, ast.Name)}
            listing = ast.unparse(call.func) in {"listing.sensors", "sensors.bring"}
            if listing or (called in {"get", "get_one", "select", "query", "scalar"} and named & GUARDED_ROWS):
                yield f"{name(path)} {function.name}"


def test_only_references_turn_an_id_of_a_user_into_a_row():
    """Rights are checked where a reference is resolved: what is computed for users gets its rows from there."""
    found = {each for path in sources("app/assemble", "app/jobs") for each in rows_got(path)}
    allowed = set(BY_ID_OF_OUR_OWN)
    strange = {each for each in found if each not in allowed and each.split()[0] not in allowed}
    assert not strange, f"Resolve these with app.auth.access.references.References: {sorted(strange)}"
    assert not {each for each in allowed if not any(got.startswith(each) for got in found)}, "no longer needed"


def rooms() -> Iterator[Path]:
    """Give every folder with modules."""
    yield from sorted({path.parent for path in sources(*PACKAGES)})


def test_a_room_can_be_looked_over():
    files = {name(room): len(list(room.glob("*.py"))) - 1 for room in rooms()}
    assert {room: number for room, number in files.items() if number > MOST_FILES} == {}


def test_every_room_says_what_it_is_for():
    silent = [name(room) for room in rooms() if not ast.get_docstring(ast.parse((room / "__init__.py").read_text()))]
    assert silent == []


def test_no_class_is_named_twice():
    places: dict[str, list[str]] = defaultdict(list)
    for path in sources(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name(path))
    assert {key for key, where in places.items() if len(where) > 1} == NAMED_TWICE


def public(path: Path) -> Iterator[str]:
    """Give the public names of a module: its own, those of functions, classes and constants, and of their members."""
    yield path.stem
    bodies = [ast.parse(path.read_text()).body]
    for node in (node for body in bodies for node in body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            bodies.append(node.body)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def says_nothing(word: str) -> bool:
    """Return whether one of the words of a public name names nothing."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower().split("_")
    ours = word not in WORDS_OF_THE_FIELD and not word.startswith(("_", "test_", OF_FLEXMEASURES))
    return ours and bool(SAY_NOTHING & set(words))


def test_public_names_say_something():
    everything = sources(*PACKAGES, "tests", "benchmarks")
    empty = {f"{name(path)} {word}" for path in everything for word in public(path) if says_nothing(word)}
    assert empty - TO_BE_NAMED == set(), "Name them by what they are; see docs/glossary.md."
    assert TO_BE_NAMED - empty == set(), "no longer needed"
