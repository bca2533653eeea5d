"""Sends one mail by the configured server (SMTP)."""

import logging
import smtplib
from email.message import EmailMessage
from email.utils import formataddr, make_msgid

from app.settings.settings import Settings
from engine.errors import EngineError

LOG = logging.getLogger(__name__)
PATIENCE = 20.0
"""How long the server may take to answer [s]."""


class NotSent(EngineError):
    """The mail server did not take a mail."""

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(f"The mail server {server} did not take the mail ({reason}); check the settings MAIL_….")


def send(settings: Settings, to: str | list[str], subject: str, text: str) -> None:
    """Send a mail in plain text.

    Args:
        settings: Where and how: ``MAIL_…``.
        to: Address, or several.
        subject: One line.
        text: What it says.

    Raises:
        NotSent: The server cannot be reached or refuses.
    """
    message = EmailMessage()
    name, address = settings.MAIL_DEFAULT_SENDER[0], settings.MAIL_DEFAULT_SENDER[-1]
    message["From"] = formataddr((name if name != address else "", address))
    message["To"] = ", ".join([to] if isinstance(to, str) else to)
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2] or None)
    message.set_content(text)
    kind = smtplib.SMTP_SSL if settings.MAIL_USE_SSL else smtplib.SMTP
    try:
        with kind(settings.MAIL_SERVER, settings.MAIL_PORT, timeout=PATIENCE) as server:
            if settings.MAIL_USE_TLS:
                server.starttls()
            if settings.MAIL_USERNAME:
                server.login(settings.MAIL_USERNAME, settings.MAIL_PASSWORD)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{settings.MAIL_SERVER}:{settings.MAIL_PORT}", str(error)) from None
