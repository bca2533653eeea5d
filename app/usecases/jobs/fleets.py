"""Schedules of many sites at once: a list of them, or all below an asset or of an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.site import bounded
from app.auth.access import access
from app.jobs.handlers import fleet, schedule
from app.jobs.handlers.fleet import FleetPlanned, FleetRequest, FleetSchedules
from app.jobs.submission import Order
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Identifier
from app.usecases.jobs.jobs import ask_once
from app.usecases.jobs.schedules import ContextFields, DeviceFields, FlexFieldValues, ScheduleWindow, own_models
from db.accounts.accounts import Account
from db.assets import Asset, belong_together, subtree
from db.core import database
from db.jobs.jobs import Job
from engine.errors import FieldError


class FleetSite(Body):
    """One of many sites, with what is not stored of it."""

    model_config = HYPHENS

    asset: Identifier
    flex_model: Annotated[list[DeviceFields] | FlexFieldValues, Field(default_factory=list)]
    flex_context: Annotated[ContextFields | list[FlexFieldValues], Field(default_factory=dict)]


class FleetTrigger(ScheduleWindow):
    """Which sites to plan, and from when on; name them by exactly one of sites, below and account."""

    model_config = HYPHENS

    sites: Annotated[
        list[Identifier | FleetSite] | None,
        Field(description="Ids of assets, or objects with asset, flex-model and flex-context"),
    ] = None
    below: Annotated[
        Identifier | None, Field(description="The assets directly below this one that have devices in or below them")
    ] = None
    account: Annotated[
        Identifier | None, Field(description="The topmost assets of this account that have devices in or below them")
    ] = None
    force_new_job_creation: Annotated[bool, Field(description="Plan again although an equal request was made")] = False


@dataclass(frozen=True, kw_only=True)
class FleetOrder:
    """The schedules of many sites that somebody wants."""

    request: FleetRequest
    prior: datetime | None = None
    """As of when to plan; None: as of when it is asked for."""
    force: bool = False
    """Whether to plan although an equal request was made a moment ago."""
    parent_id: int | None = None
    """The asset that all of them are below, if they were named by it."""

    @property
    def asset_ids(self) -> list[int]:
        """Ids of the assets of the sites, in order."""
        return [site.asset for site in self.request.sites]


def order_for(session: Session, actor: Actor, trigger: FleetTrigger) -> FleetOrder:
    """Return the order to plan the sites that somebody names.

    Raises:
        FieldError: There is no site, one is named twice, or there are more than one request may have, or more of their
            devices × steps.
        NotFound: There is no such asset or account.
        NotAllowed: The actor may not read what the sites are below, or may not add to a site that is named.
    """
    named = [trigger.sites, trigger.below, trigger.account]
    if sum(each is not None for each in named) != 1:
        raise FieldError("sites", "name what to plan by exactly one of sites, below and account.")
    if trigger.sites is not None:
        sites = [
            FleetSite(asset=each, flex_model=[], flex_context={}) if isinstance(each, int) else each
            for each in trigger.sites
        ]
    else:
        sites = [FleetSite(asset=key, flex_model=[], flex_context={}) for key in _sites_below(session, actor, trigger)]
    most = actor.settings.most("SITES")
    if len(sites) > most.number:
        raise FieldError("sites", f"{len(sites)} are more than the {most.number} of one request ({most.setting}).")
    ids = [site.asset for site in sites]
    # Two plans of one site at once would write into the same sensors
    if len(set(ids)) < len(ids):
        raise FieldError("sites", "name each asset once.")
    if not sites:
        raise FieldError("sites", "there is nothing to plan; name assets that have devices in or below them.")
    _check_sites(session, actor, ids)
    requests = [
        trigger.request(site.asset, own_models(site.asset, site.flex_model), site.flex_context) for site in sites
    ]
    bounded.check_fleet(requests, schedule.rules(actor.settings).limits)
    return FleetOrder(
        request=FleetRequest(sites=tuple(requests)),
        prior=trigger.prior,
        force=trigger.force_new_job_creation,
        parent_id=trigger.below,
    )


def request_fleet(session: Session, actor: Actor, order: FleetOrder) -> Job:
    """Return the job that plans many sites; the caller hands it to the queue once that is committed.

    Raises:
        NotFound, NotAllowed: A site is gone, or not the actor's to add to any more.
    """
    assets = _check_sites(session, actor, order.asset_ids)
    parent = session.get(Asset, order.parent_id) if order.parent_id is not None else None
    is_theirs = parent is not None and all(asset.account_id == parent.account_id for asset in assets)
    job_order = Order(
        kind="fleet",
        # Who reads the asset above sees the job, if all sites are of its account; else only who asked for it.
        asset_id=parent.id if parent is not None and is_theirs and actor.may("create-children", parent) else None,
        request=order.request.model_dump(mode="json"),
        prior=order.prior,
        user_id=actor.user_id,
        force=order.force,
    )
    return ask_once(session, actor, job_order, lambda: _record(session, actor, order, assets))


def compute_fleet(session: Session, actor: Actor, order: FleetOrder) -> FleetSchedules:
    """Return the schedules of many sites computed at once, in a session that reads; ``save_fleet`` saves them."""
    rules = fleet.fleet_rules(actor.settings, len(order.request.sites))
    return fleet.compute(actor.references(session), order.request, known_at=order.prior or actor.now, rules=rules)


def save_fleet(session: Session, actor: Actor, order: FleetOrder, computed: FleetSchedules) -> FleetPlanned:
    """Save schedules that were computed at once, each with its row, and a line in the audit log of each account.

    Raises:
        InputError: No site could be planned; the first reasons are told.
    """
    _record(session, actor, order, _check_sites(session, actor, order.asset_ids))
    rules = fleet.fleet_rules(actor.settings, len(order.request.sites))
    return fleet.save(session, actor.principal, computed, known_at=order.prior or actor.now, rules=rules)


def _sites_below(session: Session, actor: Actor, trigger: FleetTrigger) -> list[int]:
    """Return the ids of the topmost assets below an asset, or of an account, that have devices in or below them.

    Those that the actor may not plan are left out: nobody named them one by one.
    """
    parent: Asset | None = None
    if trigger.account is not None:
        account = database.get(session, Account, trigger.account)
        actor.check("read", account)
        rows = list(session.scalars(select(Asset).where(Asset.account_id == account.id)))
    else:
        parent = database.get(session, Asset, trigger.below or 0)
        actor.check("read", parent)
        rows = subtree(session, parent.id)[1:]
    by_id, tops = {row.id: row for row in rows}, dict[int, Asset]()
    for row in rows:
        if row.flex_model:
            top = row
            # What another account hung below is a site of its own, and not the actor's to plan with this one.
            while (above := by_id.get(top.parent_asset_id or 0)) is not None and belong_together(above, top):
                top = above
            if parent is None or top.parent_asset_id == parent.id:
                tops[top.id] = top
    return [key for key, top in sorted(tops.items()) if actor.may("create-children", top)]


def _check_sites(session: Session, actor: Actor, ids: Sequence[int]) -> list[Asset]:
    """Return the assets of sites; each must be the actor's to add to.

    Raises:
        FieldError: There is no such asset.
        NotAllowed: One of them is not; it is told which.
    """
    found = {row.id: row for row in session.scalars(select(Asset).where(Asset.id.in_(ids)))}
    for key in ids:
        if key not in found:
            raise FieldError("sites", f"there is no asset {key}.")
        if not actor.may("create-children", found[key]):
            raise access.refusal(actor.principal, "create-children", found[key], field="sites")
    return [found[key] for key in ids]


def _record(session: Session, actor: Actor, order: FleetOrder, assets: Sequence[Asset]) -> None:
    """Write one line for each account: one for each of a thousand sites would hide all others."""
    start = min(site.start for site in order.request.sites).isoformat()
    by_account: dict[int | None, list[Asset]] = {}
    for asset in assets:
        by_account.setdefault(asset.account_id, []).append(asset)
    for account_id, owned in by_account.items():
        row = owned[0] if account_id is None else database.get(session, Account, account_id)
        actor.record(session, f"Asked for the schedules of {len(owned)} sites from {start}", row)
