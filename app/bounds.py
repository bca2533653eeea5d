"""The bounds of one request, each checked before its work begins; part of ``app.settings.Settings``."""

from dataclasses import dataclass
from datetime import timedelta

from app.declaring import setting


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Settings that keep one request from taking what all others need."""

    FLEXSCOPE_MAX_TEXT_LENGTH: int = setting(10_000, "Longest text in one field of a request [characters]")
    FLEXSCOPE_DATABASE_PATIENCE: int = setting(15, "How long a statement waits for what others have locked [s]")
    FLEXSCOPE_PREVIEW_TIME_LIMIT: timedelta = setting(
        timedelta(seconds=5), "Longest processor time of a preview of a plan; it gives the best plan found"
    )
