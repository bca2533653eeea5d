"""Tab Automations of an asset: what is done again and again, how it went, and what can be changed about it."""

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
from app.jobs.triggers.automations import time_zone
from app.jobs.triggers.recurrence import DAY, in_words
from app.pages.asset.automation_form import AutomationForm
from app.pages.jobs.job_table import STATES
from app.usecases.jobs import automations as usecases
from app.usecases.jobs.automations import AutomationChange
from app.widgets.async_content import later, note, refuse, triggering, writing
from app.widgets.confirm import Question
from app.widgets.layout import Shell, address
from app.widgets.live import Following
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
from db.sensors import Sensor
from engine.iso_time import zone

COLUMNS = ["Automation", "When", "Next", "Last runs"]
SHOWN = 3
"""Runs of an automation that the table tells of; the others are a click away."""
EVERY = 3.0
"""Pause between two looks at how they go [s]."""
RUN, PAUSE, GO_ON = Action("run", "Run now"), Action("pause", "Pause"), Action("continue", "Continue")
DELETE = Action("delete", "Delete")
DOES = {"schedule": "plans", "forecast": "forecasts", "report": "reports"}
NONE_YET = "No automations for this asset yet. Add one below."
QUESTION = "Delete the automation {name}? What it has made stays."


@dataclass(frozen=True, kw_only=True)
class AutomationLine:
    """One automation with what a person wants to know of it."""

    row: Automation
    asset: str
    place: ZoneInfo
    runs: list[Job]
    """The newest ones first."""
    may_change: bool


@dataclass(frozen=True, kw_only=True)
class AutomationsContent:
    """What the tab shows."""

    lines: list[AutomationLine]
    sensors: list[Sensor]
    """Those that can be forecast."""
    may_add: bool
    local: ZoneInfo


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    read = partial(_read, asset_id)
    return Part("automations", "Automations", read, lambda found: Automations(page, asset_id, found).shown())


def _read(asset_id: int, session: Session, who: SignedIn) -> AutomationsContent:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    below = {each.id: each for each in assets.subtree(session, asset_id) if access.may(who, "read", each)}
    lines = [
        AutomationLine(
            row=row,
            asset=below[row.asset_id].name,
            place=time_zone(session, row.asset_id),
            runs=jobs.of_automation(session, row.id, most=SHOWN),
            may_change=access.may(who, "create-children", below[row.asset_id]),
        )
        for row in automations.of_assets(session, below)
    ]
    sensors = [sensor for sensor in listing.sensors_of(session, below) if sensor.resolution]
    may_add = access.may(who, "create-children", asset)
    return AutomationsContent(lines=lines, sensors=sensors, may_add=may_add, local=zone(who.timezone))


class Automations:
    """The tab once its first data are there."""

    def __init__(self, page: Shell, asset_id: int, found: AutomationsContent) -> None:
        self._names: dict[str, str] = {}
        self._table = ActionTable(columns=COLUMNS, empty=NONE_YET, on_action=self._asked)
        self._question, self._told = Question(), pn.Column(sizing_mode="stretch_width")
        self._new = AutomationForm(asset_id, found.sensors, done=self._made) if found.may_add else None
        page.follow(self._table)
        self._show(found)
        self._following = Following(partial(_read, asset_id), self._show, every=EVERY)

    def shown(self) -> Sequence[Any]:
        """Return what is in the tab."""
        parts = [self._told, self._question, self._table]
        if self._new is not None:
            parts.append(pmui.Accordion(("Add an automation", self._new), title_variant="body1", margin=8))
        return parts

    def _show(self, found: AutomationsContent) -> None:
        self._names = {str(line.row.id): line.row.name for line in found.lines}
        self._table.rows = [_row(line, found.local) for line in found.lines]

    def _asked(self, key: str, word: str) -> None:
        if word == DELETE.word:
            text = QUESTION.format(name=self._names.get(key, key))
            self._question.ask(text, "Delete it", partial(self._start, key, word))
        else:
            self._start(key, word)

    def _start(self, key: str, word: str) -> None:
        asyncio.get_running_loop().create_task(self._do(key, word))

    async def _do(self, key: str, word: str) -> None:
        try:
            told = await act(int(key), word)
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._told.param.update(objects=[note(f"{self._names.get(key, key)} {told}.", "success")]))
        later(self._following.look)

    def _made(self, automation: Automation) -> None:
        self._told[:] = [note(f"{automation.name} is set up.", "success")]
        self._following.look()


async def act(automation_id: int, word: str) -> str:
    """Run, pause, continue or delete an automation as the signed-in user; return what became of it.

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


def _row(line: AutomationLine, local: ZoneInfo) -> ActionRow:
    row = line.row
    history = Link(row.name, address(f"/tasks?automation={row.id}"))
    actions = [RUN, PAUSE if row.active else GO_ON, DELETE] if line.may_change else []
    cells: list[Cell] = [
        Lines((history, f"{DOES.get(row.kind, row.kind)} {line.asset}")),
        _when(line),
        _written(row.next_at, local) if row.active else Light("none", "paused"),
        _runs(line.runs, local),
    ]
    return ActionRow(str(row.id), cells, row.name, actions)


def _when(line: AutomationLine) -> Cell:
    row = line.row
    words = in_words(row.every, row.at)
    more = [f"local time, {line.place}"] if row.every >= DAY or row.at else []
    more += ["and when new data of its inputs arrive"] if row.on_data else []
    return Lines((words, *more))


def _runs(runs: Sequence[Job], local: ZoneInfo) -> Cell:
    if not runs:
        return Light("none", "none yet")
    return Lines(tuple(_run(job, local) for job in runs))


def _run(job: Job, local: ZoneInfo) -> Cell:
    said = f": {job.message}" if job.status == "FAILED" else ""
    return Light(STATES.get(job.status, "bad"), f"{job.status.lower()} {_written(job.enqueued_at, local)}{said}")


def _written(moment: datetime, local: ZoneInfo) -> str:
    return f"{moment.astimezone(local):%a %-d %b %H:%M}"
