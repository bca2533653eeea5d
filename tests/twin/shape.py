"""Answers without what differs from server to server: ids, moments of now, tokens and sentences."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import isodate

from tests.twin.server import Json

TEXT, ID, NOW, UUID, URL = "<text>", "<id>", "<now>", "<uuid>", "<url>"
ID_KEYS = re.compile(
    r"(^|[_-])(ids?|sensors?|assets?|source|user|account|owner|root|parent|sensors_to_show|flexmeasures_roles)$"
)
QUANTITY = re.compile(r"-?[\d.,e+-]+ [^\s\d]\S*")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")
VOLATILE = re.compile(
    r"token|version$|exc-info|func-name|^origin$|^time_last|_at$|-at$|^event_datetime$|^host|num-beliefs|^id_name"
    r"|^entity_address$|^num-records$|^staleness",
    re.I,
)
PLACES = {
    "json",
    "query",
    "path",
    "files",
    "flex_model",
    "flex_context",
    "combined_sensor_data_description",
    "combined_sensor_data_upload",
}
"""Parts of a request that stand above the fields of a message; which part a field came in by says little."""
WHOLE = "_schema"
"""Stands for a field where the message is about several."""
ABSOLUTE, RELATIVE = 1e-3, 1e-4
"""How far numbers may be apart."""


def canonical(value: Json, tag: str, key: str = "") -> Json:
    """Return an answer with place-holders where two servers cannot agree.

    Args:
        value: The answer, or a part of it.
        tag: What makes the names of this run unique.
        key: The key it stands under.
    """
    if isinstance(value, dict):
        shown = {name: re.sub(r"ID: \d+", "ID", name.replace(f" {tag}", "")) for name in value}
        return {shown[name]: canonical(item, tag, name) for name, item in value.items()}
    if isinstance(value, list):
        return [canonical(item, tag, key) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if VOLATILE.search(key):
        return TEXT
    if isinstance(value, int | float):
        if isinstance(value, int) and ID_KEYS.search(key):
            return ID
        return value if math.isfinite(value) else str(value)
    return _canonical_text(str(value), tag, key)


def _canonical_text(text: str, tag: str, key: str) -> Json:
    if text and text[0] in "[{" and text[-1] in "]}":
        try:
            return {"json": canonical(json.loads(text), tag, key)}
        except ValueError:
            return TEXT
    if re.fullmatch(r"[0-9a-f-]{36}", text):
        return UUID
    if re.match(r"(https?:/)?/", text):
        return URL
    if re.fullmatch(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", text):
        return f"{isodate.parse_duration(text).total_seconds():g} s"  # PT60M, PT1H and P0DT1H0M0S are the same
    if MOMENT.fullmatch(text) and (moment := _moment(text)):
        return NOW if abs(moment - datetime.now(UTC)) < timedelta(days=3) else moment.isoformat()
    if f" {tag}" in text:
        return text.replace(f" {tag}", "").strip() if text.endswith(tag) else TEXT
    return text if " " not in text.strip() or QUANTITY.fullmatch(text) else TEXT


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def keys_only(value: Json) -> Json:
    """Return the keys of an answer, with one item for each list."""
    if isinstance(value, dict):
        return {ID if key.isdigit() else key: keys_only(item) for key, item in value.items()}
    if isinstance(value, list):
        return [keys_only(value[0])] if value else []
    return TEXT


def differences(expected: Json, actual: Json, path: str = "") -> list[str]:
    """Return where an answer lacks or changes something that is expected; what it has beyond that is no difference."""
    if path.endswith(".message"):
        return differences_of_messages(expected, actual, path)
    if expected == TEXT:  # some text or, of what only keys were kept, anything
        return []
    if isinstance(expected, dict):
        return _differences_of_objects(expected, actual, path)
    if isinstance(expected, list):
        if not isinstance(actual, list):
            return [f"{path}: no list but {short(actual)}"]
        if path.endswith((".child_assets", ".sensors")):  # in no order that FlexMeasures would promise
            expected, actual = (sorted(rows, key=_kind) for rows in (expected, actual))
        if len(expected) != len(actual):
            return [f"{path}: {len(actual)} items, not {len(expected)}"]
        found = [differences(*pair, f"{path}[{n}]") for n, pair in enumerate(zip(expected, actual, strict=True))]
        return [line for lines in found for line in lines]
    return [] if same(expected, actual) else [f"{path}: {short(actual)}, not {short(expected)}"]


def _kind(row: Json) -> str:
    """Return what a list of parts is sorted by."""
    return str(row.get("generic_asset_type", row.get("name"))) if isinstance(row, dict) else ""


def differences_of_messages(expected: Json, actual: Json, path: str) -> list[str]:
    """Return the fields that a message should name and does not; its words are its own."""
    if not actual:
        return [f"{path}: says nothing"]
    if not isinstance(expected, dict) or WHOLE in expected:
        return []
    if not isinstance(actual, dict):
        return [f"{path}: {short(actual)}, not {short(expected)}"]
    found = []
    if place := next((name for name in actual if name in PLACES), None):
        return differences_of_messages(expected, actual[place], path)
    for key, inner in expected.items():
        if key in PLACES:
            found += differences_of_messages(inner, actual, f"{path}.{key}")
        elif key not in actual:
            found.append(f"{path}.{key}: missing in {short(actual)}")
        else:
            found += differences_of_messages(inner, actual[key], f"{path}.{key}")
    return found


def _differences_of_objects(expected: dict[str, Any], actual: Json, path: str) -> list[str]:
    if not isinstance(actual, dict):
        return [f"{path}: no object but {short(actual)}, not {short(expected)}"]
    said = {key for key in expected if key == "status" and (expected[key] == TEXT or isinstance(expected[key], int))}
    found = [f"{path}.{key}: missing" for key in expected if key not in actual and key not in said]
    for key in expected:
        if key in actual and key not in said:
            found += differences(expected[key], actual[key], f"{path}.{key}")
    return found


def same(expected: Json, actual: Json) -> bool:
    """Are two leaves equal, numbers within the tolerance?"""
    numbers = isinstance(expected, int | float) and isinstance(actual, int | float)
    if numbers and not isinstance(expected, bool) and not isinstance(actual, bool):
        return math.isclose(expected, actual, abs_tol=ABSOLUTE, rel_tol=RELATIVE)
    return type(expected) is type(actual) and bool(expected == actual)


def short(value: Json) -> str:
    """Return a value in one line."""
    return json.dumps(value, ensure_ascii=False)[:160]


def packed(value: Json) -> Json:
    """Return an answer with runs of equal numbers counted: ``[3.5, 3.5, null]`` is ``"2*3.5 null"``."""
    if isinstance(value, dict):
        return {key: packed(item) for key, item in value.items()}
    if not isinstance(value, list):
        return round(value, 6) if isinstance(value, float) else value
    if len(value) < 3 or not all(item is None or type(item) in (int, float) for item in value):
        return [packed(item) for item in value]
    runs: list[list[Any]] = []
    for item in value:
        text = "null" if item is None else f"{round(item, 6):g}" if abs(item) < 1e5 else repr(round(item, 3))
        if runs and runs[-1][1] == text:
            runs[-1][0] += 1
        else:
            runs.append([1, text])
    return {"runs": " ".join(text if count == 1 else f"{count}*{text}" for count, text in runs)}


def unpacked(value: Json) -> Json:
    """Return an answer as it was before it was packed."""
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {"runs"}:
        return {key: unpacked(item) for key, item in value.items()}
    numbers: list[float | None] = []
    for run in value["runs"].split():
        count, _, text = run.rpartition("*")
        numbers += [None if text == "null" else float(text)] * int(count or 1)
    return numbers
