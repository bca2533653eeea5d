"""Tab Automations of an asset: its recurring jobs, how the last ones went, and actions on them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.visit import address
from app.jobs.handlers.report import REPORTERS
from app.jobs.triggers.recurrence import DAY, in_words
from app.pages.jobs.job_texts import STATES
from app.usecases.jobs import automations as usecases
from app.usecases.jobs.automations import AutomationChange, NewAutomation, create_automation
from app.widgets.async_content import Following, attempt, confirm, later, note, triggering, writing
from app.widgets.confirm import Question
from app.widgets.forms import Form
from app.widgets.layout import Shell
from app.widgets.tabs import Part
from components.tables.action_table import Action, ActionRow, ActionTable
from components.tables.fact_table import Cell, Light, Lines, Link
from db import assets
from db.assets import Asset
from db.core import listing
from db.core.database import get
from db.jobs import automations, jobs
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.sensors import Sensor, time_zone
from engine.series.iso_time import zone

COLUMNS = ["Automation", "When", "Next run", "Last runs"]
SHOWN = 3
"""Runs of an automation in the table; a click on its name shows all."""
EVERY = 3.0
"""Pause between two readings [s]."""
RUN, PAUSE, GO_ON = Action("run", "Run now"), Action("pause", "Pause"), Action("continue", "Continue")
DELETE = Action("delete", "Delete")
DOES = {"schedule": "plans", "forecast": "forecasts", "report": "reports"}
NONE_YET = "No automations for this asset yet. Add one below."
QUESTION = "Delete the automation {name}? Schedules, forecasts and reports it has computed are kept."
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


@dataclass(frozen=True, kw_only=True)
class AutomationLine:
    """One automation with its asset and last runs."""

    row: Automation
    asset: str
    place: ZoneInfo
    """Time zone of the asset."""
    runs: list[Job]
    """Newest first."""
    may_change: bool


@dataclass(frozen=True, kw_only=True)
class AutomationsContent:
    """Content of the tab."""

    lines: list[AutomationLine]
    sensors: list[Sensor]
    """Sensors that can be forecast."""
    may_add: bool
    local: ZoneInfo


def part(page: Shell, asset_id: int) -> Part:
    """The tab."""
    read = partial(read_automations, asset_id)
    return Part("automations", "Automations", read, lambda content: Automations(page, asset_id, content).shown())


def read_automations(asset_id: int, session: Session, principal: SignedIn) -> AutomationsContent:
    """Automations of an asset and of those below it that the user may read."""
    asset = get(session, Asset, asset_id)
    access.check(principal, "read", asset)
    below = {each.id: each for each in assets.subtree(session, asset_id) if access.may(principal, "read", each)}
    lines = [
        AutomationLine(
            row=row,
            asset=below[row.asset_id].name,
            place=time_zone(session, row.asset_id),
            runs=jobs.of_automation(session, row.id, most=SHOWN),
            may_change=access.may(principal, "create-children", below[row.asset_id]),
        )
        for row in automations.of_assets(session, below)
    ]
    sensors = [sensor for sensor in listing.sensors_of(session, below) if sensor.resolution]
    may_add = access.may(principal, "create-children", asset)
    return AutomationsContent(lines=lines, sensors=sensors, may_add=may_add, local=zone(principal.timezone))


class Automations:
    """The tab once its first content is read; it is kept up to date."""

    def __init__(self, page: Shell, asset_id: int, content: AutomationsContent) -> None:
        self._names: dict[str, str] = {}
        self._table = ActionTable(columns=COLUMNS, empty=NONE_YET, on_action=self._act)
        self._question, self._notice = Question(), pn.Column(sizing_mode="stretch_width")
        self._new = AutomationForm(asset_id, content.sensors, done=self.announce) if content.may_add else None
        page.follow(self._table)
        self._show(content)
        self._following = Following(partial(read_automations, asset_id), self._show, every=EVERY)

    def shown(self) -> Sequence[Any]:
        """Parts of the tab, from top to bottom."""
        parts = [self._notice, self._question, self._table]
        if self._new is not None:
            parts.append(pmui.Accordion(("Add an automation", self._new), title_variant="body1", margin=8))
        return parts

    def _show(self, content: AutomationsContent) -> None:
        self._names = {str(line.row.id): line.row.name for line in content.lines}
        self._table.rows = [automation_row(line, content.local) for line in content.lines]

    def _act(self, key: str, word: str) -> None:
        name = self._names.get(key, key)

        async def act() -> None:
            await attempt(
                change_automation(int(key), word),
                self._notice,
                lambda outcome: confirm(self._notice, f"{name} {outcome}."),
            )
            later(self._following.refresh)

        def start() -> None:
            asyncio.get_running_loop().create_task(act())

        if word == DELETE.word:
            self._question.ask(QUESTION.format(name=name), "Delete it", start)
        else:
            start()

    def announce(self, automation: Automation) -> None:
        """Tell of a new automation, and show it in the table."""
        confirm(self._notice, f"{automation.name} is set up.")
        self._following.refresh()


async def change_automation(automation_id: int, word: str) -> str:
    """Run, pause, continue or delete an automation as the signed-in user; return the outcome as the end of a sentence.

    Raises:
        EngineError: It is refused.
    """
    if word == RUN.word:
        await triggering(lambda session, actor: usecases.run_automation(session, actor, automation_id))
        return "is queued"
    if word == DELETE.word:
        await writing(lambda session, actor: usecases.delete_automation(session, actor, automation_id))
        return "is deleted"
    change = AutomationChange(active=word == GO_ON.word)
    await writing(lambda session, actor: usecases.update_automation(session, actor, automation_id, change))
    return "is resumed" if word == GO_ON.word else "is paused"


def automation_row(line: AutomationLine, local: ZoneInfo) -> ActionRow:
    """Row of an automation: name, times, next and last runs, and the actions that the user may take."""

    def clock(moment: datetime) -> str:
        return f"{moment.astimezone(local):%a %-d %b %H:%M}"

    row = line.row
    history = Link(row.name, address(f"/tasks?automation={row.id}"))
    times = [in_words(row.every, row.at)]
    times += [f"local time, {line.place}"] if row.every >= DAY or row.at else []
    times += ["and when new input data arrive"] if row.on_data else []
    runs: list[Cell] = []
    for job in line.runs:
        reason = f": {job.message}" if job.status == "FAILED" else ""
        light = STATES.get(job.status, "bad")
        runs.append(Light(light, f"{job.status.lower()} {clock(job.enqueued_at)}{reason}"))
    cells: list[Cell] = [
        Lines((history, f"{DOES.get(row.kind, row.kind)} {line.asset}")),
        Lines(tuple(times)),
        clock(row.next_at) if row.active else Light("none", "paused"),
        Lines(tuple(runs)) if runs else Light("none", "none yet"),
    ]
    return ActionRow(str(row.id), cells, row.name, [RUN, PAUSE if row.active else GO_ON, DELETE] * line.may_change)


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
