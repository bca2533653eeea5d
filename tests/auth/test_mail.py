"""Mail reaches a real server, and what cannot be sent is told with the way out."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.mail import NotSent, send
from app.settings import load
from tests.postgres import free_port


class Box:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.port, self.mails = free_port(), list[EmailMessage]()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as aiosmtpd calls it
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 taken"


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """A mail server and what it got."""
    box = Box()
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    yield box
    server.stop()


def test_a_mail_arrives_with_sender_and_text(box: Box) -> None:
    settings = load({"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(box.port), "MAIL_DEFAULT_SENDER": "Mill, m@mill.org"})
    send(settings, "ada@example.org", "Grüße\nBcc: all@example.org", "Ω is a letter.")
    mail = box.mails[-1]
    assert (mail["From"], mail["To"]) == ("Mill <m@mill.org>", "ada@example.org")
    assert (mail["Subject"], mail["Bcc"]) == ("Grüße Bcc: all@example.org", None)
    assert mail.get_content().strip() == "Ω is a letter."


def test_a_server_that_is_not_there_is_named() -> None:
    settings = load({"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(free_port())})
    with pytest.raises(NotSent, match=r"127\.0\.0\.1.*check the settings"):
        send(settings, "ada@example.org", "x", "y")
