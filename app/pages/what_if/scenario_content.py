"""Content of the tab What-if: a schedule opened again, its sliders, and what would be planned instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.fragments.flex.choices import list_choices
from app.fragments.flex.editor import Editor, Inherited
from app.fragments.threads import actor_of
from app.fragments.visit import Visit
from app.pages.what_if.knobs import Knob, knobs_of
from app.pages.what_if.past_year import past_year_html
from app.pages.what_if.scenarios import ScenarioSet, read_scenarios
from app.usecases.actor import Actor
from app.usecases.explanations.flex_edits import DescribedDevice, described_devices
from app.usecases.explanations.stored_site import StoredSite, open_site
from app.usecases.explanations.what_if import ScenarioEdits, TriedScenario, try_edits
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
class ScenarioContent:
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
    may_ask: bool = False
    """Whether the user may have a year computed."""
    past_year: Markup = field(default_factory=Markup)
    """Section with what the scenarios would have come to over a year."""

    @property
    def knobs(self) -> list[Knob]:
        """Sliders at the values of the schedule."""
        return [] if self.stored is None else knobs_of(self.stored, self.devices, self.names)


def read_scenario(visit: Visit, session: Session, principal: SignedIn) -> ScenarioContent:
    """Newest schedule of an asset, planned again with what differs in the scenario of the address."""
    return plan_scenario(open_scenario(visit, session, principal, read_scenarios(visit.query.get(STATE))), session)


def open_scenario(visit: Visit, session: Session, principal: SignedIn, scenarios: ScenarioSet) -> ScenarioContent:
    """Newest schedule of an asset opened again, before anything is planned otherwise."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    schedule_id = _schedule_of(visit, session, principal, asset)
    if schedule_id is None:
        return ScenarioContent(asset=asset)
    try:
        stored = open_site(session, actor_of(principal), schedule_id)
    except EngineError as error:
        return ScenarioContent(asset=asset, problem=str(error))
    devices, may_ask = described_devices(session, stored), access.may(principal, "create-children", asset)
    return ScenarioContent(
        asset=asset,
        principal=principal,
        stored=stored,
        devices=devices,
        names=load_names(session, principal, stored),
        scenarios=scenarios,
        may_save=access.may(principal, "update", asset),
        may_ask=may_ask,
        past_year=past_year_html(visit, session, principal, may_ask=may_ask),
        editor=fields_editor(visit.query.get("fields"), session, principal, asset, stored, scenarios),
    )


def plan_scenario(content: ScenarioContent, session: Session) -> ScenarioContent:
    """The same with what would be planned in the scenario that is shown."""
    if content.stored is None or content.principal is None:
        return content
    actor, edits = actor_of(content.principal), content.scenarios.current.edits
    try:
        return replace(content, tried=try_address_edits(session, actor, content.stored, edits))
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


def try_address_edits(session: Session, actor: Actor, stored: StoredSite, edits: Mapping[str, Any]) -> TriedScenario:
    """What would be planned with some edits as they stand in an address; raises as ``try_edits`` does."""
    return try_edits(session, actor, stored, actor.read(ScenarioEdits, edits))


def fields_editor(
    key: str | None, session: Session, principal: SignedIn, asset: Asset, stored: StoredSite, scenarios: ScenarioSet
) -> Editor | None:  # fmt: skip
    """Editor of all fields of a device, or of the site, in the scenario that is shown; None where none is asked for."""
    edits = scenarios.current.edits
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
