"""A real mail server that keeps what it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

from aiosmtpd import handlers
from aiosmtpd.controller import Controller

from tests.postgres import free_port


class Box(handlers.Message):
    """Keeps the mails it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.port, self.mails = free_port(), list[EmailMessage]()

    def handle_message(self, message: Message) -> None:
        """See handlers.Message."""
        self.mails.append(message_from_bytes(message.as_bytes(), policy=policy.default))


@contextmanager
def mail_server() -> Iterator[Box]:
    """Run one until the block ends."""
    box = Box()
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    try:
        yield box
    finally:
        server.stop()
