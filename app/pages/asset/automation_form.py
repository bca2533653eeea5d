"""Form that sets up an automation: what it does, how often, and its inputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.jobs.handlers.report import REPORTERS
from app.usecases.jobs.automations import NewAutomation, create_automation
from app.widgets.async_content import note, writing
from app.widgets.forms import Field, Form
from db.sensors import Sensor

KINDS = {"run schedule": "schedule", "run forecast": "forecast", "run report": "report"}
"""What an automation does, for people → as the API calls it."""
INTERVALS = {
    "every 5 minutes": "PT5M",
    "every 15 minutes": "PT15M",
    "every 30 minutes": "PT30M",
    "every hour": "PT1H",
    "every 6 hours": "PT6H",
    "every day": "P1D",
    "every week": "P7D",
}
NAMES = {"schedule": "Re-plan", "forecast": "Forecast", "report": "Report"}
USUAL = {"schedule": "PT15M", "forecast": "PT1H", "report": "P1D"}
LENGTHS = {
    "schedule": ("duration", "Schedule horizon", "PT24H"),
    "forecast": ("horizon", "Forecast horizon", "PT48H"),
    "report": ("duration", "Report period", "P1D"),
}
NOTHING_TO_FORECAST = (
    "This asset has no sensor that can be forecast: only sensors with a resolution can. Add one on the Context tab."
)
OWN = ("name", "every", "at", "on_data")
"""Fields of the automation itself; all others are those of its request."""


class AutomationForm(pn.viewable.Viewer):
    """Choice of what the automation does, with the form for it."""

    def __init__(self, asset_id: int, sensors: Sequence[Sensor], *, done: Callable[[Any], Any]) -> None:
        """Offer to set up an automation.

        Args:
            asset_id: The asset it is for.
            sensors: Sensors that can be forecast.
            done: Called with the new automation.
        """
        super().__init__()
        self._asset, self._sensors, self._done = asset_id, sensors, done
        self._kind = pmui.Select(label="What it does", options=KINDS, value="schedule", width=260, margin=8)
        self._place = pn.Column(sizing_mode="stretch_width")
        self._kind.param.watch(lambda event: self._show_form(event.new), "value")
        self._show_form("schedule")

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._kind, self._place, sizing_mode="stretch_width")

    def _show_form(self, kind: str) -> None:
        if kind == "forecast" and not self._sensors:
            self._place[:] = [note(NOTHING_TO_FORECAST)]
            return

        async def send(values: Mapping[str, Any]) -> Any:
            own = {name.replace("_", "-"): value for name, value in values.items() if name in OWN}
            request = {name: value for name, value in values.items() if name not in OWN}
            fields = {**own, "kind": kind, "request": request}
            return await writing(
                lambda session, actor: create_automation(session, actor, self._asset, actor.read(NewAutomation, fields))
            )

        fields = automation_fields(kind, self._sensors)
        self._place[:] = [Form(fields, send=send, done=self._done, button="Create automation", whole=True)]


def automation_fields(kind: str, sensors: Sequence[Sensor]) -> list[Field]:
    """Fields of an automation of some kind; ``sensors`` can be forecast."""
    own: list[Field] = []
    if kind == "forecast":
        options = {f"{sensor.asset.name}: {sensor.name} ({sensor.id})": sensor.id for sensor in sensors}
        own = [Field(name="sensors", label="Sensors", kind="choices", options=options)]
    if kind == "report":
        reporters = {name: name for name in sorted(REPORTERS)}
        own = [
            Field(name="reporter", label="Reporter", kind="choice", options=reporters, value="AggregatorReporter"),
            Field(name="config", label="Configuration", kind="object", help='As JSON, for example {"method": "sum"}'),
            Field(name="input", label="Input sensors", kind="list", help='As JSON, for example [{"sensor": 5}]'),
            Field(name="output", label="Output sensors", kind="list", help='As JSON, for example [{"sensor": 6}]'),
        ]
    length, label, usual = LENGTHS[kind]
    return [
        Field(name="name", label="Name", value=NAMES[kind], optional=False),
        Field(name="every", label="How often", kind="choice", options=INTERVALS, value=USUAL[kind]),
        Field(name="at", label="First run at", value="00:00", help="Local time of the asset, for example 06:30"),
        *own,
        Field(name=length, label=label, value=usual, help="As an ISO 8601 duration, for example PT24H or P2D"),
        Field(name="on_data", label="Also when new input data arrive", kind="flag", value=False),
    ]
