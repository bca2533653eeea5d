"""What is asked of a schedule, as plain data that can wait in a queue."""

from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class ScheduleRequest(BaseModel):
    """A plan for the devices of one asset and of those below it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: int
    """The asset whose tree is planned."""
    start: AwareDatetime
    """When the plan begins; within a step, only the rest of it is planned."""
    duration: timedelta | None = None
    """How long it is; None is the setting FLEXMEASURES_PLANNING_HORIZON, more if targets lie later."""
    resolution: timedelta | None = None
    """Length of its steps; None is that of the finest power sensor planned for."""
    flex_model: tuple[dict[str, Any], ...] = ()
    """One entry per device, as users write it; what is stored on assets completes it."""
    flex_context: dict[str, Any] | list[dict[str, Any]] = {}
    """Prices and limits, as users write them; what is stored on assets completes it."""
    terminal_value: str | None = None
    """What holds where the flex-context says nothing of terminal-value; None is ``off``."""
    sequential: bool = False
    """Whether devices are planned one after the other, in the order listed, instead of together."""
