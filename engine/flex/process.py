"""The flex-model of a process, field by field."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import SkipValidation, Strict, field_validator, model_validator

from engine.devices.process import ProcessType
from engine.errors import FieldError
from engine.flex import quantity
from engine.flex.facts import SAYS, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key, Moment, SeveralQuantities
from engine.flex.parts import GroupReference
from engine.flex.quantity import Event, Fixed, span

MOST_RUNS: Final = 100
"""Most runs of a process in one schedule: each makes the search longer."""


class ProcessModel(FlexFields):
    """Work of known power and duration."""

    language: ClassVar[str] = "flex-model"
    spellings: ClassVar[Mapping[str, str]] = {"optimization-sense": "optimization-direction"}

    sensor: Key | None = described(
        "Power sensor that receives the schedule.",
        label=("Device", "Power sensor"),
        example=4,
        role=FieldRole.WRITES | FieldRole.DEVICE,
        kind="power",
    )
    asset: Key | None = described(
        "Asset the entry is about, where no power sensor names it.",
        label=("Device", "Asset"),
        example=7,
        form="asset",
        role=FieldRole.DEVICE,
    )
    process_type: ProcessType = described(
        "INFLEXIBLE runs as soon as allowed, SHIFTABLE in one piece at the best time, BREAKABLE in the best steps.",
        label=("Process", "How it may be moved"),
        choices={
            "INFLEXIBLE": "Runs at once",
            "SHIFTABLE": "Runs later in one piece",
            "BREAKABLE": "Runs later in several pieces",
        },
        example="SHIFTABLE",
        form="text",
        default=ProcessType.INFLEXIBLE,
    )
    power: AnyQuantity = described(
        "Power while it runs.", label=("Process", "Power while it runs"), example="200 kW", kind="load"
    )
    duration: str | None = described(
        "How long it runs.", label=("Process", "Running time"), example="PT4H", form="text"
    )
    power_profile: SeveralQuantities = described(
        "Powers of one run, one after the other, in the place of power and duration; INFLEXIBLE or SHIFTABLE only.",
        label=("Process", "Power profile"),
        example=["2 kW", "0.1 kW", "1.5 kW"],
        form="quantities",
        default=(),
        kind="load",
        role=SAYS,
    )
    profile_resolution: str = described(
        "How long each power of power-profile lasts.",
        label=("Process", "Resolution of the power profile"),
        example="PT10M",
        form="text",
        default="PT15M",
    )
    runs: Annotated[int, Strict()] = described(
        "How many times it runs within the schedule, one that has begun included; INFLEXIBLE or SHIFTABLE only.",
        label=("Process", "Number of runs"),
        example=2,
        form="count",
        default=1,
    )
    pause: str | None = described(
        "Least time between two runs.", label=("Process", "Pause between runs"), example="PT1H", form="text"
    )
    price_ceiling: Annotated[Fixed | None, SkipValidation] = described(
        "What a run may add to the costs at most, as a price of each kWh or an amount of money; a run that would add"
        " more is left out, which a warning reports and which costs that amount. Without it, it has to run.",
        label=("Tariff and CO₂", "Price ceiling"),
        example="0.20 EUR/kWh",
        form="text",
        kind="price",
    )
    started: Moment = described(
        "When it has begun, if it is running as the schedule begins; without it, as its power sensor says.",
        label=("Process", "Started at"),
        example="2026-03-02T06:40:00+01:00",
        form="text",
        stored="never",
    )
    time_restrictions: tuple[Event, ...] = described(
        "Times in which it must not run.",
        label=("Process", "Times when it may not run"),
        example=[{"start": "2026-03-02T15:00:00+01:00", "duration": "PT1H"}],
        form="events",
        default=(),
    )
    exclusion_group: str | None = described(
        "Name of a set of processes of which no two run at the same time.",
        label=("Process", "Never at once with"),
        example="wet machines",
        form="text",
    )
    optimization_direction: Literal["MIN", "MAX"] = described(
        "Whether the cheapest or the most expensive time is chosen; optimization-sense is read as well.",
        label=("Process", "Cheapest or most expensive times"),
        choices={"MIN": "Cheapest", "MAX": "Dearest"},
        example="MIN",
        form="text",
        default="MIN",
    )
    commodity: str = described(
        "What it consumes.", label=("Device", "Commodity"), example="heat", form="text", default="electricity"
    )
    group: GroupReference | None = described(
        "Group of devices to which it belongs.",
        label=("Device", "Group"),
        example={"asset": 9},
        form="sensor",
        role=FieldRole.GROUP,
    )

    @field_validator("time_restrictions", mode="before")
    @classmethod
    def _forbidden(cls, raw: object) -> object:
        entries = raw if isinstance(raw, list | tuple) else [raw]
        return tuple(span(entry, f"time-restrictions[{at}]") for at, entry in enumerate(entries))

    @field_validator("price_ceiling", mode="before")
    @classmethod
    def _ceiling(cls, raw: object) -> object:
        return raw if raw is None else quantity.price_or_amount(raw, field="price-ceiling", example="0.20 EUR/kWh")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self._check_timing()
        for field, value, needed in (
            ("power", self.power, "a process needs the power at which it runs, such as '200 kW'."),
            ("duration", self.duration, "a process needs to know how long it runs, such as PT4H."),
        ):
            if value is not None and self.power_profile:
                raise FieldError(field, "power-profile gives it already; leave one of both out.")
            if value is None and not self.power_profile:
                raise FieldError(field, needed)
        for at, power in enumerate(self.power_profile):
            if not isinstance(power, Fixed):
                raise FieldError(f"power-profile[{at}]", "a profile is a list of powers, such as ['2 kW', '0.1 kW'].")
        return self

    def _check_timing(self) -> None:
        """Refuse what cannot hold together."""
        if not 1 <= self.runs <= MOST_RUNS:
            raise FieldError("runs", f"a process runs 1 to {MOST_RUNS} times in a schedule; leave it out otherwise.")
        in_pieces, dearest = self.process_type is ProcessType.BREAKABLE, self.optimization_direction == "MAX"
        for field, clashes, why in (
            ("runs", in_pieces and self.runs > 1, "work in pieces is done once; give its whole duration"),
            ("power-profile", in_pieces and bool(self.power_profile), "a profile runs in one piece; make it SHIFTABLE"),
            ("price-ceiling", dearest and self.price_ceiling is not None, "MAX runs at the most expensive times"),
            ("exclusion-group", dearest and self.exclusion_group is not None, "MAX runs at the most expensive times"),
        ):
            if clashes:
                raise FieldError(field, f"{why}; leave one of both out.")

    @property
    def ceiling(self) -> tuple[float, bool] | None:
        """What a run may add to the costs [currency, or currency/kWh where True follows]; None: no ceiling."""
        return None if self.price_ceiling is None else quantity.number_of_price(self.price_ceiling, "price-ceiling")
