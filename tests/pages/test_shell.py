"""What every page has, made without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from app import running
from app.fragments.frame import Frame
from app.platform_hooks import page_hooks
from app.running import Running
from app.settings import settings
from app.widgets.async_content import plain
from app.widgets.layout import remember
from db.core.database import Database


@pytest.fixture
def serving(sqlite_url: str, tmp_path: Path) -> Iterator[None]:
    """A process that could serve."""
    database = Database(sqlite_url)
    configured = settings.load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXSCOPE_PATH_PREFIX": "/ems"})
    running.begin(Running.on(configured, database))
    yield
    database.close()


def test_links_lead_to_where_the_server_is_mounted(serving: None):
    assert [entry["href"] for entry in Frame.of(None).entries][:2] == ["/ems/dashboard", "/ems/assets"]


def test_what_changes_together_is_remembered_in_the_address():
    document = Document()
    page_hooks.begin(document, heading="Assets", at="/assets")
    with set_curdoc(document):
        remember(search="solar", sort="Name")
        assert page_hooks.shared_state(document)["search"] == "?search=solar&sort=Name"
        remember(search="")
        assert page_hooks.shared_state(document)["search"] == "?sort=Name"


def test_names_are_shown_as_they_stand():
    assert plain("<b>*x*</b> [1](2)") == r"&lt;b&gt;\*x\*&lt;/b&gt; \[1\](2)"
