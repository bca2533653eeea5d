"""The form that sets up an automation: what is done, how often, and what it needs to know."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.jobs.handlers.report import REPORTERS
from app.usecases.jobs.automations import NewAutomation, create_automation
from app.widgets.async_content import note, writing
from app.widgets.forms import Field, Form
from db.sensors import Sensor

DOES = {"run schedule": "schedule", "run forecast": "forecast", "report": "report"}
"""What an automation does, for people → as the API calls it."""
OFTEN = {
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
NOTHING_TO_FORECAST = "This asset has no sensor that can be forecast. Add one on the Context tab."
OWN = ("name", "every", "at", "on_data")
"""Fields of the automation itself; all others are of what it asks for."""


class AutomationForm(pn.viewable.Viewer):
    """A choice of what is done, and the form that goes with it."""

    def __init__(self, asset_id: int, sensors: Sequence[Sensor], *, done: Callable[[Any], Any]) -> None:
        """Offer to set up an automation.

        Args:
            asset_id: The asset it is for.
            sensors: Those that can be forecast.
            done: Called with the new automation.
        """
        super().__init__()
        self._asset, self._sensors, self._done = asset_id, sensors, done
        self._kind = pmui.Select(label="What", options=DOES, value="schedule", width=260, margin=8)
        self._place = pn.Column(sizing_mode="stretch_width")
        self._kind.param.watch(lambda event: self._turn(event.new), "value")
        self._turn("schedule")

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._kind, self._place, sizing_mode="stretch_width")

    def _turn(self, kind: str) -> None:
        if kind == "forecast" and not self._sensors:
            self._place[:] = [note(NOTHING_TO_FORECAST)]
            return
        form = Form(
            self._fields(kind), send=self._sender(kind), done=self._done, button="Create automation", whole=True
        )
        self._place[:] = [form]

    def _sender(self, kind: str) -> Callable[[Mapping[str, Any]], Any]:
        async def send(given: Mapping[str, Any]) -> Any:
            own = {name.replace("_", "-"): value for name, value in given.items() if name in OWN}
            request = {name: value for name, value in given.items() if name not in OWN}
            fields = {**own, "kind": kind, "request": request}
            return await writing(
                lambda session, actor: create_automation(session, actor, self._asset, actor.read(NewAutomation, fields))
            )

        return send

    def _fields(self, kind: str) -> list[Field]:
        length, label, usual = LENGTHS[kind]
        return [
            Field(name="name", label="Name", value=NAMES[kind], optional=False),
            Field(name="every", label="How often", kind="choice", options=OFTEN, value=USUAL[kind]),
            Field(name="at", label="First run at", value="00:00", help="Local time of the asset"),
            *self._special(kind),
            Field(name=length, label=label, value=usual, help=f"Such as {usual}"),
            Field(name="on_data", label="Also when new input data arrive", kind="flag", value=False),
        ]

    def _special(self, kind: str) -> list[Field]:
        if kind == "forecast":
            options = {f"{sensor.asset.name}: {sensor.name} ({sensor.id})": sensor.id for sensor in self._sensors}
            return [Field(name="sensors", label="Sensors", kind="choices", options=options)]
        if kind == "report":
            known = {name: name for name in sorted(REPORTERS)}
            return [
                Field(name="reporter", label="Reporter", kind="choice", options=known, value="AggregatorReporter"),
                Field(name="config", label="Config", kind="object", help='As JSON, such as {"method": "sum"}'),
                Field(name="input", label="Input", kind="list", help='As JSON, such as [{"sensor": 5}]'),
                Field(name="output", label="Output", kind="list", help='As JSON, such as [{"sensor": 6}]'),
            ]
        return []
