"""Every field of flex-models and flex-contexts with right and wrong values, in requests and stored on assets."""

from collections.abc import Iterator
from typing import Any

from tests.twin.case import START, Case, Request, Scene, text_of
from tests.twin.server import Json

NEXT = "2026-03-02T00:30:00+01:00"
SITE = Scene(
    "flex",
    assets={
        "site": {},
        "battery": {"type": "battery", "parent": "site"},
        "car": {"type": "one-way_evse", "parent": "site"},
        "market": {"type": "process"},
        "foreign": {"user": "rival"},
    },
    sensors={
        "power": {"asset": "battery", "unit": "kW"},
        "soc": {"asset": "battery", "unit": "kWh", "resolution": "PT0M"},
        "charging": {"asset": "car", "unit": "kW"},
        "price": {"asset": "market", "unit": "EUR/MWh", "resolution": "PT1H"},
        "limit": {"asset": "site", "unit": "kW"},
        "heat": {"asset": "site", "unit": "°C"},
        "share": {"asset": "site", "unit": "%"},
        "total": {"asset": "site", "unit": "kW"},
        "theirs": {"asset": "foreign", "unit": "kW", "user": "rival"},
    },
    requests=(
        Request(
            "POST", "/sensors/{price}/data", {"start": START, "duration": "PT2H", "values": [50, 70], "unit": "EUR/MWh"}
        ),
        Request("POST", "/sensors/{limit}/data", {"start": START, "duration": "PT2H", "values": [4] * 8, "unit": "kW"}),
        Request("POST", "/sensors/{share}/data", {"start": START, "duration": "PT2H", "values": [90] * 8, "unit": "%"}),
        Request("POST", "/sensors/{soc}/data", {"start": START, "duration": "PT0H", "values": [5], "unit": "kWh"}),
    ),
)
MODEL = {"soc-at-start": "5 kWh", "soc-min": "0 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
CONTEXT = {"consumption-price": "0.30 EUR/kWh", "site-power-capacity": "20 kW"}
WRONG: list[Json] = [5, "much", None, {"sensor": 999999}, {"sensor": "$heat"}]
MORE_WRONG: list[Json] = [
    -5,
    True,
    "",
    "5",
    "5 parsecs",
    {},
    [],
    {"sensor": "power"},
    {"sensor": "$theirs"},
    {"foo": 1},
]
KINDS = {  # a right value, one of a wrong dimension, one below zero
    "power": ("4 kW", "4 kWh", "-4 kW"),
    "energy": ("4 kWh", "4 kW", "-4 kWh"),
    "energy price": ("0.2 EUR/kWh", "0.2 EUR/kW", "-0.2 EUR/kWh"),
    "power price": ("0.2 EUR/kW", "0.2 EUR/kWh", "-0.2 EUR/kW"),
    "share": ("90 %", "90 kW", "-90 %"),
    "sensor": ({"sensor": "$total"}, "4 kW", [{"sensor": "$total"}]),
    "sensors": ([{"sensor": "$limit"}], "4 kW", [{"sensor": "$limit"}, {"sensor": "$limit"}]),
    "ids": (["$limit"], "4 kW", ["$limit", "$limit"]),
    "id": ("$price", "4 kW", [1]),
    "flag": (True, "perhaps", 2),
    "list of powers": (["1 kW"], ["1 kWh"], ["-1 kW"]),
    "soc": ({"sensor": "$soc"}, {"sensor": "$limit"}, "5 kWh"),
    "commitments": ([{"name": "c", "baseline": "1 kW", "up-price": "1 EUR/kWh"}], [{"name": "c"}], {"name": "c"}),
    "modes": ([{"consumption-range": ["1 kW", "4 kW"]}], [{"consumption-range": ["4 kW", "1 kW"]}], [{}]),
    "text": ("electricity", 7, ""),
    "unit": ("kWh", "kW", "Wh"),
}
SERIES_KINDS = ("power", "energy", "energy price", "power price", "share")
MODEL_FIELDS = {
    "power-capacity": "power", "consumption-capacity": "power", "production-capacity": "power",
    "soc-at-start": "energy",
    "soc-min": "energy", "soc-max": "energy", "soc-minima": "energy", "soc-maxima": "energy", "soc-targets": "energy",
    "charging-efficiency": "share", "discharging-efficiency": "share", "roundtrip-efficiency": "share",
    "storage-efficiency": "share", "soc-gain": "list of powers", "soc-usage": "list of powers", "consumption": "sensor",
    "production": "sensor", "state-of-charge": "soc", "prefer-charging-sooner": "flag",
    "prefer-curtailing-later": "flag",
    "operation-modes": "modes", "commodity": "text", "soc-unit": "unit", "coupling": "text",
    "coupling-coefficient": "share", "group": "sensor", "sensor": "id",
}  # fmt: skip
CONTEXT_FIELDS = {
    "consumption-price": "energy price", "production-price": "energy price", "site-power-capacity": "power",
    "site-consumption-capacity": "power", "site-production-capacity": "power",
    "site-consumption-breach-price": "power price", "site-production-breach-price": "power price",
    "site-peak-consumption": "power", "site-peak-production": "power", "site-peak-consumption-price": "power price",
    "site-peak-production-price": "power price", "soc-minima-breach-price": "energy price",
    "soc-maxima-breach-price": "energy price", "consumption-breach-price": "power price",
    "production-breach-price": "power price", "relax-constraints": "flag", "relax-soc-constraints": "flag",
    "relax-site-capacity-constraints": "flag", "relax-capacity-constraints": "flag", "commitments": "commitments",
    "inflexible-consumption": "sensors", "inflexible-production": "sensors", "inflexible-device-sensors": "ids",
    "consumption-price-sensor": "id", "production-price-sensor": "id", "aggregate-power": "sensor",
    "aggregate-consumption": "sensor", "aggregate-production": "sensor", "commodity": "text",
}  # fmt: skip


def cases() -> Iterator[Case]:
    """Return a case per field, value and place."""
    for field, kind in MODEL_FIELDS.items():
        for value in values(kind, in_full=_first(MODEL_FIELDS, field)):
            model = {key: item for key, item in MODEL.items() if not shadowed(key, field)} | {field: value}
            yield trigger(f"model {field} {text_of(value)}", model, CONTEXT)
    for field, kind in CONTEXT_FIELDS.items():
        for value in values(kind, in_full=_first(CONTEXT_FIELDS, field)):
            legacy = field in ("consumption-price-sensor",)
            context = {key: item for key, item in CONTEXT.items() if not (legacy and key == "consumption-price")}
            yield trigger(f"context {field} {text_of(value)}", MODEL, context | {field: value})
    yield from cases_of_lists()
    yield from stored()


def values(kind: str, *, in_full: bool) -> list[Json]:
    """Return right and wrong values of a kind of field: all of them, or those that fields of a kind may differ in."""
    right, foreign, negative = KINDS[kind]
    found: list[Json] = [right, foreign, negative, *WRONG]
    if kind in SERIES_KINDS:
        found.append(str(right).split()[-1])  # a unit without a number
    if kind in SERIES_KINDS:
        found += series(right, foreign)[:: 1 if in_full else 4]
    if in_full:
        found += MORE_WRONG
    if in_full and kind == "power":
        found += [{"sensor": "$limit"}, "(30/2 - 11) kW", "4 kVA", "4000 W", "0 kW"]
    if kind == "share" and in_full:
        found += [{"sensor": "$share"}, 0.9, "150 %", "0.9", 1.5]
    return list({text_of(value): value for value in found}.values())


def _first(fields: dict[str, str], field: str) -> bool:
    """Is this the first field of its kind?"""
    return next(name for name in fields if fields[name] == fields[field]) == field


def series(right: Json, foreign: Json) -> list[Json]:
    """Return right and wrong series of events."""
    event = {"start": START, "duration": "PT30M"}
    return [
        [{"value": right, "datetime": NEXT}],
        [{"value": right, **event}],
        [{"value": foreign, **event}],
        [{"value": right, **event}, {"value": foreign, **event}],
        [{"value": 4, **event}],
        [{"value": right}],
        [event],
        [{"value": right, "datetime": "tomorrow"}],
        [{"value": right, "datetime": "2026-03-02T00:30:00"}],
        [{"value": right, "start": START}],
        [{"value": right, "start": START, "end": NEXT, "duration": "PT1H"}],
        [{"value": right, "start": NEXT, "end": START}],
        [{"value": right, "start": START, "duration": "soon"}],
    ]


def shadowed(key: str, field: str) -> bool:
    """Does a field of the request make one of the model superfluous?"""
    return key == field or (field == "state-of-charge" and key == "soc-at-start")


def trigger(name: str, model: Json, context: Json, **more: Any) -> Case:
    """Return a case that plans one device for an hour at the address of its sensor."""
    body = {"start": START, "duration": "PT1H", "flex-model": model, "flex-context": context} | more
    body["force-new-job-creation"] = True
    return Case(f"flex {name}", SITE, (Request("POST", "/sensors/{power}/schedules/trigger", body),))


def cases_of_lists() -> Iterator[Case]:
    """Return cases at the address of an asset, where the place in the list is part of the path."""
    entry = {"sensor": "$power", **MODEL}
    faults: dict[str, Json] = {"soc-min": "much", "power-capacity": "4 kWh", "soc-targets": [{"value": "4 kWh"}]}
    faults |= {"sensor": 999999, "soc-usage": ["1 kW", "1 kWh"], "unheard-of": 1, "storage-efficiency": "x"}
    for field, value in faults.items():
        for place in (0, 1):
            second = {"sensor": "$charging", "power-capacity": "4 kW"}
            models = [entry, second]
            models[place] = models[place] | {field: value}
            body = {"start": START, "duration": "PT1H", "flex-model": models, "flex-context": CONTEXT}
            yield Case(f"flex list {place} {field}", SITE, (Request("POST", "/assets/{site}/schedules/trigger", body),))
    for name, models in {"no-list": entry, "empty": [], "text": "x", "numbers": [1], "no-device": [MODEL]}.items():
        body = {"start": START, "duration": "PT1H", "flex-model": models, "flex-context": CONTEXT}
        yield Case(f"flex list {name}", SITE, (Request("POST", "/assets/{site}/schedules/trigger", body),))


def stored() -> Iterator[Case]:
    """Return cases that store one field on an asset."""
    for place, fields in (("flex_model", MODEL_FIELDS), ("flex_context", CONTEXT_FIELDS)):
        for field, kind in fields.items():
            right, foreign, _ = KINDS[kind]
            event = [{"value": right, "start": START, "duration": "PT30M"}] if kind in SERIES_KINDS else []
            for value in [
                right,
                foreign,
                "much",
                {"sensor": 999999},
                {"sensor": "$price"},
                *([event] if event else []),
            ]:
                body = {place: {field: value}}
                asset = "{battery}" if place == "flex_model" else "{site}"
                requests = (
                    Request("PATCH", f"/assets/{asset}", body, look="keys" if value == right else "all"),
                    Request("PATCH", f"/assets/{asset}", {place: {}}, look="status"),
                )
                yield Case(f"flex stored {place} {field} {text_of(value)}", SITE, requests)
