"""How the log is written: as lines to read, or as one JSON object per line; and where errors are sent besides."""

import json
import logging
import traceback
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec

from app.redaction import of_settings, redacted, redacted_all
from app.settings.settings import Settings
from app.version import OWN

LOG = logging.getLogger(__name__)
OF_THEIR_OWN = ("bokeh", "panel")
"""Libraries that write their log by themselves, at a level of their own, when they are imported."""
READABLE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class AsText(logging.Formatter):
    """Writes a record as lines to read, without secrets."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(READABLE)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter."""
        return redacted(super().format(record), self._secrets)


class AsJson(logging.Formatter):
    """Writes a record as one JSON object on one line, without secrets."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = secrets

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
        return json.dumps(redacted_all(said, self._secrets), ensure_ascii=False)


def begin(settings: Settings) -> None:
    """Write the log of this process as the settings say; call it once, before the work begins."""
    handler, secrets = logging.StreamHandler(), of_settings(settings)
    handler.setFormatter(AsJson(secrets) if settings.FLEXSCOPE_LOG_FORMAT == "json" else AsText(secrets))
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
    secrets = of_settings(settings)
    given = {
        "environment": settings.FLEXMEASURES_ENV,
        "release": f"flexscope@{OWN}",
        "include_local_variables": False,  # they hold passwords, keys and tokens
        "max_request_body_size": "never",
        "before_send": lambda event, _hint: redacted_all(event, secrets),
        "before_breadcrumb": lambda crumb, _hint: redacted_all(crumb, secrets),
        **settings.FLEXMEASURES_SENTRY_CONFIG,
    }
    sentry.init(dsn=settings.SENTRY_DSN, **given)
    return True
