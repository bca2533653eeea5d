"""Tab Automations of an asset: its recurring jobs, how the last ones went, and actions on them."""

import asyncio
from collections.abc import Sequence
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
from app.jobs.triggers.recurrence import DAY, in_words
from app.pages.asset.automation_form import AutomationForm
from app.pages.jobs.job_table import STATES
from app.usecases.jobs import automations as usecases
from app.usecases.jobs.automations import AutomationChange
from app.widgets.async_content import Following, attempt, confirm, later, triggering, writing
from app.widgets.confirm import Question
from app.widgets.layout import Shell, address
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
        self._new = AutomationForm(asset_id, content.sensors, done=self._announce) if content.may_add else None
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

    def _announce(self, automation: Automation) -> None:
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
