"""Files that portals and devices write: by which heads they are known, and what is known of them beforehand.

A new one is a few lines of data here, or a ``Profile`` of another package under ``flexscope.file_profiles``.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import plugins


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One kind of file; regular expressions ignore case, and each must be found in one of the heads."""

    name: str
    heads: tuple[str, ...]
    """What the heads say, each a regular expression."""
    value: str | None = None
    """FileHead of the values."""
    time: str | None = None
    """FileHead of the times at which they begin, if several columns hold times."""
    end: str | None = None
    """FileHead of the times at which they end."""
    belief: str | None = None
    """FileHead of the moments of knowledge."""
    series: str | None = None
    """FileHead of the column that names the series of each row, of which only one is wanted."""
    unit: str | None = None
    """Of the values, where the file does not say it."""
    likely_units: tuple[str, ...] = ()
    """Units that such files are in, where the file does not say it and several are usual: it is asked."""
    scale: float = 1.0
    """What 1 in the column of the values is in their unit."""
    options: dict[str, str] = field(default_factory=dict)
    """Options of the layout that the kind of file settles."""


DAY_FIRST, MONTH_FIRST = {"date_order": "day"}, {"date_order": "month"}
STATES = {"value_kind": "until-next"}
PROFILES = (
    Profile(
        name="ENTSO-E Transparency Platform, MTU",
        heads=(r"^MTU\b",),
        value=r"price|load|generation|flow|capacity|forecast",
        options=DAY_FIRST,
    ),
    Profile(name="ENTSO-E Transparency Platform, day-ahead prices", heads=(r"Day-ahead Price \[",), options=DAY_FIRST),
    Profile(
        name="SMARD",
        heads=(r"^Datum von$|^Datum$|^Start date$", r"Originalauflösungen|Berechnete Auflösungen|original resolutions"),
        options={"timezone": "Europe/Berlin"},
    ),
    Profile(
        name="Fluvius",
        heads=(r"^Van \(datum\)$", r"^Tot \(datum\)$", r"^Volume$"),
        value=r"^Volume$",
        options=DAY_FIRST | {"timezone": "Europe/Brussels"},
    ),
    Profile(
        name="Enedis",
        heads=(r"^Horodate$", r"^Valeur$"),
        value=r"^Valeur$",
        unit="W",
        options={"timezone": "Europe/Paris"},
    ),
    Profile(
        name="Green Button CSV",
        heads=(r"^TYPE$", r"^DATE$", r"^START TIME$", r"^END TIME$", r"^(USAGE|IMPORT)"),
        value=r"^(USAGE|IMPORT)",
        options=MONTH_FIRST,
    ),
    Profile(
        name="Octopus Energy",
        heads=(r"^Consumption \(kWh\)$", r"^Start$", r"^End$"),
        value=r"^Consumption",
        unit="kWh",
        options={"timezone": "Europe/London"},
    ),
    Profile(
        name="Tibber",
        heads=(r"^from$", r"^to$", r"^consumption$", r"unit"),
        value=r"^consumption$",
        unit="kWh",
        options={"value_kind": "per-step"},
    ),
    Profile(name="Fronius", heads=(r"^(Datum und Uhrzeit|Date and time)$", r"\|"), options=DAY_FIRST),
    Profile(name="Home Assistant history", heads=(r"^entity_id$", r"^state$", r"^last_changed$"),
            value=r"^state$", series=r"^entity_id$", likely_units=("W", "kW"), options=STATES),
    Profile(name="Home Assistant energy dashboard", heads=(r"^entity_id$", r"^type$", r"^unit$"),
            series=r"^entity_id$", options={"value_kind": "per-step"}),
    Profile(name="InfluxDB", heads=(r"^_time$", r"^_value$"), time=r"^_time$", value=r"^_value$"),
    Profile(name="PVGIS", heads=(r"^time$", r"^P$", r"^G\(i\)$"), value=r"^P$", unit="W", options={"timezone": "UTC"}),
    Profile(name="Shelly", heads=(r"^timestamp$", r"total_act_energy$"), value=r"total_act_energy$", unit="Wh"),
    Profile(
        name="ESB Networks", heads=(r"^MPRN$", r"^Read Value$", r"^Read Type$"), value=r"^Read Value$",
        series=r"^Read Type$", options=DAY_FIRST | {"timezone": "Europe/Dublin"},
    ),
    Profile(name="Eloverblik", heads=(r"^Fra_dato$", r"^Til_dato$"), value=r"^Mængde$",
            options=DAY_FIRST | {"timezone": "Europe/Copenhagen"}),
    Profile(
        name="Datadis or i-DE", heads=(r"^CUPS$", r"^Fecha$", r"^Hora$"), value=r"^(Consumo|AE)_k?Wh$", unit="kWh",
        options=DAY_FIRST | {"timezone": "Europe/Madrid"},
    ),
    Profile(name="Fingrid Datahub", heads=(r"^MeteringPointGSRN$", r"^Start Time$", r"^Quantity$"),
            value=r"^Quantity$"),
    Profile(name="Smart Meter Texas", heads=(r"^ESIID$", r"^USAGE_KWH$"), value=r"^USAGE_KWH$", time=r"^USAGE_DATE$",
            options=MONTH_FIRST | {"timezone": "America/Chicago"}),
    Profile(name="NEM12", heads=(r"^NMI$", r"^suffix$", r"^quality$"), value=r"^value$", series=r"^suffix$",
            options={"value_kind": "per-step"}),
    Profile(name="XML of ENTSO-E", heads=(r"^start$", r"^end$", r"^value$", r"^unit$", r"^series$"), value=r"^value$",
            series=r"^series$", options={"value_kind": "per-step"}),
    Profile(name="AEMO, prices and demand", heads=(r"^SETTLEMENTDATE$", r"^RRP$"), value=r"^(RRP|TOTALDEMAND)$",
            options={"timezone": "Etc/GMT-10", "stamps": "end"}),
    Profile(name="CAISO OASIS", heads=(r"^INTERVALSTARTTIME_GMT$", r"^OPR_HR$"), value=r"^(MW|PRC|VALUE|LMP_PRC)$"),
    Profile(name="KNMI", heads=(r"^(# )?STN$", r"^YYYYMMDD$", r"^HH?$"), value=r"^T(10N|D)?$", unit="°C", scale=0.1,
            options={"timezone": "UTC"}),
    Profile(name="MeteoSwiss", heads=(r"^station_abbr$", r"^reference_timestamp$"), value=r"^(?!station|reference)",
            options=DAY_FIRST | {"timezone": "UTC"}),
    Profile(name="Meteostat", heads=(r"^hour$", r"^temp$", r"^(temp_source|rhum|coco)$"), value=r"^temp$", unit="°C",
            options={"timezone": "UTC"}),
    Profile(name="Solar-Log", heads=(r"^#?Datum$", r"^Uhrzeit$", r"^INV$", r"^Pac$"), value=r"^(Pac|Pdc\d?)$", unit="W",
            options=DAY_FIRST),
    Profile(name="Kostal Piko", heads=(r"^Zeit$", r"^DC1 U$", r"^AC1 P$"), value=r"^(DC|AC)\d P$", unit="W"),
    Profile(name="DWD", heads=(r"^STATIONS_ID$", r"^MESS_DATUM$"), value=r"^(?!STATIONS|MESS|QN)",
            options={"timezone": "UTC"}),
    Profile(
        name="charging sessions",
        heads=(
            r"start|begin|created|plug.?in|connected", r"stop|end|finish|disconnected|unplug", r"energy|kWh|charged"
        ),
        value=r"^(?!.*(meter|price|cost|tariff|counter|/kWh)).*(energy|kWh|charged)",
        end=r"^(?!.*(meter|zone)).*(stop|end|finish|disconnected|unplug)",
        options={"value_kind": "per-step"},
    ),
    Profile(name="aWATTar", heads=(r"^start_timestamp$", r"^marketprice$"), value=r"^marketprice$", unit="EUR/MWh"),
    Profile(
        name="SMA",
        heads=(r"dd\.MM\.yyyy|^SMA|Sunny|\bSB\b", r"kWh|kW"),
        options=DAY_FIRST,
    ),
    Profile(
        name="SolarEdge",
        heads=(r"^(Time|Date|Date/Time)$", r"^(System Production|Production|Energy|AC.*Power) \((W|Wh|kWh)\)$"),
        value=r"^(System Production|Production|Energy|AC)",
    ),
    Profile(name="FlexMeasures", heads=(r"^event_start$", r"^event_value$"), value=r"^event_value$",
            belief=r"^belief_time$", series=r"^sensor(_id)?$"),
    Profile(name="Flexscope", heads=(r"^sensor_id$", r"^event_start$", r"^belief_time$", r"^value$"), value=r"^value$",
            belief=r"^belief_time$", series=r"^sensor_id$"),
    Profile(name="Green Button XML", heads=(r"^start$", r"^end$", r"^value \[Wh\]$|^value$"), value=r"^value",
            likely_units=("Wh", "kWh"), options={"value_kind": "per-step"}),
)  # fmt: skip
"""The first one that fits counts."""


def profile_of(heads: Sequence[str]) -> Profile | None:
    """Return the kind of file that some heads tell of."""
    others: Iterable[Any] = plugins.known("file_profiles").values()
    # Those of other packages first, so that they can know a file better than ours do.
    profiles: list[Profile] = [*others, *PROFILES]
    for profile in profiles:
        if all(any(re.search(wanted, head.strip(), re.IGNORECASE) for head in heads) for wanted in profile.heads):
            return profile
    return None


def columns_like(heads: Sequence[str], pattern: str | None) -> list[int]:
    """Return the columns whose head a regular expression is found in."""
    if pattern is None:
        return []
    return [place for place, head in enumerate(heads) if re.search(pattern, head.strip(), re.IGNORECASE)]
