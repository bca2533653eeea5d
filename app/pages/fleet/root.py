"""The page at /: the one the settings name for the account of the user, else the dashboard."""

import logging
from importlib import import_module

from app.auth.login.sessions import current_user
from app.pages.routes import PAGES
from app.settings.appearance import applicable
from app.web.context import current
from app.widgets.layout import Shell

LOG = logging.getLogger(__name__)
DASHBOARD = "/dashboard"


def view() -> Shell:
    """Return the page."""
    who = current_user()
    wanted = applicable(current().settings.FLEXMEASURES_ROOT_VIEW, who.account_roles if who else ())
    path = f"/{wanted[0].strip('/')}" if wanted else DASHBOARD
    if path not in PAGES or path == "/":
        LOG.warning("FLEXMEASURES_ROOT_VIEW: there is no page %s; the dashboard is shown", path)
        path = DASHBOARD
    module, _, function = PAGES[path].partition(":")
    made: Shell = getattr(import_module(module), function)()
    return made
