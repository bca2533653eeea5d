"""What may be stored as the flex-model or the flex-context of an asset: the same on every way in.

One bad entry would stop every plan of its site, long after whoever wrote it has gone home.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.site.flex_config import model_kind
from app.assemble.site.naming import Mention, ask_for, check_unit, mentions, rest_of_process, takes_unit
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.usecases.actor import Actor
from app.usecases.inputs import Invalid
from db.sensors import Sensor
from engine.errors import EngineError, FieldError, keys_of
from engine.flex.context import FlexContext
from engine.flex.facts import Target
from engine.flex.fields import FlexFields
from engine.flex.storage import contradictions


def check_flex_model(references: References, asset_type: str, raw: Mapping[str, Any]) -> None:
    """Refuse a flex-model that could not be planned with.

    Args:
        references: Of whoever stores it.
        asset_type: Name of the type of the asset, which tells a process from a device.
        raw: As it was written.

    Raises:
        Invalid: A field is unknown, has a wrong unit or belongs to one request; or there is no such sensor or asset.
        NotAllowed: It names what is not the actor's to read, or to write to.
    """
    _check(references, model_kind(asset_type, raw), raw, "flex_model")


def check_flex_context(references: References, raw: Mapping[str, Any]) -> None:
    """Refuse a flex-context that could not be planned with; see ``check_flex_model``."""
    _check(references, FlexContext, raw, "flex_context")


def field_problems(kind: type[FlexFields], raw: Mapping[str, Any], *, stored: bool = True) -> dict[str, FieldError]:
    """Reasons why fields cannot be stored, or where they are not kept, be planned with, by name as written."""
    problems: dict[str, FieldError] = {}
    for name, value in raw.items():
        plain = str(name).replace("_", "-")
        # One by one, so that everything that is wrong is told at once.
        try:
            fields = kind.read({name: value})
            if stored:
                fields.refuse_unstorable()
        except FieldError as error:
            if error.field.replace("_", "-").startswith(plain):  # else another field is lacking, which may come yet
                problems[str(name)] = error
        except EngineError as error:
            problems[str(name)] = FieldError(plain, str(error))
    return problems


def flex_problems(kind: type[FlexFields], raw: Mapping[str, Any], *, stored: bool = True) -> dict[str, str]:
    """What is wrong with fields, each by itself and together, by the name at which to change it; empty if nothing is.

    Args:
        kind: What they describe.
        raw: As users write them.
        stored: Whether they are kept on an asset, where some fields and forms are not taken.
    """
    problems = {
        str(name).replace("_", "-"): error.problem for name, error in field_problems(kind, raw, stored=stored).items()
    }
    if problems:
        return problems
    try:
        return contradictions(_whole(kind, raw))
    except FieldError as error:
        return {keys_of(error.field)[0].replace("_", "-"): error.problem}


def _whole(kind: type[FlexFields], raw: Mapping[str, Any]) -> FlexFields:
    """Fields as read; requests may add what a process lacks, and stand-ins for it let the rest be read."""
    return kind.read({**rest_of_process(kind, raw), **raw})


def _check(references: References, kind: type[FlexFields], raw: Mapping[str, Any], column: str) -> None:
    if not raw:
        return
    if problems := field_problems(kind, raw):
        raise Invalid("json", {error.inside(column).field: [error.problem] for error in problems.values()})
    try:
        config = _whole(kind, raw)
        for name, problem in contradictions(config).items():
            raise FieldError(name, problem)
    except FieldError as error:
        raise error.inside(column) from None
    try:
        ask_for(references, config, {})
    except FieldError as error:
        raise error.inside(column) from None


def mentions_elsewhere(session: Session, asset_ids: Collection[int]) -> list[Mention]:
    """Fields of the flex-configs of other assets that name one of some assets or their sensors."""
    sensor_ids = session.scalars(select(Sensor.id).where(Sensor.asset_id.in_(asset_ids)))
    targets: set[tuple[Target, int]] = {("sensor", key) for key in sensor_ids} | {("asset", key) for key in asset_ids}
    return [mention for mention in mentions(session, targets) if mention.asset.id not in asset_ids]


def record_deletion(session: Session, actor: Actor, deleted: str, naming: Iterable[Mention]) -> None:
    """Say in the audit logs of the assets whose flex-config names what is deleted that it is, for whoever plans them.

    The fields stay as they are, so that a schedule is refused with the name of the field: without a limit or a price it
    would be computed and be wrong.
    """
    for mention in naming:
        actor.record(session, f"{deleted} was deleted, which {mention.field} of this asset names", mention.asset)


def deletion_warning(principal: SignedIn | None, naming: Iterable[Mention]) -> str:
    """Sentence to be read before something is deleted that flex-configs name; empty where none does.

    Args:
        principal: Who reads it; of assets that he may not read only the number is told. None: the operator.
        naming: The fields that name it.
    """
    listed, hidden = [], set[int]()
    for each in naming:
        if principal is None or access.may(principal, "read", each.asset):
            listed.append(f"{each.field} of asset {each.asset.id} ({each.asset.name})")
        else:
            hidden.add(each.asset.id)
    if hidden:
        listed.append(f"the flex-config of {len(hidden)} asset(s) of other accounts")
    if not listed:
        return ""
    return f"It is named by {', '.join(listed)}: their schedules are refused until another one is named there."


def check_unit_where_named(session: Session, sensor: Sensor, before: tuple[str, timedelta]) -> None:
    """Refuse a new unit or resolution of a sensor with which a flex-config that names it could not be planned any more.

    Args:
        session: A session of any kind.
        sensor: The sensor as it is to be.
        before: Unit and resolution it had; what could not be planned with these is let pass.

    Raises:
        FieldError: A field of some asset takes no values in the new unit.
    """
    for mention in mentions(session, {("sensor", sensor.id)}):
        reference, where = mention.reference, f"{mention.field} of asset {mention.asset.id} ({mention.asset.name})"
        if reference is not None and takes_unit(reference, before[0], lasts=bool(before[1])):
            check_unit(sensor, reference, field=where)
