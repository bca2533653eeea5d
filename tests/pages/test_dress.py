"""What the settings of the face do to pages, one by one, and what an account says of its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import running
from app.auth.access.identity import SignedIn
from app.fragments.frame import Frame
from app.pages.fleet.dashboard import type_group
from app.pages.routes import PAGES, page_at, start_path
from app.pages.sensor.statistics_tab import number_text
from app.running import Running
from app.settings import settings
from components.theme import material, text_colour_on
from db.core.database import Database

ANN = SignedIn(id=1, email="", username="ann", account_id=1, roles=frozenset(), timezone="UTC")
Serve = Callable[..., None]
looking: list[SignedIn] = []
"""Who looks at pages."""


def frame() -> Frame:
    return Frame.of(looking[0])


@pytest.fixture
def serve(sqlite_url: str, tmp_path: Path) -> Iterator[Serve]:
    """Begins a process with some settings; who looks at pages is of an account with some roles and looks."""
    database = Database(sqlite_url)

    def begin(roles: tuple[str, ...] = (), looks: dict[str, str] | None = None, **given: str) -> None:
        configured = settings.load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXSCOPE_PATH_PREFIX": "/ems", **given})
        running.begin(Running.on(configured, database))
        who = replace(ANN, account_roles=frozenset(roles), looks=looks or {})
        looking[:] = [who]

    yield begin
    database.close()


def menu(name: str) -> list[str]:
    return [item[name] for item in frame().entries]


def test_the_name_may_depend_on_the_kind_of_account(serve: Serve):
    serve(("Prosumer",), FLEXMEASURES_PLATFORM_NAME="[('Windy', ['Prosumer']), 'Sunny']")
    assert frame().name == "Windy"
    serve(FLEXMEASURES_PLATFORM_NAME="[('Windy', ['Prosumer']), 'Sunny']")
    assert frame().name == "Sunny"


def test_logo_and_style_sheet_are_meant_from_the_root_of_the_server(serve: Serve):
    serve(FLEXMEASURES_MENU_LOGO_PATH="public/logo.svg", FLEXMEASURES_EXTRA_CSS_PATH="/public/own.css")
    assert frame().look.logo == "/ems/public/logo.svg"
    assert frame().look.sheets == ["/ems/public/own.css"]


def test_an_account_has_its_own_logo_and_colours_but_nothing_from_elsewhere(serve: Serve):
    serve(looks={"logo_url": "/public/own.svg", "primary_color": "#ffcc00", "secondary_color": "#c2410c"})
    look = frame().look
    assert look.logo == "/ems/public/own.svg"
    assert material(look.main, look.second)["light"]["palette"] == {
        "primary": {"main": "#ffcc00"},
        "secondary": {"main": "#c2410c"},
    }
    assert text_colour_on(look.main) == "#10202b"
    serve(looks={"logo_url": "https://elsewhere.example/x.svg", "primary_color": "red;"})
    assert (frame().look.logo, frame().look.main) == ("", "")


def test_the_menu_lists_what_is_listed_for_the_account_under_its_own_names(serve: Serve):
    listed = {
        "FLEXMEASURES_MENU_LISTED_VIEWS": "['assets', ('users', ['ESCo']), 'my-plugin', 'status']",
        "FLEXMEASURES_MENU_LISTED_VIEW_TITLES": "{'assets': 'Sites'}",
        "FLEXMEASURES_MENU_LISTED_VIEW_ICONS": "{'assets': 'bolt'}",
    }
    serve(**listed)
    assert menu("label") == ["Sites", "My-plugin"]
    assert menu("icon")[0] == "bolt"
    serve(("ESCo",), **listed)
    assert menu("href") == ["/ems/assets", "/ems/users", "/ems/my-plugin"]


@pytest.mark.parametrize(("roles", "path"), [((), "/assets"), (("ESCo",), "/users"), (("MDC",), "/dashboard")])
def test_the_start_page_is_the_one_named_for_the_account(roles: tuple[str, ...], path: str):
    named = settings.load({"FLEXMEASURES_ROOT_VIEW": "[('users', ['ESCo']), ('nowhere', ['MDC']), 'assets']"})
    assert start_path(named, roles) == path
    assert page_at("/", named, roles) == PAGES[path]


def test_help_and_terms_are_offered_to_users(serve: Serve):
    serve(FLEXMEASURES_SUPPORT_PAGE="https://help.example.org", FLEXMEASURES_TOS_PAGE="/public/terms.html")
    items = frame().links
    assert [item["label"] for item in items] == ["My profile", "Help", "Terms of service", "Log out"]
    assert [item["href"] for item in items[1:3]] == ["https://help.example.org", "/ems/public/terms.html"]


def test_groups_of_types_are_those_of_the_settings(serve: Serve):
    serve()
    assert [type_group(kind) for kind in ("solar", "two-way_evse", "battery")] == ["Renewables", "EVSE", "Battery"]
    serve(FLEXMEASURES_ASSET_TYPE_GROUPS="{'stores': ['battery']}")
    assert [type_group(kind) for kind in ("solar", "battery")] == ["Solar", "Stores"]


def test_missing_numbers_may_leave_their_place_empty(serve: Serve):
    serve()
    assert number_text(float("nan")) == "nan"
    serve(FLEXMEASURES_HIDE_NAN_IN_UI="true")
    assert number_text(float("nan")) == ""
    assert number_text(1234.5) == "1,234"
