"""Why a device does what it does in a step: sentences, and the cost of other powers as a table and a curve."""

from datetime import datetime
from urllib.parse import urlencode

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.tables import ButtonRow, RowButton, button_rows
from app.fragments.templates import note, render
from app.fragments.threads import actor_of
from app.fragments.visit import Visit
from app.pages.plan import requirements_form
from app.pages.plan.content import PlanContent, asked_moment, read_plan
from app.usecases.explanations.explanations import WhyQuery, explain_why
from db.schedules import POWER
from engine.errors import EngineError
from engine.explain.best_cost.cost_curve import CostCurve
from engine.explain.choices import ExplainedChoice
from engine.explain.sentences import choice_sentences
from engine.series.iso_time import to_us
from engine.series.window import Window

NAMES = {"idle": "Rest", "most": "Most power", "least": "Least power", "planned": "As planned", "asked": "As asked"}


def panel(visit: Visit, content: PlanContent) -> Markup:
    """The panel in which a device and a step are chosen; nothing where the schedule cannot be explained."""
    row = content.row
    devices = [] if row is None else list(dict.fromkeys(each.device for each in row.outputs if each.role == POWER))
    if row is None or not devices or not content.reads_inputs:
        return Markup("")
    slots = Window.between(row.start, row.end, row.step).slots
    at = asked_moment(visit)
    asked = at is not None and "device" in visit.query
    present = int(slots.position(at or content.now))
    return render(
        "plan_why",
        devices=devices,
        chosen=visit.query.get("device", devices[0]),
        start=to_us(slots.start) // 1000,
        step=int(row.step.total_seconds() * 1000),
        last=slots.n - 1,
        value=min(max(present, 0), slots.n - 1),
        zone=str(content.local),
        answer_at=f"{visit.path}?{urlencode({**visit.query, 'part': 'plan-why'})}" if asked else "",
    )


def read_why(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """The answer about the device and the step in the address."""
    content, at = read_plan(visit, session, principal), asked_moment(visit)
    if content.row is None or at is None:
        return note("Choose a device and a time of this schedule.")
    row = content.row
    begun = row.start - row.step < at < row.start  # the slot in whose midst the schedule begins
    query = WhyQuery(device=visit.query.get("device", ""), at=row.start if begun else at)
    try:
        stored, choice = explain_why(session, actor_of(principal), content.row.id, query)
    except EngineError as reason:
        return note(str(reason), "warning")
    window, step = stored.site.window, choice.step
    start, end = window.moment(step), window.moment(step + 1)
    told = list(choice_sentences(choice, window, content.local, stored.currency))
    rows = other_rows(choice, stored.currency, (start, end), may_hold=content.may_plan and end > content.now)
    columns = ["Instead", "Power", "Whole schedule costs more"]
    return render(
        "plan_answer",
        title=f"{choice.name}, {content.moment(start)} to {content.moment(end, day=False)}",
        sentences=told,
        curve=curve_svg(choice.curve, choice.power, stored.currency),
        others=button_rows(columns, rows, empty="No other power is possible then."),
        form=requirements_form.form(visit, stored, choice),
    )


def other_rows(
    choice: ExplainedChoice, currency: str, span: tuple[datetime, datetime], *, may_hold: bool
) -> list[ButtonRow]:
    """Other powers with what each costs and a button that holds it."""
    rows = []
    for other in choice.others[1:]:
        most = "at most " if other.is_bound else ""
        price = "equally good" if other.is_as_good else f"{most}{other.extra_cost:,.4f} {currency}"
        hold = RowButton(
            word="hold",
            label="Hold this",
            question=f"Hold {choice.name} at {other.power:.4g} kW then, for {price}? The next schedule plans the rest"
            " around it.",
            agree="Hold it",
        )
        key = "|".join([choice.name, span[0].isoformat(), span[1].isoformat(), repr(other.power)])
        cells = [NAMES[other.name], f"{other.power + 0.0:.4g} kW", price]
        rows.append(ButtonRow(key=key, cells=cells, name=NAMES[other.name], buttons=[hold] if may_hold else []))
    return rows


def curve_svg(curve: CostCurve, power: float, currency: str) -> Markup:
    """Cost of the whole schedule by the power of the device in the step, as a drawing; nothing without a choice."""
    points = [(x, y) for x, y in zip(curve.power, curve.extra_cost, strict=True) if y < float("inf")]
    low, high = (min(x for x, _ in points), max(x for x, _ in points)) if points else (0.0, 0.0)
    top = max((y for _, y in points), default=0.0)
    if high - low < 1e-6:
        return Markup("")
    wide, tall = 560, 120
    places = [((x - low) / (high - low) * wide, tall - (y / top * tall if top > 0 else 0.0)) for x, y in points]
    return render(
        "plan_curve",
        line=" ".join(f"{x:.1f},{y:.1f}" for x, y in places),
        dots=places if curve.sampled else [],
        planned=(power - low) / (high - low) * wide,
        low=f"{low:.4g} kW",
        high=f"{high:.4g} kW",
        top=f"+{top:,.4f} {currency}",
        planned_text=f"planned {power + 0.0:.4g} kW",
        wide=wide,
        tall=tall,
    )
