"""How people read the fields of flexibility: what each is called, in groups and in an order of their own."""

from collections.abc import Mapping
from typing import Final

DEVICE: Final = "Device"
GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Tariff and CO₂": {
        "consumption-price": "Import price",
        "production-price": "Export price",
        "consumption-price-sensor": "Import price, sensor (older spelling)",
        "production-price-sensor": "Export price, sensor (older spelling)",
        "price-ceiling": "Price ceiling",
        "carbon-intensity": "CO₂ of imported energy",
        "production-carbon-intensity": "CO₂ saved by exported energy",
        "carbon-price": "CO₂ price",
        "carbon-cap": "CO₂ cap",
    },
    "Grid connection": {
        "site-power-capacity": "Connection capacity, both directions",
        "site-consumption-capacity": "Import limit",
        "site-production-capacity": "Export limit",
        "site-phase-capacity": "Limit of each phase",
        "site-phase-unbalance": "Phase unbalance limit",
        "commodities": "Other connections (gas, heat, …)",
    },
    "Peaks": {
        "site-peak-consumption-price": "Import peak price",
        "site-peak-production-price": "Export peak price",
        "site-peak-consumption": "Import peak so far",
        "site-peak-production": "Export peak so far",
        "site-peak-interval": "Metering interval of peaks",
        "site-peak-running-consumption": "Import in the running interval",
        "site-peak-hours": "Hours in which peaks count",
        "site-peak-share": "Share of a peak that counts",
        "site-peak-highest-days": "Number of peak days averaged",
        "site-peak-earlier-days": "Peaks of earlier days this month",
        "site-peak-bands": "Capacity fee by band",
        "site-peak-floor": "Lowest peak billed",
        "site-peak-ratchet": "Ratchet",
        "site-peak-year-consumption": "Highest peak of the last year",
    },
    "Loads and generation": {
        "inflexible-consumption": "Loads that are not planned",
        "inflexible-production": "Generation that is not planned",
        "inflexible-device-sensors": "Sensors that are not planned (older spelling)",
        "commitments": "Commitments",
    },
    "Storage": {
        "soc-max": "Usable capacity",
        "soc-min": "Lowest stored energy",
        "soc-minima": "Stored energy at least, at times",
        "soc-maxima": "Stored energy at most, at times",
        "soc-targets": "Targets of stored energy",
        "state-of-charge": "State of charge",
        "soc-at-start": "Stored energy at the start",
        "soc-unit": "Unit of stored energy",
        "soc-gain": "Energy gained from elsewhere",
        "soc-usage": "Energy used from the store",
        "end-value": "Worth of energy left at the end",
    },
    "Heat": {
        "thermal-mode": "Heating or cooling",
        "thermal-capacity": "Thermal capacity",
        "heat-loss": "Heat loss",
        "temperature": "Temperature",
        "temperature-at-start": "Temperature at the start",
        "temperature-min": "Lowest temperature",
        "temperature-max": "Highest temperature",
        "temperature-breach-price": "Price of leaving the temperature range",
        "outdoor-temperature": "Outdoor temperature",
        "source-temperature": "Source temperature",
        "cop-curve": "Coefficient of performance by temperature",
    },
    "Power": {
        "power-capacity": "Power limit, both directions",
        "consumption-capacity": "Charging or consumption limit",
        "production-capacity": "Discharging or production limit",
        "charging-curve": "Charging limit by stored energy",
        "discharging-curve": "Discharging limit by stored energy",
        "ramp-limit": "Ramp limit",
        "power-at-start": "Power at the start",
        "standby-power": "Standby power",
        "phases": "Phases",
        "operation-modes": "Operation modes",
        "min-on": "Shortest run",
        "min-off": "Shortest rest",
        "on-at-start": "Running at the start",
        "switched-at": "Last switched at",
        "charging-from-grid": "May charge from the grid",
        "discharging-to-grid": "May discharge to the grid",
    },
    "Process": {
        "process-type": "How it may be moved",
        "power": "Power while it runs",
        "duration": "Running time",
        "power-profile": "Power profile",
        "profile-resolution": "Resolution of the power profile",
        "runs": "Number of runs",
        "pause": "Pause between runs",
        "started": "Started at",
        "time-restrictions": "Times when it may not run",
        "exclusion-group": "Never at once with",
        "optimization-direction": "Cheapest or most expensive times",
    },
    "Efficiency and wear": {
        "roundtrip-efficiency": "Round-trip efficiency",
        "charging-efficiency": "Charging efficiency",
        "discharging-efficiency": "Discharging efficiency",
        "storage-efficiency": "Share kept in each step",
        "charging-efficiency-curve": "Charging efficiency by power",
        "discharging-efficiency-curve": "Discharging efficiency by power",
        "coupling": "Coupling",
        "coupling-coefficient": "Coupling coefficient",
        "wear-price": "Price of wear",
        "wear-by-power": "Price of wear by power",
        "wear-by-depth": "Price of wear by depth of discharge",
        "start-cost": "Cost of a start",
    },
    "Soft limits": {
        "relax-constraints": "Soften limits at a price",
        "relax-soc-constraints": "Soften stored energies",
        "relax-site-capacity-constraints": "Soften limits of the connection",
        "relax-capacity-constraints": "Soften limits of devices",
        "site-consumption-breach-price": "Price of exceeding the import limit",
        "site-production-breach-price": "Price of exceeding the export limit",
        "soc-minima-breach-price": "Price of storing too little",
        "soc-maxima-breach-price": "Price of storing too much",
        "consumption-breach-price": "Price of exceeding charging limits of devices",
        "production-breach-price": "Price of exceeding discharging limits of devices",
    },
    "Preferences": {
        "prefer-charging-sooner": "Charge sooner where costs are equal",
        "prefer-charging-later": "Charge later where costs are equal",
        "prefer-curtailing-later": "Curtail later where costs are equal",
        "priority": "Priority",
        "fair-share": "Fair share with",
        "hedge-for": "Hedge against forecast errors for",
        "growing-steps": "Longer steps towards the end",
        "terminal-value": "Stored energy wanted at the end",
        "stay-with-plan": "Stay with the last plan unless it saves",
    },
    DEVICE: {
        "sensor": "Power sensor",
        "asset": "Asset",
        "commodity": "Commodity",
        "group": "Group",
    },
    "Where results are stored": {
        "consumption": "Planned consumption",
        "production": "Planned production",
        "set-point": "Set-point",
        "set-point-mode": "Set-point mode",
        "consumption-headroom": "Headroom for consumption",
        "production-headroom": "Headroom for production",
        "consumption-headroom-energy": "Energy of the headroom for consumption",
        "production-headroom-energy": "Energy of the headroom for production",
        "aggregate-consumption": "Planned import of the site",
        "aggregate-production": "Planned export of the site",
        "aggregate-power": "Planned power of the site",
        "aggregate-consumption-headroom": "Headroom of the site for consumption",
        "aggregate-production-headroom": "Headroom of the site for production",
    },
}
"""Group → field → what it is called; both in the order in which they are read."""
ENTRIES: Final[Mapping[str, str]] = {
    "baseline": "Power promised",
    "cop": "Coefficient of performance",
    "consumption-range": "Consumption range",
    "depth": "Depth",
    "down-price": "Price of a lower power",
    "efficiency": "Efficiency",
    "fee": "Fee of a month",
    "name": "Name",
    "power": "Power",
    "price": "Price",
    "production-range": "Production range",
    "sensors": "Power sensors",
    "soc": "Stored energy",
    "temperature": "Temperature",
    "up-price": "Price of a higher power",
    "up-to": "Up to",
}
"""Fields of entries in lists, such as points of curves."""
LABELS: Final[Mapping[str, str]] = {
    **ENTRIES,
    **{name: text for group in GROUPS.values() for name, text in group.items()},
}
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "process-type": {
        "INFLEXIBLE": "Runs at once",
        "SHIFTABLE": "Runs later in one piece",
        "BREAKABLE": "Runs later in several pieces",
    },
    "optimization-direction": {"MIN": "Cheapest", "MAX": "Dearest"},
    "thermal-mode": {"heating": "Heating", "cooling": "Cooling"},
    "soc-unit": {"kWh": "kWh", "MWh": "MWh"},
}
"""Texts of which a field takes one, and what they mean."""


def label_of(name: str) -> str:
    """What people call a field; its own name where it is not known."""
    return LABELS.get(name.replace("_", "-"), name)


def entry_label(name: str) -> str:
    """What people call a field of an entry in a list."""
    return ENTRIES.get(name) or label_of(name)


def group_of(name: str) -> str:
    """Group in which people look for a field."""
    return next((group for group, fields in GROUPS.items() if name in fields), DEVICE)
