"""Mail reaches a real server, and what cannot be sent is told with the way out."""

import pytest

from app.mail import NotSent, send
from app.settings.settings import load
from tests.mail import Box
from tests.postgres import free_port


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
