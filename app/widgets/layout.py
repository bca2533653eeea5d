"""The live part of a page: components that Python answers, inside the frame of the page (``app.fragments.frame``)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments import branding
from app.fragments.frame import DARK, is_dark
from app.login.sessions import current_user
from app.platform_hooks import page_hooks, panel_hooks
from app.running import current
from app.widgets.async_content import fill, waiting
from components import theme

Result = TypeVar("Result")


def query(name: str) -> str | None:
    """One argument of the page's address, as it is now; None where it is missing."""
    now = parse_qs(page_hooks.shared_state(pn.state.curdoc)["search"].lstrip("?")).get(name)
    return now[0] if now else None


def remember(**shown: Any) -> None:
    """Write what is shown into the page's address, to be reloaded and passed on; empty values are left out."""
    arguments = parse_qs(page_hooks.shared_state(pn.state.curdoc)["search"].lstrip("?"))
    arguments |= {name: [value] for name, value in shown.items()}
    kept = {name: values for name, values in arguments.items() if values[0] not in (None, "")}
    page_hooks.share(pn.state.curdoc, search=f"?{urlencode(kept, doseq=True)}" if kept else "")


def section_heading(text: str) -> pmui.Typography:
    """Heading of a section of a page or a tab."""
    return pmui.Typography(text, variant="h3", sx={"fontSize": "1rem"}, margin=(18, 8, 0, 8))


class Shell:
    """The live part of one page: a body that is filled once its data are read."""

    def __init__(self, heading: str, *, at: str) -> None:
        """Show a placeholder at once.

        Args:
            heading: What the page is about.
            at: Path of the menu entry the page belongs to.
        """
        panel_hooks.serve_own_resources()
        look = branding.branding_of(current_user(), current().settings)
        self._document = pn.state.curdoc
        self._body = pn.Column(waiting(), sizing_mode="stretch_width")
        self.heading, self.at = heading, at
        self.root = pmui.Column(
            self._body, dark_theme=is_dark((pn.state.cookies or {}).get(DARK)), sizing_mode="stretch_width",
            theme_config=theme.material(look.main, look.second),
        )  # fmt: skip
        page_hooks.begin(self._document, heading=heading, at=at)

    def rename(self, heading: str) -> None:
        """Change the heading and the name of the window, once the name of the page's subject is read."""
        self.heading = heading
        page_hooks.share(self._document, heading=heading)

    def follow(self, component: Any) -> None:
        """Let a component be light or dark as the page is, now and when that is toggled."""
        component.dark = self.root.dark_theme
        self.root.param.watch(lambda event: component.param.update(dark=event.new), "dark_theme")

    def fill(self, read: Callable[[Session, SignedIn], Result], show: Callable[[Result], Sequence[Any]]) -> None:
        """Read in a thread as the signed-in user, then show what was read below the heading."""
        fill(self._body, read, show)
