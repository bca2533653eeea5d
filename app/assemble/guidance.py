"""What sensors ask to be told beside a schedule: headroom and set points."""

from dataclasses import replace
from datetime import datetime

from app.assemble.forecasting.forecast_errors import forecast_errors
from app.assemble.site.site import Assembled
from app.auth.access.references import References
from engine.model.linear import Floats
from engine.operation import headroom, setpoints
from engine.site import Schedule


def with_guidance(references: References, plan: Schedule, assembled: Assembled, *, known_at: datetime) -> Schedule:
    """Return a schedule with what its sensors ask to be told beside it."""
    asked = {output.guidance for output in assembled.outputs}
    guidance: dict[str, dict[str, Floats]] = {}
    if asked & set(headroom.FIELDS):
        guidance |= headroom.headroom_by_field(assembled.site, plan)
    if asked & set(setpoints.FIELDS):
        errors = forecast_errors(references, assembled, known_at=known_at)
        guidance |= setpoints.set_points_by_field(assembled.site, plan, errors)
    return replace(plan, guidance=guidance) if guidance else plan
