"""Each hook into Panel, against the library as it is installed: a release that changes it fails here first."""

from types import SimpleNamespace

import panel as pn
import pytest
from bokeh.document import Document
from panel.io.resources import CDN_DIST, LOCAL_DIST
from panel.io.server import LoginUrlMixin
from panel.io.state import set_curdoc

from app.platform_hooks import panel_hooks


def addresses() -> list[str]:
    """Return where the style sheets of a pane come from."""
    return [sheet.url for sheet in pn.pane.HTML("text").get_root(pn.state.curdoc).stylesheets if hasattr(sheet, "url")]


def test_resources_come_from_the_server_where_panel_names_a_host_on_the_internet() -> None:
    with set_curdoc(Document()):
        assert any(url.startswith(CDN_DIST) for url in addresses()), "Panel does so no more: the hook can go"
    with set_curdoc(Document()):
        panel_hooks.serve_own_resources()
        assert addresses() and all(url.startswith(LOCAL_DIST) for url in addresses())


class Login(LoginUrlMixin):
    """A page of Panel that somebody who is not signed in asks for."""

    def __init__(self, path: str) -> None:
        provider = SimpleNamespace(get_login_url=panel_hooks.login_address)
        self.application, self.request = (
            SimpleNamespace(prefix="/ems", auth_provider=provider),
            SimpleNamespace(path=path),
        )


@pytest.mark.parametrize(
    ("path", "address"), [("/ems/assets", "./../ems/login"), ("/ems/assets/3", "./../../ems/login")]
)
def test_the_sign_in_page_is_found_from_any_page(path: str, address: str) -> None:
    assert Login(path).get_login_url() == address
