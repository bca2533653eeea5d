"""What peaks at a connection cost, field by field: prices, hours, bands, and what was reached before."""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Final

from pydantic import Strict, ValidationInfo, field_validator

from engine.errors import FieldError
from engine.flex.connection import ConnectionFields
from engine.flex.facts import SAYS, described
from engine.flex.fields import AnyQuantity, SeveralQuantities, read_entries
from engine.flex.parts import PeakBand
from engine.flex.quantity import Fixed, SensorReference
from engine.series.calendar import Calendar
from engine.series.iso_time import duration

MOST_DAYS: Final = 31
"""Most days of a month."""


class PeakFields(ConnectionFields):
    """Where the devices of one commodity meet the grid, and what the peaks cost there."""

    site_peak_consumption_price: AnyQuantity = described(
        "Price of a higher peak of consumption, once a month and for each price.",
        label=("Peaks", "Import peak price"),
        example="4.5 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_peak_production_price: AnyQuantity = described(
        "Price of a higher peak of production, once a month and for each price.",
        label=("Peaks", "Export peak price"),
        example="4.5 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_peak_consumption: AnyQuantity = described(
        "Peak of consumption already reached in the month, paid for anyway; one number is for the first month.",
        label=("Peaks", "Import peak so far"),
        example="12 kW",
        signed=False,
        kind="peak",
    )
    site_peak_production: AnyQuantity = described(
        "Peak of production already reached in the month, paid for anyway; one number is for the first month.",
        label=("Peaks", "Export peak so far"),
        example="3 kW",
        signed=False,
        kind="peak",
    )
    site_peak_interval: str | None = described(
        "Length of the intervals of the clock whose mean powers make peaks; without it, each step of the schedule.",
        label=("Peaks", "Metering interval of peaks"),
        example="PT1H",
        form="text",
    )
    site_peak_running_consumption: AnyQuantity = described(
        "Mean power taken from the grid so far in the interval that runs when the schedule begins; of a sensor, what "
        "it has measured since.",
        label=("Peaks", "Import in the running interval"),
        example={"sensor": 5},
        kind="load",
    )
    site_peak_hours: str | None = described(
        "Hours whose intervals make peaks, on the clock of the site: months, days and times, each where it matters.",
        label=("Peaks", "Hours in which peaks count"),
        example="Nov-Mar Mon-Fri 07:00-20:00",
        form="text",
    )
    site_peak_share: AnyQuantity = described(
        "Share of the mean power that counts for peaks, such as half at night; beside site-peak-hours both count.",
        label=("Peaks", "Share of a peak that counts"),
        example={"sensor": 6},
        signed=False,
        kind="share",
    )
    site_peak_highest_days: Annotated[int | None, Strict()] = described(
        "Number of days of the month with the highest peaks whose mean is paid for; without it, the one highest peak. "
        "With it, site-peak-consumption is the peak of today so far.",
        label=("Peaks", "Number of peak days averaged"),
        example=3,
        form="count",
    )
    site_peak_earlier_days: SeveralQuantities = described(
        "Highest peaks of earlier days of the month, for site-peak-highest-days, or the sensor that has measured what "
        "the site takes; without it, what aggregate-power or aggregate-consumption holds.",
        label=("Peaks", "Peaks of earlier days this month"),
        example=["4.2 kW", "3.9 kW"],
        form="quantities",
        default=(),
        signed=False,
        kind="peak",
    )
    site_peak_bands: tuple[PeakBand, ...] = described(
        "Fees of a month by the band in which its peak lies, beside or instead of site-peak-consumption-price.",
        label=("Peaks", "Capacity fee by band"),
        example=[{"up-to": "5 kW", "fee": "250 NOK"}, {"fee": "420 NOK"}],
        form="parts",
        default=(),
    )
    site_peak_floor: AnyQuantity = described(
        "Peak of consumption that is paid for anyway in each month.",
        label=("Peaks", "Lowest peak billed"),
        example="2.5 kW",
        signed=False,
        kind="peak",
        role=SAYS,
    )
    site_peak_ratchet: AnyQuantity = described(
        "Share of the highest peak of a year that is paid for in each of its months; a higher one is paid for in the "
        "next eleven.",
        label=("Peaks", "Ratchet"),
        example="80%",
        signed=False,
        kind="share",
        role=SAYS,
    )
    site_peak_year_consumption: AnyQuantity = described(
        "Highest peak of consumption in the last eleven months, for site-peak-ratchet.",
        label=("Peaks", "Highest peak of the last year"),
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
