"""A server with a real mail server beside it, and people who sign in."""

import shutil
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from db.base import Database
from tests.conftest import COUNT, create_database
from tests.http import serving
from tests.postgres import free_port


class Box:
    """Keeps the mails it is sent."""

    def __init__(self) -> None:
        self.port, self.mails = free_port(), list[EmailMessage]()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as aiosmtpd calls it
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 taken"


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """A mail server and what it got."""
    box = Box()
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    yield box
    server.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def people(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The users and assets of the tests over HTTP, in a database of their own for each module."""
    if request.param == "sqlite":
        yield from _populated(_copy(request.getfixturevalue("sqlite_template"), tmp_path_factory))
    else:
        template = request.getfixturevalue("postgres_template")
        yield from _populated(create_database(template, f"people{next(COUNT)}", "template_empty"))


@pytest.fixture(scope="module")
def sqlite_people(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same on SQLite only, for what does not depend on the database."""
    yield from _populated(_copy(sqlite_template, tmp_path_factory))


def _copy(template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("people") / "flexscope.db"
    shutil.copy(template, file)
    return f"sqlite:///{file}"


def _populated(url: str) -> Iterator[Database]:
    opened = Database(url)
    serving.populate(opened)
    yield opened
    opened.close()
