"""Every place where we reach into what Panel, Bokeh, Tornado and Huey keep to themselves.

Each hook says what it mends and has a test of its own that fails when a new release of the library behaves otherwise:
then the hook is to be looked at again, or can go.
"""

from bokeh.document import Document
from panel.io import document as panel_document

_dispatch_messages = panel_document._dispatch_msgs


async def _dispatch_all_messages(document: Document) -> None:
    """Send what waits for the browsers of a document, and what was added while that was sent.

    Panel notes that messages wait (``_WRITE_BLOCK``) and forgets that note once it has sent some. What was added while
    it awaited the sockets then stays until something else changes on the page: a browser shows "Saving" for ever.
    """
    while True:
        await _dispatch_messages(document)
        if not panel_document._WRITE_MSGS.get(document) or document in panel_document._WRITE_BLOCK:
            return  # nothing waits, or a task of Panel's own is on its way
        panel_document._WRITE_BLOCK[document] = True


def deliver_every_message() -> None:
    """Let no change of a page wait for the next one."""
    panel_document._dispatch_msgs = _dispatch_all_messages
