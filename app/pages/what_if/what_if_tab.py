"""Tab What-if of an asset: sliders and scenarios of its newest schedule; nothing is kept until somebody saves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.fragments.flex.choices import list_choices
from app.fragments.flex.editor import Editor, Inherited
from app.fragments.flex.views import editor_html
from app.fragments.page import Done, PageForm
from app.fragments.tabs import TextTab
from app.fragments.templates import note, render
from app.fragments.threads import actor_of, reading, writing
from app.fragments.visit import Visit
from app.pages.what_if.knobs import Knob, at_edits, knobs_of, turned
from app.pages.what_if.scenarios import MOST, ScenarioSet, read_scenarios
from app.usecases.actor import Actor
from app.usecases.explanations.flex_edits import DescribedDevice, described_devices, save_flex_edits
from app.usecases.explanations.stored_site import StoredSite, open_site
from app.usecases.explanations.what_if import ScenarioEdits, TriedScenario, try_edits
from app.usecases.inputs import Invalid
from components.tables.fact_table import Cell, table_html
from components.what_if.comparison import ComparedPlan, comparison_html, difference_text, figure_rows, number_text
from db import assets, schedules
from db.assets import Asset
from db.core.database import get
from engine.errors import EngineError
from engine.flex.context import FlexContext
from engine.flex.fields import FlexFields

STATE: Final = "what-if"
"""Argument of the address that holds the scenarios."""
SITE: Final = "site"
NO_PLAN: Final = (
    "No schedule yet, so there is nothing to compare with. Run a schedule on the tab Plan, then come back here."
)


@dataclass(frozen=True, kw_only=True)
class WhatIfContent:
    """Content of the tab."""

    asset: Asset
    principal: SignedIn | None = None
    stored: StoredSite | None = None
    devices: Sequence[DescribedDevice] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """What people call loads that are named by their sensors."""
    scenarios: ScenarioSet = field(default_factory=ScenarioSet)
    tried: TriedScenario | None = None
    problem: str = ""
    """Why there is no plan."""
    editor: Editor | None = None
    """Editor of all fields of a device or of the site, where one was asked for."""
    may_save: bool = False

    @property
    def knobs(self) -> list[Knob]:
        """Sliders at the values of the schedule."""
        return [] if self.stored is None else knobs_of(self.stored, self.devices, self.names)


def read_what_if(visit: Visit, session: Session, principal: SignedIn) -> WhatIfContent:
    """Newest schedule of an asset, planned again with what differs in the scenario of the address."""
    return _planned(_opened(visit, session, principal, read_scenarios(visit.query.get(STATE))), session)


def _opened(visit: Visit, session: Session, principal: SignedIn, scenarios: ScenarioSet) -> WhatIfContent:
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    schedule_id = _schedule_of(visit, session, principal, asset)
    if schedule_id is None:
        return WhatIfContent(asset=asset)
    try:
        stored = open_site(session, actor_of(principal), schedule_id)
    except EngineError as error:
        return WhatIfContent(asset=asset, problem=str(error))
    devices = described_devices(session, stored)
    return WhatIfContent(
        asset=asset,
        principal=principal,
        stored=stored,
        devices=devices,
        names=load_names(session, principal, stored),
        scenarios=scenarios,
        may_save=access.may(principal, "update", asset),
        editor=fields_editor(visit.query.get("fields"), session, principal, asset, stored, scenarios),
    )


def _planned(content: WhatIfContent, session: Session) -> WhatIfContent:
    """The same with what would be planned in the scenario that is shown."""
    if content.stored is None or content.principal is None:
        return content
    actor, edits = actor_of(content.principal), content.scenarios.shown.edits
    try:
        return replace(content, tried=try_shown(session, actor, content.stored, edits))
    except EngineError as error:
        return replace(content, problem=str(error))


def load_names(session: Session, principal: SignedIn, stored: StoredSite) -> dict[str, str]:
    """What people call loads that are named by their sensors, such as ``sensor 3``."""
    keys = {name: int(name.split()[1]) for name in stored.row.loads if name.startswith("sensor ")}
    rows = References(session, principal).readable(keys.values())
    return {name: f"{rows[key].asset.name}: {rows[key].name}" for name, key in keys.items() if key in rows}


def _schedule_of(visit: Visit, session: Session, principal: SignedIn, asset: Asset) -> int | None:
    """Id of the schedule in the address, else of the newest one of the asset and those below it."""
    asked = visit.query.get("schedule", "")
    if asked.isdecimal():
        return int(asked)
    tree = [each.id for each in assets.subtree(session, asset.id) if access.may(principal, "read", each)]
    row = schedules.newest_with_outputs(session, tree, as_of=datetime.now(UTC))
    return None if row is None else row.id


def try_shown(session: Session, actor: Actor, stored: StoredSite, edits: Mapping[str, Any]) -> TriedScenario:
    """What would be planned with some edits as they stand in an address; raises as ``try_edits`` does."""
    return try_edits(session, actor, stored, actor.read(ScenarioEdits, edits))


def fields_editor(
    key: str | None, session: Session, principal: SignedIn, asset: Asset, stored: StoredSite, scenarios: ScenarioSet
) -> Editor | None:  # fmt: skip
    """Editor of all fields of a device, or of the site, in the scenario that is shown; None where none is asked for."""
    edits = scenarios.shown.edits
    kind: type[FlexFields]
    if key == SITE:
        kind, known, own = FlexContext, stored.content["flex-context"]["fields"], dict(edits.get("flex-context", {}))
    else:
        device = next((each for each in described_devices(session, stored) if str(each.asset_id) == key), None)
        if device is None:
            return None
        entries: list[dict[str, Any]] = [e for e in edits.get("flex-model", []) if e.get("asset") == device.asset_id]
        kind, known = device.kind, device.effective.fields
        own = {name: part for entry in entries for name, part in entry.items() if name != "asset"}
    inherited = {name: Inherited(value=value, origin="this schedule", href="") for name, value in known.items()}
    choices = list_choices(session, principal, asset)
    empty = Editor(
        word="what_if_fields", kind=kind, zone=stored.place, choices=choices, inherited=inherited, stored=False
    )
    return empty.showing(own)


def show_what_if(visit: Visit, content: WhatIfContent) -> Markup:
    """The tab."""
    if content.stored is None:
        return note(content.problem or NO_PLAN, "warning" if content.problem else "info")
    shown = what_if_html(visit, content)
    if content.editor is not None:
        hidden = Markup('<textarea name="state" form="flex-what_if_fields" hidden data-state>{}</textarea>')
        heading = Markup("<h3>All fields of {}</h3>").format(_editor_name(visit, content))
        shown += heading + hidden.format(content.scenarios.text)
        shown += editor_html(content.editor, button="Try these fields")
    return shown


def _editor_name(visit: Visit, content: WhatIfContent) -> str:
    key = visit.query.get("fields", "")
    return next((each.name for each in content.devices if str(each.asset_id) == key), "the site")


def what_if_html(visit: Visit, content: WhatIfContent) -> Markup:
    """Sliders of the scenario that is shown, and what it would change."""
    groups = {
        group: list(knobs)
        for group, knobs in groupby(at_edits(content.knobs, content.scenarios.shown.edits), key=lambda knob: knob.group)
    }
    editors = {str(device.asset_id): device.name for device in content.devices if device.asset_id is not None}
    row = content.stored.row if content.stored else None
    local = content.stored.place if content.stored else UTC
    return render(
        "what_if",
        groups=groups,
        scenarios=content.scenarios,
        result=result_html(content),
        state=content.scenarios.text,
        most=MOST,
        may_save=content.may_save,
        editors={**editors, SITE: "Site"},
        href=lambda key: visit.href(tab="what-if", fields=key),
        planned=f"{row.belief_time.astimezone(local):%a %-d %b %H:%M}" if row else "",
        schedule=row.id if row else "",
    )


def result_html(content: WhatIfContent) -> Markup:
    """Figures, lines and steps of the scenario that is shown, or why there is no plan."""
    tried = content.tried
    if tried is None:
        return note(content.problem, "warning")
    before, after = (
        ComparedPlan(site=site, schedule=plan, currency=tried.stored.currency, zone=str(tried.stored.place))
        for site, plan in ((tried.stored.site, tried.stored.schedule), (tried.site, tried.schedule))
    )
    # S704, B704 warn of text that a person wrote: comparison_html escapes each name it is given.
    return Markup(comparison_html(before, after))  # nosec B704  # noqa: S704 - see above


def read_moved(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Part: the tab after sliders were moved or scenarios added, named, chosen or removed."""
    sent = {name: text for name, text in visit.sent.items() if isinstance(text, str)}
    scenarios = read_scenarios(sent.get("state"))
    act = sent.get("act", "")
    if act != "state":
        content = _opened(visit, session, principal, scenarios)
        edits = turned(content.knobs, scenarios.shown.edits, sent)
        scenarios = scenarios.with_edits(edits).renamed(sent.get("name", "")).acted(act)
    return what_if_html(visit, _planned(_opened(visit, session, principal, scenarios), session))


def read_table(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Part: all scenarios beside each other."""
    content = _opened(visit, session, principal, read_scenarios(str(visit.sent.get("state", ""))))
    return table_of(content, session, actor_of(principal))


def table_of(content: WhatIfContent, session: Session, actor: Actor) -> Markup:
    """Key figures of the schedule and of each scenario, one column each."""
    if content.stored is None:
        return Markup("")
    columns: dict[str, dict[str, tuple[float | None, str]]] = {}
    problems: dict[str, str] = {}
    for number, scenario in enumerate(content.scenarios.scenarios):
        name = f"{scenario.name}" if scenario.name not in columns else f"{scenario.name} ({number + 1})"
        try:
            tried = try_shown(session, actor, content.stored, scenario.edits)
        except EngineError as error:
            problems[name], columns[name] = str(error), {}
            continue
        columns.setdefault("Plan now", figure_rows(tried.before, content.stored.currency))
        columns[name] = figure_rows(tried.after, content.stored.currency)
    known = columns.get("Plan now", {})
    rows: list[list[Cell]] = [
        [
            figure,
            *(_cell(column.get(figure), None if name == "Plan now" else before) for name, column in columns.items()),
        ]
        for figure, before in known.items()
        if before[0] is not None
    ]
    # S704, B704 warn of text that a person wrote: table_html escapes each cell.
    table = Markup(table_html(["", *columns], rows, empty="No plan."))  # nosec B704  # noqa: S704 - see above
    return table + Markup("").join(note(f"{name}: {text}", "warning") for name, text in problems.items())


def _cell(value: tuple[float | None, str] | None, before: tuple[float | None, str] | None) -> str:
    if value is None or value[0] is None:
        return "no plan" if value is None else "–"
    text = number_text(value[0], value[1])
    if before is None or before[0] is None:
        return text
    return f"{text} ({difference_text(value[0] - before[0], value[1])})"


async def save_scenario(visit: Visit, values: dict[str, Any]) -> Done:
    """Keep the fields of the scenario that is shown on the assets that they are about."""

    def read_sent(session: Session, principal: SignedIn) -> tuple[int, dict[str, Any]]:
        content = _opened(visit, session, principal, read_scenarios(str(values.get("state", ""))))
        if content.stored is None:
            raise EngineError(content.problem or NO_PLAN)
        texts = {name: text for name, text in values.items() if isinstance(text, str)}
        return content.stored.row.id, turned(content.knobs, content.scenarios.shown.edits, texts)

    schedule_id, edits = await reading(read_sent, visit.principal)
    models, context = edits["flex-model"], edits["flex-context"]
    saved = await writing(
        lambda session, actor: save_flex_edits(session, actor, schedule_id, models, context), visit.principal
    )
    return Done(text=f"Saved on {', '.join(saved)}. The next schedule plans with it.")


async def apply_fields(visit: Visit, values: dict[str, Any]) -> Done:
    """Take the fields of an editor into the scenario that is shown."""

    def read_sent(session: Session, principal: SignedIn) -> Editor:
        content = _opened(visit, session, principal, read_scenarios(str(values.get("state", ""))))
        if content.editor is None:
            raise EngineError("This is not offered here any more; reload the page.")
        return content.editor.posted({name: text for name, text in values.items() if name != "state"})

    editor = await reading(read_sent, visit.principal)
    fields, wrong = editor.checked()
    if wrong:
        raise Invalid("form", {name: [problem] for name, problem in wrong.items()})
    scenarios = read_scenarios(str(values.get("state", "")))
    edits = dict(scenarios.shown.edits)
    if visit.query.get("fields") == SITE:
        edits["flex-context"] = fields
    else:
        key = int(visit.query.get("fields", "0"))
        others = [entry for entry in edits.get("flex-model", []) if entry.get("asset") != key]
        edits["flex-model"] = [*others, {"asset": key, **fields}] if fields else others
    return Done(text="Planned with these fields.", href=visit.href(**{STATE: scenarios.with_edits(edits).text}))


def what_if_forms(_visit: Visit, content: WhatIfContent) -> Mapping[str, PageForm]:
    """What the user may do on the tab."""
    if content.stored is None:
        return {}
    saving = {"what_if": PageForm(send=save_scenario, button="Save as flex-model")} if content.may_save else {}
    return {**saving, "what_if_fields": PageForm(send=apply_fields, button="Try these fields")}


def read_fields(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Part: the editor of all fields as a browser sent it, checked."""
    content = _opened(visit, session, principal, read_scenarios(str(visit.sent.get("state", ""))))
    if content.editor is None:
        raise EngineError("This is not offered here any more; reload the page.")
    sent = {name: text for name, text in visit.sent.items() if name != "state"}
    return editor_html(content.editor.posted(sent), button="Try these fields")


TAB = TextTab(
    read=read_what_if, show=show_what_if, forms=what_if_forms,
    parts={"what_if": read_moved, "what_if_table": read_table, "what_if_fields": read_fields},
)  # fmt: skip
