"""The flex-model of a process, field by field."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from engine.devices.process import ProcessType
from engine.errors import FieldError
from engine.flex.facts import FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key, Moment
from engine.flex.parts import GroupReference
from engine.flex.quantity import Event, span


class ProcessModel(FlexFields):
    """Work of constant power and fixed duration."""

    language: ClassVar[str] = "flex-model"
    spellings: ClassVar[Mapping[str, str]] = {"optimization-sense": "optimization-direction"}

    sensor: Key | None = described(
        "Power sensor that receives the schedule.", example=4, role=FieldRole.WRITES | FieldRole.DEVICE, kind="power"
    )
    asset: Key | None = described(
        "Asset the entry is about, where no power sensor names it.", example=7, form="asset", role=FieldRole.DEVICE
    )
    power: AnyQuantity = described("Power while it runs.", example="200 kW", kind="load")
    duration: str | None = described("How long it runs.", example="PT4H", form="text")
    process_type: ProcessType = described(
        "INFLEXIBLE runs as soon as allowed, SHIFTABLE in one piece at the best time, BREAKABLE in the best steps.",
        example="SHIFTABLE",
        form="text",
        default=ProcessType.INFLEXIBLE,
    )
    started: Moment = described(
        "When it has begun, if it is running as the schedule begins; without it, as its power sensor says.",
        example="2026-03-02T06:40:00+01:00",
        form="text",
        stored="never",
    )
    time_restrictions: tuple[Event, ...] = described(
        "Times in which it must not run.",
        example=[{"start": "2026-03-02T15:00:00+01:00", "duration": "PT1H"}],
        form="events",
        default=(),
    )
    optimization_direction: Literal["MIN", "MAX"] = described(
        "Whether the cheapest or the dearest time is chosen; optimization-sense is read as well.",
        example="MIN",
        form="text",
        default="MIN",
    )
    commodity: str = described("What it consumes.", example="heat", form="text", default="electricity")
    group: GroupReference | None = described(
        "Group of devices to which it belongs.", example={"asset": 9}, form="sensor", role=FieldRole.GROUP
    )

    @field_validator("time_restrictions", mode="before")
    @classmethod
    def _forbidden(cls, raw: object) -> object:
        entries = raw if isinstance(raw, list | tuple) else [raw]
        return tuple(span(entry, f"time-restrictions[{at}]") for at, entry in enumerate(entries))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.power is None:
            raise FieldError("power", "a process needs the power at which it runs, such as '200 kW'.")
        if self.duration is None:
            raise FieldError("duration", "a process needs to know how long it runs, such as PT4H.")
        return self
