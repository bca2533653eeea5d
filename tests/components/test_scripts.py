"""JavaScript stands in files of its own, and browsers can read it."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from components.scripts import Script

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(file for folder in ("app", "components") for file in (ROOT / folder).rglob("*.js"))
STATEMENT = re.compile(r"=>|\b(const|let) \w+ =|\bdocument\.|\bwindow\.\w|\bfunction\b.*\{|\bcb_obj\b.*=", re.DOTALL)
READ = """async (text) => {
  const address = URL.createObjectURL(new Blob([text], {type: "text/javascript"}))
  try { return Object.keys(await import(address)) } catch (error) { return `${error}` }
}"""


def texts(path: Path) -> list[str]:
    """Return the texts of a Python module that are no docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    said = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    values = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in said]
    return [node.value for node in values if isinstance(node.value, str)]


def test_no_python_text_is_a_script():
    modules = [path for folder in ("app", "components") for path in (ROOT / folder).rglob("*.py")]
    scripts = {str(path.relative_to(ROOT)) for path in modules if any(STATEMENT.search(text) for text in texts(path))}
    assert scripts == {"components/scripts.py"}, (
        "Write them into a .js file beside the module; see components/scripts.py."
    )


def test_a_call_has_the_functions_and_no_comments(tmp_path: Path):
    file = tmp_path / "unit.py"
    file.with_suffix(".js").write_text(
        '// @ts-check\n\n/** Twice.\n * @param {number} x */\nexport const twice = (x) => 2 * x  // "//"\n'
    )
    code = Script(str(file)).call("twice", "tick")
    assert code == 'return (() => {\nconst twice = (x) => 2 * x  // "//"\nreturn twice\n})()(tick)'


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_an_editor_checks_the_types_of_a_script(file: Path):
    lines = file.read_text().splitlines()
    assert lines[0] == "// @ts-check"
    assert len(lines) <= 150 and max(map(len, lines)) <= 120
    assert not re.search(r"\bvar |[^=!]==[^=]|!=[^=]", file.read_text().replace("== null", "").replace("!= null", ""))


@pytest.mark.browser
def test_browsers_can_read_every_script(browser: Any):
    page = browser.new_page()
    page.goto("about:blank")
    read = {file.name: page.evaluate(READ, file.read_text()) for file in SCRIPTS}
    page.close()
    assert {name: problem for name, problem in read.items() if isinstance(problem, str)} == {}
    assert all(read.values()), "a script exports what is called from outside"


@pytest.mark.browser
def test_a_function_does_not_hide_what_bokeh_hands_over_by_the_same_name(browser: Any, tmp_path: Path):
    file = tmp_path / "unit.py"
    file.with_suffix(".js").write_text(
        "export function ticks() {}\nexport function most(all) { return Math.max(...all) }\n"
    )
    page = browser.new_page()
    assert page.evaluate(f"(ticks) => {{ {Script(str(file)).call('most', 'ticks')} }}", [1, 3, 2]) == 3
    page.close()
