"""Hooks by which live parts stand inside pages, against the library as it is installed."""

from bokeh.document import Document
from panel.io.server import DocHandler, per_app_patterns

from app.platform_hooks import page_hooks
from app.web.page_handler import PageHandler


def test_pages_are_answered_by_a_handler_of_ours() -> None:
    before = list(per_app_patterns)
    assert DocHandler in [kind for _, kind in before], "Panel answers otherwise now: the hook must follow"
    try:
        page_hooks.show_pages_by(PageHandler)
        assert [kind for _, kind in per_app_patterns if issubclass(kind, DocHandler)] == [PageHandler]
    finally:
        per_app_patterns[:] = before


def test_the_scripts_of_live_parts_are_known_and_served_here() -> None:
    names = [address.rpartition("/")[2].partition("?")[0] for address in page_hooks.library()]
    assert {"bokeh.min.js", "panel.min.js"} <= set(names)
    assert all(address.startswith("/static/") for address in page_hooks.library())


def test_a_document_tells_the_page_around_it_what_changes() -> None:
    document = Document()
    assert page_hooks.shared_state(document) == {"search": ""}
    page_hooks.begin(document, heading="Asset", at="/assets")
    page_hooks.share(document, heading="Canal house")
    assert page_hooks.shared_state(document)["heading"] == "Canal house"
    assert document.get_model_by_name(page_hooks.NAME).data["heading"] == ["Canal house"]
