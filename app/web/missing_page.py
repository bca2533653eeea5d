"""Answers requests for what is not there: in the frame of pages for who is signed in, else with a way to sign in."""

from app.auth.protection.headers import policy_of_styled
from app.fragments import frame
from app.fragments.templates import render
from app.fragments.visit import Fragment, Visit
from app.login import cookies
from app.login.forms import FormPage, LoginForm

HEADING = "Page not found"
NO_PAGES = "$^"
"""Expression that fits no path: links of this document load another one, as its policy is not that of pages."""


class MissingPage(FormPage):
    """Answers with status 404, whatever was asked for."""

    async def prepare(self) -> None:
        """See RequestHandler; there is nothing behind any method."""
        known = cookies.read(self, self.running)
        principal = await self.off_loop(self.principal_of, known, pool="page") if known else None
        if principal is None or self.request.method not in ("GET", "HEAD"):
            lead = "There is nothing at this address."
            self.show(LoginForm(heading=HEADING, lead=lead, links=(("Go to the start page", "/"),)), status=404)
            self.finish()
            return
        self.set_status(404)
        visit = Visit(principal=principal, path=self.request.path)
        fragment = Fragment(heading=HEADING, body=render("missing", path=self.request.path))
        inside = frame.page_html(visit, fragment, at="", session=None)
        dark = self.get_cookie(frame.DARK) == "1"
        scripts = {"library": [], "styles": [], "pages": NO_PAGES}
        html = frame.document_html(visit, inside, heading=HEADING, dark=dark, scripts=scripts)
        # The colours of the account stand in the document itself.
        self.set_header("Content-Security-Policy", policy_of_styled(html, self.running.settings))
        self.finish(html)
