"""What would it take? A goal and the number that may change for it, asked below the answer of why."""

from urllib.parse import urlencode

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.fields import Field, read_field
from app.fragments.templates import note, render
from app.fragments.threads import actor_of
from app.fragments.visit import Visit
from app.pages.plan.content import asked_moment, read_plan
from app.usecases.explanations.requirements import (
    CHOICES,
    PRICES,
    RequirementsQuestion,
    find_parameter,
    limits_to_ask,
    number_label,
)
from app.usecases.explanations.stored_site import StoredSite
from engine.errors import EngineError
from engine.explain.choices import ExplainedChoice
from engine.explain.goals.needed_sentences import needed_sentences

MANNERS = {"charging": "charge", "idle": "idle", "discharging": "discharge"}
MOST = Field(name="most", label="At most", kind="number", optional=False)


def form(visit: Visit, stored: StoredSite, choice: ExplainedChoice) -> Markup:
    """The form: every goal but what the device does already, and every number of the schedule."""
    goals = {wish: words for wish, words in CHOICES.items() if wish != MANNERS[choice.manner]}
    kept = {name: text for name in ("tab", "schedule", "device", "at") if (text := visit.query.get(name))}
    return render(
        "plan_take",
        at=f"{visit.path}?{urlencode({**kept, 'part': 'plan-take'})}",
        device=choice.name,
        goals=goals,
        numbers={**PRICES, **limits_to_ask(stored)},
        currency=stored.currency,
        cost=f"{choice.cost:.2f}",
    )


def read_take(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """What the number in the address would have to be for the goal in it."""
    content, goal, by = read_plan(visit, session, principal), visit.query.get("goal", ""), visit.query.get("by", "")
    if content.row is None:
        return note("There is no schedule to ask about.")
    asked: dict[str, object] = {"at": asked_moment(visit)}
    try:
        if goal in ("cost", "peak"):
            asked[goal] = read_field(MOST, visit.query.get("most", ""))
        else:
            asked |= {"device": visit.query.get("device", ""), "wish": goal}
        asked |= {"price": by} if by in PRICES else {"limit": by}
        actor = actor_of(principal)
        question = actor.read(RequirementsQuestion, asked)
        stored, needed = find_parameter(session, actor, content.row.id, question)
    except EngineError as reason:
        return note(str(reason), "warning")
    words = needed_sentences(needed, number_label(question), question.words(stored.currency), stored.currency)
    return Markup('<div class="note">{}</div>').format(
        Markup("").join(Markup("<p>{}</p>").format(text) for text in words)
    )
