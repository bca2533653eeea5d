"""Tab Automations of an asset: its recurring jobs, how the last ones went, and actions on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm
from app.fragments.tables import ButtonRow, RowButton, button_rows, following
from app.fragments.tabs import TextTab
from app.fragments.threads import triggering, writing
from app.fragments.visit import Visit, address
from app.jobs.triggers.recurrence import DAY, in_words
from app.pages.jobs.job_table import STATES
from app.usecases.jobs.automations import (
    AutomationChange,
    NewAutomation,
    create_automation,
    delete_automation,
    run_automation,
    update_automation,
)
from components.tables.fact_table import Cell, Light, Lines, Link
from db import assets, listing
from db.assets import Asset
from db.core.database import get
from db.jobs import automations, jobs
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.sensors import Sensor, time_zone
from engine import plugins
from engine.series.iso_time import zone

COLUMNS = ["Automation", "When", "Next run", "Last runs"]
RECENT_RUNS = 3
"""Runs of an automation in the table; a click on its name shows all."""
EVERY = 3.0
"""Pause between two readings [s]."""
RUN, PAUSE, GO_ON = (
    RowButton(word=word, label=label)
    for word, label in (("run", "Run now"), ("pause", "Pause"), ("continue", "Continue"))
)
DOES = {"schedule": "plans", "forecast": "forecasts", "report": "reports"}
NONE_YET = "No automations for this asset yet. Add one below."
QUESTION = "Delete the automation {name}? Schedules, forecasts and reports it has computed are kept."
KINDS = {"Automate schedules": "schedule", "Automate forecasts": "forecast", "Automate reports": "report"}
"""Label of the button that opens a form → what the automation does, as the API calls it."""
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


def read_automations(visit: Visit, session: Session, principal: SignedIn) -> AutomationsContent:
    """Automations of an asset and of those below it that the user may read."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    below = {each.id: each for each in assets.subtree(session, asset.id) if access.may(principal, "read", each)}
    lines = [
        AutomationLine(
            row=row,
            asset=below[row.asset_id].name,
            place=time_zone(session, row.asset_id),
            runs=jobs.of_automation(session, row.id, most=RECENT_RUNS),
            may_change=access.may(principal, "create-children", below[row.asset_id]),
        )
        for row in automations.of_assets(session, below)
    ]
    sensors = [sensor for sensor in listing.sensors_of(session, below) if sensor.resolution]
    may_add = access.may(principal, "create-children", asset)
    return AutomationsContent(lines=lines, sensors=sensors, may_add=may_add, local=zone(principal.timezone))


def show_automations(visit: Visit, content: AutomationsContent) -> Markup:
    """The tab; its table is kept up to date."""
    forms = automation_forms(visit, content)
    offered = {
        text: kind for text, kind in KINDS.items() if content.may_add and (kind != "forecast" or content.sensors)
    }
    openers = [form_html(f"add-{kind}", forms[f"add-{kind}"], opener=text) for text, kind in offered.items()]
    hint = Markup('<p class="small">{}</p>').format(NOTHING_TO_FORECAST)
    more = hint if content.may_add and not content.sensors else Markup("")
    return following("automations", automations_part(content), every=EVERY) + Markup("").join(openers) + more


def automations_part(content: AutomationsContent) -> Markup:
    """Table of the automations."""
    return button_rows(COLUMNS, [automation_row(line, content.local) for line in content.lines], empty=NONE_YET)


def automation_forms(_visit: Visit, content: AutomationsContent) -> dict[str, PageForm]:
    """What the user may do with automations; a use case refuses what is not theirs to change."""
    forms = {each.word: PageForm(send=partial(send_change, each.word)) for each in (RUN, PAUSE, GO_ON)}
    forms["delete"] = PageForm(send=partial(send_change, "delete"))
    if content.may_add:
        forms |= {
            f"add-{kind}": PageForm(
                send=partial(send_automation, kind),
                fields=automation_fields(kind, content.sensors),
                button="Create automation",
                whole=True,
            )
            for kind in KINDS.values()
        }
    return forms


async def send_change(word: str, visit: Visit, values: dict[str, Any]) -> Done:
    """Run, pause, continue or delete the automation in the row whose button was pressed."""
    key = int(values["key"])
    if word == RUN.word:
        await triggering(lambda session, actor: run_automation(session, actor, key), visit.principal)
        return Done(text="The automation is queued.")
    if word == "delete":
        await writing(lambda session, actor: delete_automation(session, actor, key), visit.principal)
        return Done(text="The automation is deleted.")
    change = AutomationChange(active=word == GO_ON.word)
    await writing(lambda session, actor: update_automation(session, actor, key, change), visit.principal)
    return Done(text=f"The automation is {'resumed' if word == GO_ON.word else 'paused'}.")


async def send_automation(kind: str, visit: Visit, values: dict[str, Any]) -> Done:
    """Set up an automation of some kind."""
    own = {name.replace("_", "-"): value for name, value in values.items() if name in OWN}
    request = {name: value for name, value in values.items() if name not in OWN}
    fields = {**own, "kind": kind, "request": request}
    added = await writing(
        lambda session, actor: create_automation(session, actor, visit.key, actor.read(NewAutomation, fields)),
        visit.principal,
    )
    return Done(text=f"{added.name} is set up.")


def automation_row(line: AutomationLine, local: ZoneInfo) -> ButtonRow:
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
    delete = RowButton(
        word="delete", label="Delete", question=QUESTION.format(name=row.name), agree="Delete this automation"
    )
    buttons = [RUN, PAUSE if row.active else GO_ON, delete] * line.may_change
    return ButtonRow(key=str(row.id), cells=cells, name=row.name, buttons=buttons)


def automation_fields(kind: str, sensors: Sequence[Sensor]) -> list[Field]:
    """Fields of an automation of some kind; ``sensors`` can be forecast."""
    own: list[Field] = []
    if kind == "forecast":
        options = {f"{sensor.asset.name}: {sensor.name} ({sensor.id})": sensor.id for sensor in sensors}
        own = [Field(name="sensors", label="Sensors", kind="choices", options=options)]
    if kind == "report":
        reporters = {name: name for name in sorted(plugins.known("reporters"))}
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


TAB = TextTab(
    read=read_automations, show=show_automations, forms=automation_forms,
    parts={
        "automations": lambda visit, session, principal: automations_part(read_automations(visit, session, principal))
    },
)  # fmt: skip
