"""What a connection to the grid costs and allows, field by field: prices, CO₂, capacities and peaks."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, ClassVar, Final

from pydantic import Strict, ValidationInfo, field_validator

from engine.errors import FieldError
from engine.flex import quantity
from engine.flex.facts import SAYS, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key, SeveralQuantities, read_entries
from engine.flex.parts import PeakBand
from engine.flex.quantity import Fixed, SensorReference
from engine.series.calendar import Calendar
from engine.series.iso_time import duration

VOLTAGE: Final = 230.0
"""Voltage between a phase and neutral, by which currents are powers [V]."""
CURRENT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*A\s*")
"""A current in amperes."""
MOST_DAYS: Final = 31
"""Most days of a month."""


class ConnectionFields(FlexFields):
    """Where the devices of one commodity meet the grid."""

    language: ClassVar[str] = "flex-context"

    commodity: str = described("What the context is about.", example="heat", form="text", default="electricity")
    consumption_price: AnyQuantity = described(
        "Price of energy the site takes from the grid, or any other cost per energy, such as CO₂.",
        example={"sensor": 1},
        unit="currency/kWh",
        kind="price",
        stored="as-sensor",
    )
    production_price: AnyQuantity = described(
        "What energy given to the grid earns; without it, as much as the consumption price.",
        example="0.08 EUR/kWh",
        unit="currency/kWh",
        kind="price",
        stored="as-sensor",
    )
    carbon_intensity: AnyQuantity = described(
        "Mass of CO₂ emitted for each kWh taken from the grid; what a schedule emits is given in its result.",
        example="0.35 kg/kWh",
        kind="carbon",
    )
    production_carbon_intensity: AnyQuantity = described(
        "Mass of CO₂ that each kWh given to the grid saves elsewhere; without it, nothing is counted as saved.",
        example="0.30 kg/kWh",
        kind="carbon",
    )
    consumption_price_sensor: Key | None = described(
        "Sensor with the price of energy taken from the grid.",
        example=1,
        form="sensor",
        replaced_by=("consumption-price",),
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )
    production_price_sensor: Key | None = described(
        "Sensor with the price of energy given to the grid.",
        example=2,
        form="sensor",
        replaced_by=("production-price",),
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )
    site_power_capacity: AnyQuantity = described(
        "Most power through the connection in both directions, always hard.",
        example="25 kVA",
        signed=False,
        kind="capacity",
    )
    site_consumption_capacity: AnyQuantity = described(
        "Most power taken from the grid; soft while a breach price applies.",
        example="20 kW",
        signed=False,
        kind="capacity",
    )
    site_production_capacity: AnyQuantity = described(
        "Most power given to the grid, as a positive value; soft while a breach price applies.",
        example="10 kW",
        signed=False,
        kind="capacity",
    )
    site_consumption_breach_price: AnyQuantity = described(
        "Price of taking more than site-consumption-capacity; 10000 per kW while relaxed, more where energy is dear.",
        example="500 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_production_breach_price: AnyQuantity = described(
        "Price of giving more than site-production-capacity; 10000 per kW while relaxed, more where energy is dear.",
        example="500 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_phase_capacity: AnyQuantity = described(
        "Most power of each phase in either direction, or current at 230 V; soft, as dear as a breach of the site.",
        example="25 A",
        signed=False,
        kind="capacity",
    )
    site_phase_unbalance: AnyQuantity = described(
        "Most by which the powers, or currents, of two phases may differ; soft, likewise.",
        example="4.6 kVA",
        signed=False,
        kind="capacity",
    )
    site_peak_consumption: AnyQuantity = described(
        "Peak of consumption already reached in the month, paid for anyway; one number is for the first month.",
        example="12 kW",
        signed=False,
        kind="peak",
    )
    site_peak_production: AnyQuantity = described(
        "Peak of production already reached in the month, paid for anyway; one number is for the first month.",
        example="3 kW",
        signed=False,
        kind="peak",
    )
    site_peak_consumption_price: AnyQuantity = described(
        "Price of a higher peak of consumption, once a month and for each price.",
        example="4.5 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_peak_production_price: AnyQuantity = described(
        "Price of a higher peak of production, once a month and for each price.",
        example="4.5 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_peak_interval: str | None = described(
        "Length of the intervals of the clock whose mean powers make peaks; without it, each step of the schedule.",
        example="PT1H",
        form="text",
    )
    site_peak_running_consumption: AnyQuantity = described(
        "Mean power taken from the grid so far in the interval that runs when the schedule begins; of a sensor, what "
        "it has measured since.",
        example={"sensor": 5},
        kind="load",
    )
    site_peak_hours: str | None = described(
        "Hours whose intervals make peaks, on the clock of the site: months, days and times, each where it matters.",
        example="Nov-Mar Mon-Fri 07:00-20:00",
        form="text",
    )
    site_peak_share: AnyQuantity = described(
        "Share of the mean power that counts for peaks, such as half at night; beside site-peak-hours both count.",
        example={"sensor": 6},
        signed=False,
        kind="share",
    )
    site_peak_highest_days: Annotated[int | None, Strict()] = described(
        "Number of days of the month with the highest peaks whose mean is paid for; without it, the one highest peak. "
        "With it, site-peak-consumption is the peak of today so far.",
        example=3,
        form="count",
    )
    site_peak_earlier_days: SeveralQuantities = described(
        "Highest peaks of earlier days of the month, for site-peak-highest-days, or the sensor that has measured what "
        "the site takes; without it, what aggregate-power or aggregate-consumption holds.",
        example=["4.2 kW", "3.9 kW"],
        form="quantities",
        default=(),
        signed=False,
        kind="peak",
    )
    site_peak_bands: tuple[PeakBand, ...] = described(
        "Fees of a month by the band in which its peak lies, beside or instead of site-peak-consumption-price.",
        example=[{"up-to": "5 kW", "fee": "250 NOK"}, {"fee": "420 NOK"}],
        form="parts",
        default=(),
    )
    site_peak_floor: AnyQuantity = described(
        "Peak of consumption that is paid for anyway in each month.",
        example="2.5 kW",
        signed=False,
        kind="peak",
        role=SAYS,
    )
    site_peak_ratchet: AnyQuantity = described(
        "Share of the highest peak of a year that is paid for in each of its months; a higher one is paid for in the "
        "next eleven.",
        example="80%",
        signed=False,
        kind="share",
        role=SAYS,
    )
    site_peak_year_consumption: AnyQuantity = described(
        "Highest peak of consumption in the last eleven months, for site-peak-ratchet.",
        example="20 kW",
        signed=False,
        kind="peak",
        role=SAYS,
    )

    @field_validator("site_peak_interval")
    @classmethod
    def _interval(cls, text: str | None) -> str | None:
        lasts = timedelta(days=1) if text is None else duration(text, field="site-peak-interval")
        # Peaks are metered on the clock, in which each day begins with a whole interval.
        if lasts < timedelta(minutes=1) or timedelta(days=1) % lasts:
            raise FieldError("site-peak-interval", "write a part of a day of a minute at least, such as PT15M or PT1H.")
        return text

    @field_validator("site_peak_hours")
    @classmethod
    def _hours(cls, text: str | None) -> str | None:
        if text is not None:
            Calendar.read(text, field="site-peak-hours")
        return text

    @field_validator("site_phase_capacity", "site_phase_unbalance", mode="before")
    @classmethod
    def _of_current(cls, raw: object) -> object:
        found = CURRENT.fullmatch(raw) if isinstance(raw, str) else None
        return raw if found is None else f"{float(found[1]) * VOLTAGE / 1000:.9g} kW"

    @field_validator("site_peak_bands", mode="before")
    @classmethod
    def _bands(cls, raw: object) -> object:
        bands = read_entries(PeakBand, raw, field="site-peak-bands")
        numbers = [band.numbers for band in bands]
        if any(later[0] <= band[0] or later[1] < band[1] for band, later in pairwise(numbers)):
            raise FieldError("site-peak-bands", "write them by rising peaks and fees, the last one without up-to.")
        if bands and bands[-1].up_to is not None:
            raise FieldError("site-peak-bands", "the fee above the last band is missing; add a last one without up-to.")
        return bands

    @field_validator("site_peak_highest_days")
    @classmethod
    def _days(cls, count: int | None) -> int | None:
        if count is not None and not 1 <= count <= MOST_DAYS:
            raise FieldError("site-peak-highest-days", f"it is a number of days of a month, 1 to {MOST_DAYS}.")
        return count

    @field_validator("site_peak_floor", "site_peak_ratchet", "site_peak_year_consumption", "site_peak_earlier_days")
    @classmethod
    def _numbers(cls, read: object, info: ValidationInfo) -> object:
        several = read if isinstance(read, tuple) else () if read is None else (read,)
        measured = info.field_name == "site_peak_earlier_days" and len(several) == 1
        if not all(isinstance(each, Fixed) or (measured and isinstance(each, SensorReference)) for each in several):
            name = str(info.field_name).replace("_", "-")
            raise FieldError(name, "it holds for the whole schedule; write numbers, such as '2.5 kW', or '80%'.")
        return read

    @property
    def legacy_prices(self) -> bool:
        """Whether prices are given the old way, with which nothing is relaxed by default."""
        return self.consumption_price_sensor is not None or self.production_price_sensor is not None

    @property
    def buying(self) -> quantity.Quantity | None:
        """The price of energy taken from the grid, in either spelling."""
        if self.consumption_price is None and self.consumption_price_sensor is not None:
            return SensorReference(self.consumption_price_sensor)
        return self.consumption_price

    @property
    def selling(self) -> quantity.Quantity | None:
        """The price of energy given to the grid, in either spelling; None when nothing is said."""
        if self.production_price is None and self.production_price_sensor is not None:
            return SensorReference(self.production_price_sensor)
        return self.production_price
