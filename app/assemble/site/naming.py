"""What a flex-model or flex-context names, read off its fields: every sensor and asset is asked for before any is read.

A field of any of these types is found by itself, wherever it stands: ``SensorReference``, ``Output``, ``Place`` and
``Key`` of ``engine/flex``. What is not found here cannot be used either, as rows are got from ``References`` only.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from app.assemble.site.flex_config import OLD_CAPACITIES, OLD_SHARES, OLD_SITE_CAPACITIES
from app.auth.access.references import References
from engine.flex.context import FlexContext
from engine.flex.fields import FlexFields
from engine.flex.parts import Output
from engine.flex.quantity import SensorReference
from engine.flex.storage import StorageModel

RESULTS = {"state-of-charge"}
"""Fields with a sensor that is read, and written to as well."""
RECEIVE = RESULTS | {
    name.replace("_", "-")
    for fields in (StorageModel, FlexContext)
    for name, about in fields.model_fields.items()
    if about.annotation == Output | None
}
"""Fields with a sensor that is written to."""


class Mention(NamedTuple):
    """One reference in a field."""

    field: str
    """Path in the spelling with hyphens, such as ``commitments.baseline``."""
    key: int
    use: Literal["sensor", "output", "asset"]
    reference: SensorReference | None = None


def mentions(fields: FlexFields) -> Iterator[Mention]:
    """Give everything that fields name, with the path of each."""
    for name in type(fields).model_fields:
        hyphened = name.replace("_", "-")
        use: Literal["sensor", "output", "asset"] = "asset" if name == "asset" else "sensor"
        yield from _in_value(getattr(fields, name), hyphened, "output" if hyphened in RESULTS else use)


def _in_value(value: object, path: str, use: Literal["sensor", "output", "asset"]) -> Iterator[Mention]:
    match value:
        case SensorReference():
            yield Mention(path, value.sensor, use, value)
        case Output():
            yield Mention(path, value.sensor, "output")
        case FlexFields():
            yield from (found._replace(field=f"{path}.{found.field}") for found in mentions(value))
        case tuple():
            for each in value:
                yield from _in_value(each, path, use)
        case int() if type(value) is int:
            yield Mention(path, value, use)


def ask_for(references: References, fields: FlexFields, origins: Mapping[str, str], *, of: str = "") -> None:
    """Resolve everything that fields name, so that a refusal tells the field and where it was written.

    Args:
        references: Of the one who asks.
        fields: As read.
        origins: Where each field comes from, in the spelling it was written in; see ``Effective``.
        of: What the fields describe, for errors; such as the name of a device.

    Raises:
        FieldError: There is no such row.
        NotAllowed: It is not the principal's to read, or to write to.
    """
    written = {name.replace("_", "-"): origin for name, origin in origins.items()}
    for found in mentions(fields):
        origin = written.get(found.field.partition(".")[0], "request")
        field = f"{of}: {found.field}" if of else found.field
        field = field if origin == "request" else f"{field} of {origin}"
        if found.use == "asset":
            references.asset(found.key, field=field)
            continue
        sensor = references.output(found.key, field=field) if found.use == "output" else None
        sensor = sensor or references.sensor(found.key, field=field)
        if found.reference is not None and found.reference.sources:
            references.sources(found.reference.sources, field=f"{field}.sources", sensor=sensor)
        if found.reference is not None and found.reference.source_account is not None:
            account = found.reference.source_account
            references.account(account, field=f"{field}.source-account", sensor=sensor)


def ask_for_stored(references: References, config: object, *, field: str) -> None:
    """Refuse at once to store what names rows that are not the writer's to use.

    Without it nobody could read more, as all is asked for again where it is used. But a plan that somebody with more
    rights asks for later would use what the writer may not, and store what it makes of that.

    Args:
        references: Of the one who writes.
        config: A flex-model or flex-context as it was written, complete or not.
        field: Which of them, for errors.

    Raises:
        FieldError: A reference is no whole number, or there is no such row.
        NotAllowed: It is not the writer's to read, or to write to.
    """
    if isinstance(config, list | tuple):
        for each in config:
            ask_for_stored(references, each, field=field)
    elif isinstance(config, Mapping):
        for key, value in config.items():
            name, path = str(key).lower().replace("_", "-"), f"{field}.{key}"
            if name == "asset" or name.endswith(("sensor", "sensors")):
                _ask_for_ids(references, value, field=path, use="asset" if name == "asset" else "sensor")
            elif name in RECEIVE and isinstance(value, Mapping) and "sensor" in value:
                references.output(value["sensor"], field=path)
            ask_for_stored(references, value, field=path)


def _ask_for_ids(references: References, value: object, *, field: str, use: Literal["asset", "sensor"]) -> None:
    for each in value if isinstance(value, list) else [value]:
        if each is None or isinstance(each, Mapping):
            continue
        if use == "asset":
            references.asset(each, field=field)
        else:
            references.sensor(each, field=field)


def ask_for_old_attributes(references: References, attributes: Mapping[str, Any]) -> None:
    """Refuse attributes of older releases that name what is not the writer's to use; see ``ask_for_stored``."""
    if type(market := attributes.get("market_id")) is int:
        references.sensor(market, field="attributes.market_id")
    for name in ("market_id", *OLD_SHARES, *OLD_SITE_CAPACITIES, *OLD_CAPACITIES):
        ask_for_stored(references, attributes.get(name), field=f"attributes.{name}")
