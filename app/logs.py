"""How the log is written: as lines to read, or as one JSON object per line; and where errors are sent besides."""

import json
import logging
import traceback
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec

from app.settings import Settings
from app.version import OWN

LOG = logging.getLogger(__name__)
OF_THEIR_OWN = ("bokeh", "panel")
"""Libraries that write their log by themselves, at a level of their own, when they are imported."""
READABLE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class AsJson(logging.Formatter):
    """Writes a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter."""
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            "thread": record.threadName,
        }
        if record.exc_info and record.exc_info[1] is not None:
            said["error"] = type(record.exc_info[1]).__name__
            said["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(said, ensure_ascii=False)


def begin(settings: Settings) -> None:
    """Write the log of this process as the settings say; call it once, before the work begins."""
    handler = logging.StreamHandler()
    handler.setFormatter(AsJson() if settings.FLEXSCOPE_LOG_FORMAT == "json" else logging.Formatter(READABLE))
    logging.basicConfig(level=settings.LOGGING_LEVEL, handlers=[handler], force=True)
    for name in OF_THEIR_OWN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)  # that of the settings
    send_errors(settings)


def send_errors(settings: Settings) -> bool:
    """Send errors to Sentry, if that is configured and its library is there; return whether they are sent."""
    if not settings.SENTRY_DSN:
        return False
    if find_spec("sentry_sdk") is None:
        LOG.error("SENTRY_DSN is set, but sentry_sdk is not installed: install flexscope[sentry], or unset SENTRY_DSN.")
        return False
    sentry = import_module("sentry_sdk")
    given = {
        "environment": settings.FLEXMEASURES_ENV,
        "release": f"flexscope@{OWN}",
        **settings.FLEXMEASURES_SENTRY_CONFIG,
    }
    sentry.init(dsn=settings.SENTRY_DSN, **given)
    return True
