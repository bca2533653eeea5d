"""The web server: pages, REST API and static files as one Tornado application on one port."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import panel as pn
from bokeh.server.server import Server
from tornado.routing import PathMatches, Rule
from tornado.web import RedirectHandler, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketClosedError

import components
from app import logs, running
from app.api.http.service import Service
from app.api.routes import patterns
from app.auth.protection import refusing
from app.auth.protection.headers import log_request, protecting
from app.jobs.queue import Ticker
from app.login import cookies
from app.login.forms import STATIC
from app.login.login import CodePage, Login, Logout
from app.login.new_email import ChangeEmail, ConfirmEmail
from app.login.oauth2 import TokenEndpoint
from app.login.oidc import Depart, Return
from app.login.reset import ChangePassword, Forgot, Reset
from app.login.sessions import CarryUser, Guard, Sweep
from app.opening import opened
from app.pages.routes import PAGES, is_page
from app.platform_hooks import bokeh_hooks, page_hooks, panel_hooks, tornado_hooks
from app.running import Running
from app.settings.settings import Settings
from app.web import connections
from app.web.metrics import ANSWERED, Metrics
from app.web.missing_page import MissingPage
from app.web.page_handler import PageHandler, live_part
from app.web.warm_up import warm_up
from app.widgets import initial_load
from engine.errors import InputError

LOG = logging.getLogger(__name__)
COMPONENTS = Path(components.__file__).parent
"""Folder of the components, whose scripts pages load."""
PATIENCE = 8.0
"""How long requests in flight may take once the server is told to stop [s]."""
SEEN_EVERY = 30.0
"""How often the times at which users were last seen are saved [s]."""
SWITCH = 0.0005
"""How long a thread may compute while others, the event loop above all, wait for their turn [s]; Python's is ten times
that, and pages answer late while the API computes."""
COLLECTED = (50_000, 10, 10)
"""Thresholds of Python's garbage collector: a page makes some hundred thousand objects, few of which are garbage."""
SLASH_AT_END = r"/((?!api/)[\w-]+(?:/[\w-]+)*)/$"  # not /.+/$, which would lead //evil.example/ out of the site


def build(process: Running, *, host: str, port: int) -> tuple[Server, Service]:
    """Make the server, which listens but does not answer yet, and the service of the API."""
    settings, service = process.settings, Service(process)
    pn.extension()
    bokeh_hooks.wait_before_opening(initial_load.wait)
    panel_hooks.send_messages_in_order()
    page_hooks.show_pages_by(PageHandler)
    pages = dict.fromkeys(PAGES, live_part)
    server = pn.serve(
        pages,
        address=host,
        port=port,
        show=False,
        start=False,
        verbose=False,
        title=settings.platform_name(),
        location=False,
        prefix=settings.FLEXSCOPE_PATH_PREFIX,
        extra_patterns=[*patterns(service), *public_patterns(process)],
        auth_provider=Guard(process),
        cookie_secret=process.secret,
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"samesite": "Lax", "secure": cookies.is_secure(settings)},
        compress_response=True,
        include_cookies=["flexscope_dark"],  # all others, the session's above all, would stand in the page's source
        include_headers=["Host", "User-Agent", "Accept-Language"],
        log_function=log_and_count,
        websocket_origin=origins(settings, host, port),
        http_server_kwargs=connections.options(settings),
    )
    application = bokeh_hooks.application(server)
    connections.SlowClientGuard(bokeh_hooks.http_server(server), application, settings).start()
    bokeh_hooks.add_to_pages(server, CarryUser(process))
    application.settings |= {"default_handler_class": MissingPage, "default_handler_args": {"running": process}}
    tornado_hooks.transform_first(application, protecting(settings, is_page))
    slash = Rule(PathMatches(SLASH_AT_END), RedirectHandler, {"url": settings.FLEXSCOPE_PATH_PREFIX + "/{0}"})
    tornado_hooks.route_first(application, [*refusing.rules(settings), slash])
    return server, service


def public_patterns(process: Running) -> list[Any]:
    """Routes that need no sign-in, beside those of the API."""
    return [
        (r"/login", Login, {"running": process}),
        (r"/login/code", CodePage, {"running": process}),
        (r"/login/oidc/([\w-]+)", Depart, {"running": process}),
        (r"/login/oidc/([\w-]+)/callback", Return, {"running": process}),
        (r"/oauth/token", TokenEndpoint, {"running": process}),
        (r"/logout", Logout, {"running": process}),
        (r"/forgot-password", Forgot, {"running": process}),
        (r"/reset-password", Reset, {"running": process}),
        (r"/change-password", ChangePassword, {"running": process}),
        (r"/change-email", ChangeEmail, {"running": process}),
        (r"/confirm-email", ConfirmEmail, {"running": process}),
        (r"/metrics", Metrics, {"running": process}),
        (r"/assets-static/(.*)", StaticFileHandler, {"path": str(STATIC)}),
        (r"/scripts/(\w+/\w+\.js)", StaticFileHandler, {"path": str(COMPONENTS)}),
        (r"/public/(.*)", StaticFileHandler, {"path": str(process.settings.FLEXSCOPE_INSTANCE_PATH / "public")}),
    ]


def log_and_count(handler: RequestHandler) -> None:
    """Log and count an answer."""
    log_request(handler)
    ANSWERED.note(handler)


def origins(settings: Settings, host: str, port: int) -> list[str]:
    """Hosts whose pages may open a websocket."""
    names = {"localhost", "127.0.0.1", socket.gethostname(), host} - {""}
    return sorted(f"{name}:{port}" for name in names) + settings.FLEXSCOPE_ALLOWED_ORIGINS


def log_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error on the event loop; a page that is closed while it gets a message is none."""
    if not isinstance(context.get("exception"), WebSocketClosedError):
        loop.default_exception_handler(context)


def freeze_garbage_collector() -> None:
    """Search what lives as long as the process no more for garbage, which takes 0.2 s each time."""
    gc.collect()
    gc.set_threshold(*COLLECTED)
    gc.freeze()


def serve(settings: Settings, *, host: str, port: int, started: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are answered before the end, plans with the best one found.

    Args:
        settings: Of this process.
        host: Address to listen at.
        port: Port to listen at.
        started: Called once the server listens.

    Raises:
        EngineError: A setting is missing, or the server cannot listen at the port.
    """
    logs.begin(settings)
    sys.setswitchinterval(SWITCH)
    process = Running.on(settings, opened(settings))
    running.begin(process)
    try:
        server, service = build(process, host=host, port=port)
    except OSError as error:
        raise InputError(f"Cannot listen at {host}:{port} ({error.strerror}); choose another --port.") from None
    loop = server.io_loop

    async def drain() -> None:
        process.queue.end_plans()  # first: requests that compute a plan are in flight as well
        bokeh_hooks.http_server(server).stop()
        until = loop.time() + PATIENCE
        while service.in_flight and loop.time() < until:
            await asyncio.sleep(0.05)
        loop.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.asyncio_loop.add_signal_handler(number, lambda: loop.asyncio_loop.create_task(drain()))
    loop.asyncio_loop.set_exception_handler(log_loop_error)
    server.start()
    Sweep(bokeh_hooks.application(server), process).start()
    process.queue.start()
    seen = Ticker("last-seen", SEEN_EVERY, process.identities.note_seen, wait_first=True)
    seen.start()
    freeze_garbage_collector()
    started()
    Thread(target=warm_up, name="warm-up", daemon=True).start()
    LOG.info("Process %s serves http://%s:%s%s", os.getpid(), host, port, settings.FLEXSCOPE_PATH_PREFIX)
    loop.start()
    server.stop()
    service.close()
    process.queue.stop()  # before the database: workers save what they are at
    seen.stop()
    process.identities.note_seen()  # once more, for whom the last round did not see
    process.limits.close()
    process.database.close()
