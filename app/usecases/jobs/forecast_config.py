"""How to forecast, as requests say it: regressors, annotations, what is learnt from, bounds."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictInt
from sqlalchemy.orm import Session

from app.auth.access.references import References
from app.jobs.handlers.forecast_request import FEWEST_DAYS, MOST_REGRESSORS, AnnotationRequest, RegressorRequest, Snap
from app.jobs.handlers.forecast_request import USUAL as USUAL_FORECASTER
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Length, Moment, lasting
from engine.errors import FieldError
from engine.units import units

Value: TypeAlias = float | str
"""A number in the unit of the sensor, or a quantity such as ``4 kW``."""


class RegressorReference(Body):
    """A sensor that may explain the one to forecast, and whose values of it count."""

    model_config = HYPHENS

    sensor: StrictInt
    sources: Annotated[tuple[StrictInt, ...], Field(description="Ids of sources; without them all")] = ()
    source_types: Annotated[tuple[str, ...], Field(description="Such as forecaster; without them all")] = ()
    exclude_source_types: Annotated[tuple[str, ...], Field(description="Types of source that do not count")] = ()


class AnnotationReference(Body):
    """Annotations of an account, an asset or a sensor, which are 1 while they last and 0 otherwise."""

    model_config = HYPHENS

    account: StrictInt | None = None
    asset: StrictInt | None = None
    sensor: StrictInt | None = None
    annotation_type: Annotated[str, Field(description="Such as holiday, label, alert")] = "holiday"
    name: Annotated[str, Field(description="What it is called in warnings")] = ""

    def request(self, field: str) -> AnnotationRequest:
        """What the job reads.

        Raises:
            FieldError: Not exactly one of account, asset and sensor is named.
        """
        kinds: tuple[Literal["account", "asset", "sensor"], ...] = ("account", "asset", "sensor")
        named = [(kind, key) for kind in kinds if (key := getattr(self, kind)) is not None]
        if len(named) != 1:
            raise FieldError(field, "name exactly one of account, asset and sensor.")
        ((kind, key),) = named
        return AnnotationRequest(kind=kind, id=key, type=self.annotation_type, name=self.name)


Regressors: TypeAlias = Annotated[tuple[StrictInt | RegressorReference, ...], Field(max_length=MOST_REGRESSORS)]


Snaps: TypeAlias = Annotated[dict[str, tuple[Value, Value]], Field(max_length=MOST_REGRESSORS)]


class ForecastConfig(Body):
    """How to forecast."""

    model_config = HYPHENS

    forecaster: Annotated[str, Field(description="Name of the forecaster")] = USUAL_FORECASTER
    regressors: Annotated[Regressors, Field(description="Sensors whose past and forecasts count")] = ()
    past_regressors: Annotated[Regressors, Field(description="Sensors whose past counts")] = ()
    future_regressors: Annotated[Regressors, Field(description="Sensors whose forecasts count")] = ()
    annotation_regressors: Annotated[
        tuple[AnnotationReference, ...], Field(max_length=MOST_REGRESSORS, description="Annotations that count")
    ] = ()
    train_start: Annotated[Moment | None, Field(description="Begin of what is learnt from")] = None
    train_period: Annotated[
        Length | None, Field(description="Length of what is learnt from, at least two days; without it up to 3 years")
    ] = None
    max_training_period: Annotated[Length | None, Field(description="The same; the shorter of both counts")] = None
    retrain_frequency: Annotated[
        Length | None, Field(description="Accepted: each forecast is fitted to what is known, which takes a moment")
    ] = None
    missing_threshold: Annotated[
        float, Field(ge=0.0, le=1.0, description="Share of values that may be missing in what is learnt from")
    ] = 1.0
    ensure_positive: Annotated[bool, Field(description="No forecast lies below 0")] = False
    lower: Annotated[Value | None, Field(description="No forecast lies below, as a number or such as 0 kW")] = None
    upper: Annotated[Value | None, Field(description="No forecast lies above, as a number or such as 20 kW")] = None
    snap: Snaps = Field(default_factory=dict, description='What values in a range become: {"0 kW": ["0 kW", "4 kW"]}')

    def regressor_requests(self) -> list[tuple[str, RegressorRequest]]:
        """Field and request of each regressor, each sensor once."""
        found: dict[int, tuple[str, RegressorRequest]] = {}
        for name, ahead in (("regressors", True), ("future-regressors", True), ("past-regressors", False)):
            for number, given in enumerate(getattr(self, name.replace("-", "_"))):
                one = RegressorReference(sensor=given) if isinstance(given, int) else given
                request = RegressorRequest(
                    sensor=one.sensor,
                    ahead=ahead,
                    sources=one.sources,
                    source_types=one.source_types,
                    exclude_source_types=one.exclude_source_types,
                )
                found.setdefault(one.sensor, (f"config.{name}[{number}]", request))
        return list(found.values())

    def annotation_requests(self) -> list[tuple[str, AnnotationRequest]]:
        """Field and request of each annotation regressor."""
        fields = [f"config.annotation-regressors[{number}]" for number in range(len(self.annotation_regressors))]
        return [(field, each.request(field)) for field, each in zip(fields, self.annotation_regressors, strict=True)]

    def learnt(self, start: datetime) -> timedelta | None:
        """Length of what is learnt from; None: as much as a forecaster can use.

        Raises:
            FieldError: It is shorter than two days.
        """
        lengths = []
        for name in ("train-period", "max-training-period"):
            text = getattr(self, name.replace("-", "_"))
            if text is not None:
                length = lasting(text, start, field=f"config.{name}")
                if length < FEWEST_DAYS:
                    raise FieldError(f"config.{name}", "two days at least are needed; write it like P30D.")
                lengths.append(length)
        return min(lengths, default=None)

    def bounds(self, unit: str) -> tuple[float | None, float | None]:
        """Lowest and highest value of all forecasts [unit]."""
        lower, upper = (
            None if given is None else _magnitude(given, unit, f"config.{name}")
            for name, given in (("lower", self.lower), ("upper", self.upper))
        )
        if self.ensure_positive:
            lower = max(lower or 0.0, 0.0)
        if lower is not None and upper is not None and lower > upper:
            raise FieldError("config.upper", "it lies below config.lower; give a higher one.")
        return lower, upper

    def snaps(self, unit: str) -> Iterator[Snap]:
        """Ranges whose values become one value [unit].

        Raises:
            FieldError: A value is outside its range, or no quantity.
        """
        for text, ends in self.snap.items():
            field = f"config.snap.{text}"
            target, first, second = (_magnitude(given, unit, field) for given in (text, *ends))
            low, high = sorted((first, second))
            if not low <= target <= high:
                raise FieldError(field, f"it has to lie between {low:g} and {high:g}, as the values that become it do.")
            # The end that is written first belongs to the range.
            yield Snap(target=target, low=low, high=high, closed_above=first > second)


def check_references(session: Session, actor: Actor, config: ForecastConfig) -> None:
    """Refuse a configuration that names what the actor may not read.

    Raises:
        NotAllowed, FieldError: The field is named.
    """
    references: References = actor.references(session)
    for field, regressor in config.regressor_requests():
        sensor = references.sensor(regressor.sensor, field=field)
        if regressor.sources:
            references.sources(regressor.sources, field=f"{field}.sources", sensor=sensor)
    for field, annotation in config.annotation_requests():
        references.annotated(annotation.kind, annotation.id, field=field)


def _magnitude(given: Value, unit: str, field: str) -> float:
    """A number as it is, or a quantity in a unit."""
    if not isinstance(given, str):
        return given
    bare = units.bare_number(given, field=field)
    return units.quantity(given, unit, field=field) if bare is None else bare
