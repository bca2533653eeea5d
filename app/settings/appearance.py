"""The settings of what pages look like and show; part of ``app.settings.settings.Settings``."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from app.settings.declaring import setting

DEFAULT_NAME = "Flexscope"
GROUPS = {"renewables": ["solar", "wind"], "EVSE": ["one-way_evse", "two-way_evse"]}


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """Settings of the face; where an entry may be for some accounts only, it is (entry, [account roles])."""

    FLEXMEASURES_PLATFORM_NAME: str | list[Any] = setting(
        DEFAULT_NAME, "Name in headings and titles; or a list of names and (name, [account roles]), the first that fits"
    )
    FLEXMEASURES_MENU_LOGO_PATH: str = setting("", "Address of the logo in the bar; a relative one from the root")
    FLEXMEASURES_EXTRA_CSS_PATH: str = setting(
        "", "Address of a style sheet of all pages; a relative one from the root"
    )
    FLEXMEASURES_ROOT_VIEW: list[Any] = setting(
        [], "Page that / leads to, such as assets; or several as (page, [account roles]), the first that fits"
    )
    FLEXMEASURES_MENU_LISTED_VIEWS: list[Any] = setting(
        [],
        "Entries of the menu, in order, such as dashboard; (page, [account roles]) for some only; empty: all there are",
    )
    FLEXMEASURES_MENU_LISTED_VIEW_ICONS: dict[str, str] = setting({}, "Page: its icon in the menu, of Material Icons")
    FLEXMEASURES_MENU_LISTED_VIEW_TITLES: dict[str, str] = setting({}, "Page: its name in the menu")
    FLEXMEASURES_HIDE_NAN_IN_UI: bool = setting(False, "Whether a missing value leaves its place in tables empty")
    FLEXMEASURES_ASSET_TYPE_GROUPS: dict[str, list[str]] = setting(GROUPS, "Group on the dashboard: its asset types")
    FLEXSCOPE_TILE_URL: str = setting(
        "", "Map tiles, such as https://tiles.example.org/{z}/{x}/{y}.png; empty: the map that comes along, offline"
    )
    FLEXSCOPE_TILE_ATTRIBUTION: str = setting("", "Whom the map tiles are from, as HTML")
    FLEXMEASURES_SUPPORT_PAGE: str = setting("", "Address of help, in the menu of the user; empty: none")
    FLEXMEASURES_TOS_PAGE: str = setting("", "Address of the terms of service, in the menu of the user; empty: none")
    FLEXMEASURES_SIGNUP_PAGE: str = setting("", "Address to ask for an account at, on the login page; empty: none")
    RQ_DASHBOARD_POLL_INTERVAL: int = setting(1000, "Pause between two looks of the pages on jobs [ms]")

    def platform_name(self, roles: Collection[str] = ()) -> str:
        """Return the name for an account with some roles; without any, the one for everybody."""
        given = self.FLEXMEASURES_PLATFORM_NAME
        named = [given] if isinstance(given, str) else applicable(given, roles)
        return named[0] if named else DEFAULT_NAME


def applicable(entries: Sequence[Any], roles: Collection[str]) -> list[str]:
    """Return the entries that hold for an account with some roles, in their order."""
    named = [(each, None) if isinstance(each, str) else each for each in entries]
    return [entry for entry, needed in named if needed is None or set(needed) & set(roles)]
