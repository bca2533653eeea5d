"""What every page has: the bar with menu, dark mode and user, a heading, and a body that is filled once read."""

import logging
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.events import DocumentReady
from bokeh.models import CustomJS
from panel_material_ui.template.base import Page
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.login.forms import STATIC
from app.auth.login.sessions import current_user
from app.web.context import current
from app.web.platform_hooks import panel_hooks
from app.widgets import branding
from app.widgets.async_content import fill, later, plain, reading, soon, waiting
from components import theme
from components.scripts import Script
from db.jobs import alerts

LOG = logging.getLogger(__name__)
MENU = [
    {"label": "Dashboard", "icon": "dashboard", "path": "/dashboard"},
    {"label": "Assets", "icon": "electrical_services", "path": "/assets"},
    {"label": "Jobs", "icon": "schedule", "path": "/tasks"},
    {"label": "Alerts", "icon": "notifications", "path": "/alerts"},
    {"label": "Users", "icon": "group", "path": "/users"},
    {"label": "Accounts", "icon": "business", "path": "/accounts"},
    {"label": "Status", "icon": "monitor_heart", "path": "/status"},
]
DARK = "flexscope_dark"
"""Cookie that keeps whether dark mode is on."""
SCRIPT = Script(__file__)
TEMPLATE = STATIC / "page.html"
"""The HTML of every page; what differs is in its variable ``first``."""
HEALTH = "/api/v3_0/health/ready"
"""Answers once the server can serve pages."""
LIGHT_BACKGROUND, DARK_BACKGROUND = "#ffffff", "#121212"
"""Background of a page, as Material has it."""

Result = TypeVar("Result")


def address(path: str) -> str:
    """Path of this server as browsers reach it, behind the prefix of the settings."""
    return f"{current().settings.FLEXSCOPE_PATH_PREFIX}{path}"


def query(name: str) -> str | None:
    """One argument of the page's address, as it is now; None where it is missing."""
    if pn.state.location is not None and pn.state.location.search:
        now = parse_qs(pn.state.location.search.lstrip("?")).get(name)
        return now[0] if now else None
    found = (pn.state.session_args or {}).get(name)
    return found[0].decode() if found else None


def go(href: str) -> None:
    """Lead the browser to another page of this server."""
    if pn.state.location is not None:
        path, _, arguments = href.partition("?")
        pn.state.location.param.update(pathname=path, search=f"?{arguments}" if arguments else "", reload=True)


def remember(**shown: Any) -> None:
    """Write what is shown into the page's address, to be reloaded and passed on; empty values are left out."""
    if pn.state.location is not None:
        arguments = parse_qs(pn.state.location.search.lstrip("?")) | {name: [value] for name, value in shown.items()}
        kept = {name: values for name, values in arguments.items() if values[0] not in (None, "")}
        pn.state.location.search = f"?{urlencode(kept, doseq=True)}" if kept else ""


def remembering(component: Any, *names: str) -> None:
    """Take parameters of a component from the page's address, and write them there when they change."""
    component.param.update(**{name: text for name in names if (text := query(name)) is not None})
    component.param.watch(lambda *events: remember(**{event.name: event.new for event in events}), list(names))


def section_heading(text: str) -> pmui.Typography:
    """Heading of a section of a page or a tab."""
    return pmui.Typography(text, variant="h3", sx={"fontSize": "1rem"}, margin=(18, 8, 0, 8))


class Shell(Page):
    """One page: bar, menu, a heading, and a body that is filled once its data are read."""

    busy_indicator: Any = param.Selector(
        default=None, objects=[None], doc="None: it would be a progress bar without a name."
    )

    def __init__(self, heading: str, *, at: str, **params: Any) -> None:
        """Show the bar and the heading at once.

        Args:
            heading: What the page is about.
            at: Path of the menu entry the page belongs to.
            params: See pmui.Page.
        """
        panel_hooks.serve_own_resources()
        self._body = pn.Column(waiting(), sizing_mode="stretch_width")
        principal = current_user()
        self._entries = _menu(at, principal)
        settings = current().settings
        on_phone = "Mobi" in ((pn.state.headers or {}).get("User-Agent") or "")
        name, look = (
            settings.platform_name(principal.account_roles if principal else ()),
            branding.branding_of(principal, settings),
        )
        super().__init__(
            title=name, site_url=address("/"), main_width=1400, dark_theme=(pn.state.cookies or {}).get(DARK) == "1",
            logo=look.logo or None, css_files=look.sheets, template=TEMPLATE,
            favicon=address("/assets-static/icon.svg"),  # Panel's would be looked for beside the page's new address
            theme_config=theme.material(look.main, look.second),
            sidebar=[self._entries], sidebar_width=230, sidebar_resizable=False, sidebar_open=not on_phone,
            header=[_user_menu(principal)], **params,
        )  # fmt: skip
        panel_hooks.ignore_others(self)
        self._heading, self._bar = heading, theme.bar(look.main, dark=self.dark_theme)
        self._title = pmui.Typography(plain(heading), variant="h2", sx={"fontSize": "1.5rem"}, margin=(16, 8, 4, 8))
        self._title.jscallback({"name": name}, object=SCRIPT.call("nameWindow", "source.object", "name"))
        self._begun = CustomJS(
            code=SCRIPT.call("showPage", "name", "health"), args={"name": self._window, "health": address(HEALTH)}
        )
        self.main = [self._title, self._body]
        path = current().settings.FLEXSCOPE_PATH_PREFIX or "/"
        keep = SCRIPT.call("keepChoice", "name", "source.dark_theme", "path")
        self.jscallback({"name": DARK, "path": path}, dark_theme=keep)
        if pn.state.curdoc is not None:
            soon(self._count_alerts)

    def server_doc(self, doc: Any = None, title: str | None = None, location: Any = True) -> Any:
        """See pmui.Page; the window is named after the page, not only after the platform."""
        made = super().server_doc(doc, self._window, location)
        # The HTML itself shows bar and heading, to be seen before any script has run.
        made.template_variables["first"] = {
            "platform": escape(self.title),
            "heading": escape(self._heading),
            "bar": self._bar,
            "bar_text": theme.text_colour_on(self._bar),
            "background": DARK_BACKGROUND if self.dark_theme else LIGHT_BACKGROUND,
            "text": "#ffffff" if self.dark_theme else "#10202b",
            "library": escape(panel_hooks.library_address(made)),
        }
        made.js_on_event(DocumentReady, self._begun)
        for root in panel_hooks.roots_with(made, "sidebar_open"):
            made.js_on_event(DocumentReady, CustomJS(code=SCRIPT.call("closeMenu", "page"), args={"page": root}))
        return made

    @property
    def _window(self) -> str:
        return f"{self._heading} · {self.title}"

    def rename(self, heading: str) -> None:
        """Change the heading and the name of the window, once the name of the page's subject is read."""
        self._heading = heading
        self._begun.args = {**self._begun.args, "name": self._window}
        self._title.object = plain(heading)

    def follow(self, component: Any) -> None:
        """Let a component be light or dark as the page is, now and when that is toggled."""
        component.dark = self.dark_theme
        self.param.watch(lambda event: component.param.update(dark=event.new), "dark_theme")

    def fill(self, read: Callable[[Session, SignedIn], Result], show: Callable[[Result], Sequence[Any]]) -> None:
        """Read in a thread as the signed-in user, then show what was read below the heading."""
        fill(self._body, read, show)

    async def _count_alerts(self) -> None:
        """Show in the menu how many alerts are open."""
        try:
            count = await reading(
                lambda session, principal: alerts.count_open(session, access.readable_asset_ids(session, principal))
            )
        except Exception:  # the page itself shows what it cannot read
            LOG.info("Alerts are not counted", exc_info=True)
            return
        if not count:
            return
        items = [
            item | {"label": f"{item['label']} ({count})"} if item["href"] == address("/alerts") else item
            for item in self._entries.items
        ]
        later(lambda: self._entries.param.update(items=items))


def _menu(at: str, principal: SignedIn | None) -> pmui.MenuList:
    """Menu of the pages; those that only hosts may see are left out for others."""
    host = principal is not None and bool(principal.roles & {"admin", "admin-reader"})
    allowed = [entry for entry in MENU if host or entry["path"] != "/status"]
    listed = branding.menu(allowed, principal, current().settings)
    entries = [{"label": e["label"], "icon": e["icon"], "href": address(e["path"]), "target": "_self"} for e in listed]
    here = next((i for i, entry in enumerate(listed) if entry["path"] == at), None)
    return pmui.MenuList(items=entries, active=here, sizing_mode="stretch_width", margin=(8, 0))


def _user_menu(principal: SignedIn | None) -> pn.viewable.Viewable:
    items = [{"label": "You", "icon": "person", "href": address("/logged-in-user"), "target": "_self"}]
    items += branding.links(current().settings)
    items += [{"label": "Log out", "icon": "logout", "href": address("/logout"), "target": "_self"}]
    button = pmui.MenuButton(
        label=principal.username if principal else "?", items=items, icon="account_circle", variant="text"
    )
    return pn.Row(pn.HSpacer(), button, sizing_mode="stretch_width")
