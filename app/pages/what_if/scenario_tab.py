"""Tab What-if of an asset: sliders and scenarios of its newest schedule; nothing is kept until somebody saves it."""

from collections.abc import Mapping
from datetime import UTC
from itertools import groupby
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.flex.editor import Editor
from app.fragments.flex.views import editor_html
from app.fragments.page import Done, PageForm
from app.fragments.tabs import TextTab
from app.fragments.templates import note, render
from app.fragments.threads import actor_of, reading, writing
from app.fragments.visit import Visit
from app.pages.what_if.knobs import at_edits, turned
from app.pages.what_if.past_year import compare_past_year, read_job
from app.pages.what_if.scenario_content import (
    NO_PLAN,
    SITE,
    STATE,
    ScenarioContent,
    open_scenario,
    plan_scenario,
    read_scenario,
    try_address_edits,
)
from app.pages.what_if.scenarios import MOST, read_scenarios
from app.usecases.actor import Actor
from app.usecases.explanations.flex_edits import save_flex_edits
from app.usecases.inputs import Invalid
from components.tables.fact_table import Cell, table_html
from components.what_if.comparison import ComparedPlan, comparison_html, difference_text, figure_rows, number_text
from engine.errors import EngineError


def show_scenario(visit: Visit, content: ScenarioContent) -> Markup:
    """The tab."""
    if content.stored is None:
        return note(content.problem or NO_PLAN, "warning" if content.problem else "info")
    shown = scenario_html(visit, content) + content.past_year
    if content.editor is not None:
        hidden = Markup('<textarea name="state" form="flex-what_if_fields" hidden data-state>{}</textarea>')
        names = {str(each.asset_id): each.name for each in content.devices}
        heading = Markup("<h3>All fields of {}</h3>").format(names.get(visit.query.get("fields", ""), "the site"))
        shown += heading + hidden.format(content.scenarios.text)
        shown += editor_html(content.editor, button="Try these fields")
    return shown


def scenario_html(visit: Visit, content: ScenarioContent) -> Markup:
    """Sliders of the scenario that is shown, and what it would change."""
    groups = {
        group: list(knobs)
        for group, knobs in groupby(
            at_edits(content.knobs, content.scenarios.current.edits), key=lambda knob: knob.group
        )
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
        currency=content.stored.currency if content.stored else "",
        editors={**editors, SITE: "Site"},
        href=lambda key: visit.href(tab="what-if", fields=key),
        planned=f"{row.belief_time.astimezone(local):%a %-d %b %H:%M}" if row else "",
        schedule=row.id if row else "",
    )


def result_html(content: ScenarioContent) -> Markup:
    """Figures, lines and steps of the scenario that is shown, or why there is no plan."""
    tried = content.tried
    if tried is None:
        return note(content.problem, "warning")
    before, after = (
        ComparedPlan(site=site, schedule=plan, currency=tried.stored.currency, zone=str(tried.stored.place))
        for site, plan in ((tried.stored.site, tried.stored.schedule), (tried.site, tried.schedule))
    )
    return comparison_html(before, after)


def read_moved(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Part: the tab after sliders were moved or scenarios added, named, chosen or removed."""
    sent = {name: text for name, text in visit.sent.items() if isinstance(text, str)}
    scenarios = read_scenarios(sent.get("state"))
    act = sent.get("act", "")
    if act != "state":
        content = open_scenario(visit, session, principal, scenarios)
        edits = turned(content.knobs, scenarios.current.edits, sent)
        scenarios = scenarios.with_edits(edits).renamed(sent.get("name", ""))
        scenarios = (scenarios.costing(sent["investment"]) if "investment" in sent else scenarios).acted(act)
    return scenario_html(visit, plan_scenario(open_scenario(visit, session, principal, scenarios), session))


def read_table(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Part: all scenarios beside each other."""
    content = open_scenario(visit, session, principal, read_scenarios(str(visit.sent.get("state", ""))))
    return table_of(content, session, actor_of(principal))


async def save_scenario(visit: Visit, values: dict[str, Any]) -> Done:
    """Keep the fields of the scenario that is shown on the assets that they are about."""

    def read_sent(session: Session, principal: SignedIn) -> tuple[int, dict[str, Any]]:
        content = open_scenario(visit, session, principal, read_scenarios(str(values.get("state", ""))))
        if content.stored is None:
            raise EngineError(content.problem or NO_PLAN)
        texts = {name: text for name, text in values.items() if isinstance(text, str)}
        return content.stored.row.id, turned(content.knobs, content.scenarios.current.edits, texts)

    schedule_id, edits = await reading(read_sent, visit.principal)
    models, context = edits["flex-model"], edits["flex-context"]
    saved = await writing(
        lambda session, actor: save_flex_edits(session, actor, schedule_id, models, context), visit.principal
    )
    return Done(text=f"Saved on {', '.join(saved)}. The next schedule plans with it.")


async def apply_fields(visit: Visit, values: dict[str, Any]) -> Done:
    """Take the fields of an editor into the scenario that is shown."""

    def read_sent(session: Session, principal: SignedIn) -> Editor:
        content = open_scenario(visit, session, principal, read_scenarios(str(values.get("state", ""))))
        if content.editor is None:
            raise EngineError("This is not offered here any more; reload the page.")
        return content.editor.posted({name: text for name, text in values.items() if name != "state"})

    editor = await reading(read_sent, visit.principal)
    fields, wrong = editor.checked()
    if wrong:
        raise Invalid("form", {name: [problem] for name, problem in wrong.items()})
    scenarios = read_scenarios(str(values.get("state", "")))
    edits = dict(scenarios.current.edits)
    if visit.query.get("fields") == SITE:
        edits["flex-context"] = fields
    else:
        key = int(visit.query.get("fields", "0"))
        others = [entry for entry in edits.get("flex-model", []) if entry.get("asset") != key]
        edits["flex-model"] = [*others, {"asset": key, **fields}] if fields else others
    return Done(text="Planned with these fields.", href=visit.href(**{STATE: scenarios.with_edits(edits).text}))


def scenario_forms(_visit: Visit, content: ScenarioContent) -> Mapping[str, PageForm]:
    """What the user may do on the tab."""
    if content.stored is None:
        return {}
    saving = {"what_if": PageForm(send=save_scenario, button="Save as flex-model")} if content.may_save else {}
    if content.may_ask:
        saving["past_year"] = PageForm(send=compare_past_year)
    return {**saving, "what_if_fields": PageForm(send=apply_fields, button="Try these fields")}


def read_fields(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Part: the editor of all fields as a browser sent it, checked."""
    content = open_scenario(visit, session, principal, read_scenarios(str(visit.sent.get("state", ""))))
    if content.editor is None:
        raise EngineError("This is not offered here any more; reload the page.")
    sent = {name: text for name, text in visit.sent.items() if name != "state"}
    return editor_html(content.editor.posted(sent), button="Try these fields")


TAB = TextTab(
    read=read_scenario, show=show_scenario, forms=scenario_forms,
    parts={"what_if": read_moved, "what_if_table": read_table, "what_if_fields": read_fields, "past_year": read_job},
)  # fmt: skip


def table_of(content: ScenarioContent, session: Session, actor: Actor) -> Markup:
    """Key figures of the schedule and of each scenario, one column each."""
    if content.stored is None:
        return Markup("")
    columns: dict[str, dict[str, tuple[float | None, str]]] = {}
    problems: dict[str, str] = {}
    for number, scenario in enumerate(content.scenarios.scenarios):
        name = f"{scenario.name}" if scenario.name not in columns else f"{scenario.name} ({number + 1})"
        try:
            tried = try_address_edits(session, actor, content.stored, scenario.edits)
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
    table = table_html(["", *columns], rows, empty="No plan.")
    return table + Markup("").join(note(f"{name}: {text}", "warning") for name, text in problems.items())


def _cell(value: tuple[float | None, str] | None, before: tuple[float | None, str] | None) -> str:
    if value is None or value[0] is None:
        return "no plan" if value is None else "–"
    text = number_text(value[0], value[1])
    if before is None or before[0] is None:
        return text
    return f"{text} ({difference_text(value[0] - before[0], value[1])})"
