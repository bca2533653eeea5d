"""The notebooks run from top to bottom, and what they show is there."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.components.gallery import names

ROOT = Path(__file__).parents[2]


def test_every_component_works_in_a_notebook():
    notebook = nbformat.read(ROOT / "notebooks" / "components.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    pictures = [cell for cell in shown if any("text/html" in output.get("data", {}) for output in cell.outputs)]
    assert len(pictures) >= 8
    assert {name for name in names() if f"{name}(" not in "".join(cell.source for cell in shown)} == set()
    assert not [output for cell in shown for output in cell.outputs if output.output_type == "error"]


def test_what_if_and_why_in_a_notebook():
    notebook = nbformat.read(ROOT / "notebooks" / "what_if.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    text = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "car is ready at" in text and "in the cheapest plan" in text and "giving way by 1 kWh saves" in text
