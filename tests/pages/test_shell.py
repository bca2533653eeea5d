"""What every page has, built without a browser."""

from collections.abc import Iterator
from pathlib import Path

import panel as pn
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc
from panel.util.parameters import edit_readonly

from app.settings import settings
from app.web import context
from app.web.context import Running
from app.widgets.async_content import plain
from app.widgets.layout import Shell, remembering
from components.tables.row_table import RowTable
from db.core.database import Database


@pytest.fixture
def serving(sqlite_url: str, tmp_path: Path) -> Iterator[None]:
    """A process that could serve."""
    database = Database(sqlite_url)
    configured = settings.load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXSCOPE_PATH_PREFIX": "/ems"})
    context.begin(Running.on(configured, database))
    yield
    database.close()


def test_a_page_is_not_told_what_others_do_and_is_not_kept_by_them(serving: None):
    def watchers() -> int:
        return len(pn.state.param.watchers.get("busy", {}).get("value", []))

    before = watchers()
    with set_curdoc(Document()):
        page = Shell("Assets", at="/assets")
    assert watchers() == before
    with edit_readonly(pn.state):
        pn.state.busy = not pn.state.busy
        assert not page.busy
        pn.state.busy = not pn.state.busy


def test_links_lead_to_where_the_server_is_mounted(serving: None):
    with set_curdoc(Document()):
        page = Shell("Assets", at="/assets")
    assert [item["href"] for item in page.sidebar[0].items][:2] == ["/ems/dashboard", "/ems/assets"]
    assert page.sidebar[0].active in (1, (1,))


def test_what_changes_together_is_remembered_in_the_address():
    with set_curdoc(Document()):
        table = RowTable(columns=["Name"], rows=[])
        remembering(table, "search", "sort")
        table.param.update(search="solar", sort="Name")  # as a busy server reads two changes of the browser
        assert pn.state.location.query_params == {"search": "solar", "sort": "Name"}
        table.search = ""
        assert pn.state.location.query_params == {"sort": "Name"}


def test_names_are_shown_as_they_stand():
    assert plain("<b>*x*</b> [1](2)") == r"&lt;b&gt;\*x\*&lt;/b&gt; \[1\](2)"
