"""Components saved as files: a browser without a network shows them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.components.gallery import DRAWN_ON, EXAMPLES, names
from tests.conftest import PATIENCE

pytestmark = pytest.mark.browser

INK = """() => {
  const canvases = (root) => [...root.querySelectorAll("*")].flatMap((part) =>
    part.shadowRoot ? canvases(part.shadowRoot) : part.tagName === "CANVAS" ? [part] : [])
  const shades = (canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    const found = new Set()
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0) found.add(data.slice(i, i + 3).join())
    return found.size
  }
  return Math.max(0, ...canvases(document).filter((canvas) => canvas.width > 0).map(shades))
}"""
"""How many different colours the most colourful canvas holds."""
SAVE = """
import sys
from tests.components.gallery import EXAMPLES
for name, made in EXAMPLES.items():
    made().save(f"{sys.argv[1]}/{name}.html")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a file for each component, written as a notebook would: without what our pages load."""
    folder = tmp_path_factory.mktemp("saved")
    command = [sys.executable, "-c", SAVE, str(folder)]
    subprocess.run(command, check=True, env=os.environ, cwd=Path(__file__).parents[2])
    return folder


def test_there_is_an_example_of_every_component():
    assert set(EXAMPLES) == names()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_saved_file_needs_no_network(browser: Browser, saved: Path, name: str):
    context = browser.new_context(offline=True)
    context.set_default_timeout(PATIENCE)
    page, wrong = context.new_page(), []
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith(("file:", "data:", "blob:")) or wrong.append(asked.url))
    page.goto((saved / f"{name}.html").as_uri())
    if name in DRAWN_ON:
        page.wait_for_function(f"() => ({INK})() > 8")
    else:
        page.get_by_text("House").first.wait_for()
    context.close()
    assert not wrong, wrong
