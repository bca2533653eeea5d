"""Answers requests for pages: a whole document at first, afterwards only what stands inside the frame."""

import gzip
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

import panel as pn
from sqlalchemy.orm import Session
from tornado.web import HTTPError

from app.auth.access.identity import SignedIn
from app.fragments import frame, threads
from app.fragments.fields import problems, read_field
from app.fragments.page import Confirmation, Done, PageForm, TextPage
from app.fragments.templates import digest, note
from app.fragments.visit import Fragment, Visit, address
from app.login import cookies
from app.login.sessions import current_user
from app.pages.routes import PATTERN, page_at
from app.platform_hooks import page_hooks
from app.running import current
from app.usecases.inputs import Invalid, refuse_unkeepable
from engine.errors import EngineError, FieldError

LOG = logging.getLogger(__name__)
QUICK = 3
"""Level of compression of arrays, of which better ones hardly make less."""
FAILED = "Something went wrong on the server; its log has the details. Reload the page to try again."


def page_of(path: str, principal: SignedIn | None) -> Any:
    """Page at a path of the server, for somebody: a TextPage, or the function that makes its live part.

    It is imported when somebody first asks for it.
    """
    settings = current().settings
    roles = principal.account_roles if principal else ()
    name = page_at(path.removeprefix(settings.FLEXSCOPE_PATH_PREFIX), settings, roles)
    if name is None:
        raise HTTPError(404)
    module, _, member = name.partition(":")
    return getattr(import_module(module), member)


def live_part() -> Any:
    """Make the document of the live part of the page that is asked for, as a page function of Panel."""
    page = page_of(page_hooks.path_of(pn.state.curdoc), current_user())
    if not isinstance(page, TextPage):
        return page().root
    return page.live().root if page.live else pn.Column()


class PageHandler(page_hooks.LiveHandler):
    """Answers requests for one page."""

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Show the page, in the frame or for the frame."""
        self.set_header("Cache-Control", "no-store")
        # By this header one address answers with a document, or with what stands inside of it.
        self.set_header("Vary", "HX-Request")
        prefix = self.application.prefix
        if prefix and self.request.path == prefix:  # the page at the root, whose links are below it
            self.redirect(f"{prefix}/" + (f"?{self.request.query}" if self.request.query else ""))
            return
        visit = self._visit(*args, **kwargs)
        if visit is not None:
            await self._show(visit)

    async def post(self, *args: Any, **kwargs: Any) -> None:
        """Do what a form or a button of the page asks for, then show the page anew or lead to another one."""
        visit = self._visit(*args, **kwargs)
        if visit is None:
            return
        if "part" in visit.query:
            await self._answer_part(visit)
            return
        try:
            outcome = await self._act(visit)
        except Exception as error:  # whatever it is, the person must know that nothing was saved
            self._refuse(error)
            return
        if isinstance(outcome, Confirmation):
            self._tell("asked", vars(outcome))
            self.set_header("HX-Reswap", "none")
            return
        self._tell("done", {"text": outcome.text, "secret": outcome.secret, "href": outcome.href})
        if outcome.href or outcome.stays:
            # The browser is led elsewhere, or shows itself what has changed: nothing is put in here.
            self.set_header("HX-Reswap", "none")
            return
        await self._show(visit)

    def _visit(self, *args: Any, **kwargs: Any) -> Visit | None:
        """The request, if somebody is signed in; others are led to the login."""
        route = self.keep_route(*args, **kwargs)
        known = cookies.read(self, current())
        # Without a current user the guard need not be asked, who may be busy
        principal = None if self.current_user is None or known is None else current().identities.recall(*known)
        if principal is None:
            wanted = self.request.uri or "/"
            if self._inside and self.request.method == "POST":  # back to the page it was sent from
                wanted = self.request.headers.get("HX-Current-URL", "")
            login = f"{address('/login')}?{urlencode({'next': wanted})}"
            if self._inside:
                self.set_header("HX-Redirect", login)
            else:
                self.redirect(login)
            return None
        query = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        home = current().settings.FLEXSCOPE_PUBLIC_ADDRESS.rstrip("/") or f"http://{self.request.host}"
        session = known[2] if known else ""
        return Visit(
            principal=principal, path=self.request.path, route=route, query=query, home=home + address(""),
            session=session,
        )  # fmt: skip

    @property
    def _inside(self) -> bool:
        """Whether only what stands inside the frame is asked for."""
        return str(self.request.headers.get("HX-Request")) == "true"

    async def _show(self, visit: Visit) -> None:
        page = page_of(visit.path, visit.principal)
        if isinstance(page, TextPage) and visit.query.get("part") in page.parts:
            await self._show_part(visit, page)
            return
        if isinstance(page, TextPage) and visit.query.get("data") in page.data:
            await self._send_data(visit, page.data[visit.query["data"]])
            return
        if isinstance(page, TextPage):
            fragment, at, session = await self._text(visit, page)
        else:
            document, token = await self.live({})
            shown = page_hooks.shared_state(document)
            fragment, at = Fragment(heading=shown["heading"], live={}), shown["at"]
            session = {"token": token, "path": self.request.path}
        inside = frame.page_html(visit, fragment, at=at, session=session)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        if self._inside:
            self.write(inside)
            return
        _ = self.xsrf_token  # Tornado sets the cookie that forms send back when this is first read
        scripts = {"library": page_hooks.library(), "styles": page_hooks.STYLES}
        told: dict[str, Any] = {name: [address(each) for each in known] for name, known in scripts.items()}
        document_html = frame.document_html(
            visit, inside, heading=fragment.heading, dark=frame.is_dark(self.get_cookie(frame.DARK)),
            scripts=told | {"pages": PATTERN.pattern},
        )  # fmt: skip
        self.write(document_html)

    async def _show_part(self, visit: Visit, page: TextPage) -> None:
        """Show one part of a page, unless the browser has seen it as it is."""
        read = page.parts[visit.query["part"]]
        html = await threads.reading(lambda session, principal: read(visit, session, principal), visit.principal)
        seen = digest(html)
        self.set_header("X-Seen", seen)
        if visit.query.get("seen") == seen:
            self.set_status(204)
            return
        self.write(html)

    async def _answer_part(self, visit: Visit) -> None:
        """Show a part of a page in view of what was sent, which is not kept."""
        page = page_of(visit.path, visit.principal)
        try:
            if not isinstance(page, TextPage) or visit.query["part"] not in page.parts:
                raise HTTPError(404)
            sent = read_object(self.get_body_argument("values", "{}"))
            refuse_unkeepable(sent, "form", current().settings)
            await self._show_part(replace(visit, sent=sent), page)
        except EngineError as error:
            self._refuse(error)
            self.set_status(422)

    async def _send_data(self, visit: Visit, read: Callable[[Visit, Session, SignedIn], bytes]) -> None:
        """Send what a script of the page asks for; Tornado adds its ETag, and 304 to who has it already."""

        def compressed(session: Session, principal: SignedIn) -> bytes:
            return gzip.compress(read(visit, session, principal), QUICK, mtime=0)

        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Encoding", "gzip")
        self.write(await threads.reading(compressed, visit.principal))

    async def _text(self, visit: Visit, page: TextPage) -> tuple[Fragment, str, dict[str, str] | None]:
        """Read and show a page of HTML; what cannot be shown is told in its place."""
        try:
            fragment = await threads.reading(
                lambda session, principal: page.show(visit, page.read(visit, session, principal)), visit.principal
            )
        except Exception as error:  # a page that says nothing looks as if it were still at work
            fragment = Fragment(heading=page.heading, body=note(sentence(error), "warning"))
        session = None
        if fragment.live is not None:
            _document, token = await self.live(fragment.live)
            session = {"token": token, "path": self.request.path}
        return fragment, page.at, session

    async def _act(self, visit: Visit) -> Done | Confirmation:
        page, word = page_of(visit.path, visit.principal), visit.query.get("do", "")
        if not isinstance(page, TextPage):
            raise HTTPError(405)
        forms = await threads.reading(
            lambda session, principal: page.forms(visit, page.read(visit, session, principal)), visit.principal
        )
        if word not in forms:
            raise EngineError("This is not offered here any more; reload the page.")
        form = forms[word]
        values = read_values(form, self.get_body_argument("values", "{}"))
        if form.confirm is not None and not self.get_body_argument("agreed", ""):
            return await form.confirm(visit, values)
        return await form.send(visit, values)

    def _refuse(self, error: Exception) -> None:
        """Tell what is wrong, at the fields it is about; what was typed stays as it is."""
        self.set_header("HX-Reswap", "none")
        self._tell("refused", {"text": sentence(error), "fields": problems(error)})

    def _tell(self, event: str, detail: dict[str, Any]) -> None:
        """Tell the browser something beside what it shows; headers are ASCII."""
        self.set_header("HX-Trigger", json.dumps({event: detail}))


def sentence(error: Exception) -> str:
    """Sentence for an error: that of our own errors; the log has the others."""
    if isinstance(error, EngineError):
        return str(error)
    LOG.error("A page could not be shown, or something not be done.", exc_info=error)
    return FAILED


def read_object(text: str) -> dict[str, Any]:
    """Values by name that a browser sent as JSON.

    Raises:
        Invalid: It is something else.
    """
    try:
        sent = json.loads(text)
    except json.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise Invalid("form", {"values": ["this is no JSON object."]})
    return sent


def read_values(form: PageForm, text: str) -> dict[str, Any]:
    """Values of a form that a browser sent as JSON, by name.

    Raises:
        Invalid: Some cannot be read.
    """
    sent = read_object(text)
    known = {field.name: field for field in form.fields}
    values: dict[str, Any] = {name: value for name, value in sent.items() if name not in known} if not known else {}
    wrong: dict[str, list[str]] = {}
    for name, field in known.items():
        if name not in sent:
            continue
        try:
            values[name] = read_field(field, sent[name])
        except FieldError as error:
            wrong[name] = [error.problem]
    if wrong:
        raise Invalid("form", wrong)
    return {name: value for name, value in values.items() if value not in (None, "") or not form.whole}
