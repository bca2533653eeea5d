"""Key figures of all scenarios beside each other."""

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.fragments.templates import note
from app.pages.what_if.scenario_content import ScenarioContent, try_shown
from app.usecases.actor import Actor
from components.tables.fact_table import Cell, table_html
from components.what_if.comparison import difference_text, figure_rows, number_text
from engine.errors import EngineError


def table_of(content: ScenarioContent, session: Session, actor: Actor) -> Markup:
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
    table = table_html(["", *columns], rows, empty="No plan.")
    return table + Markup("").join(note(f"{name}: {text}", "warning") for name, text in problems.items())


def _cell(value: tuple[float | None, str] | None, before: tuple[float | None, str] | None) -> str:
    if value is None or value[0] is None:
        return "no plan" if value is None else "–"
    text = number_text(value[0], value[1])
    if before is None or before[0] is None:
        return text
    return f"{text} ({difference_text(value[0] - before[0], value[1])})"
