"""The audit log in words."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.pages.admin.audit_log import change_texts, event_text
from db.core.audit import AuditEvent


def texts(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return change_texts(AuditEvent(event="Changed", before=before, after=after))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"name": "A"}, {"name": "B"}, ["name changed from A to B"]),
        ({}, {"unit": "kW", "external_id": None}, ["unit set to kW"]),
        ({"description": "x"}, {"description": ""}, ["description removed, was x"]),
        ({"active": True}, {"active": False}, ["active changed from yes to no"]),
        ({"password_hash": "(secret)"}, {"password_hash": "(secret)"}, ["password changed"]),
        ({"resolution": 900.0}, {"resolution": 3600.0}, ["resolution changed from 15 min to 60 min"]),
        ({"roles": []}, {"roles": ["admin", "consultant"]}, ["roles set to admin, consultant"]),
    ],
)
def test_a_change_is_said_in_words(before: dict[str, Any], after: dict[str, Any], told: list[str]):
    assert texts(before, after) == told


def test_of_a_flex_model_only_what_changed_in_it_is_said():
    before = {"flex_model": {"soc-max": "10 kWh", "soc-min": "1 kWh", "old": 1}}
    after = {"flex_model": {"soc-max": "12 kWh", "soc-min": "1 kWh", "soc-minima": [{"value": "2 kWh"}]}}
    assert texts(before, after) == [
        "flex-model: old removed, was 1",
        "flex-model: soc-max changed from 10 kWh to 12 kWh",
        'flex-model: soc-minima set to [{"value": "2 kWh"}]',
    ]


def test_moments_are_those_of_the_clock_of_the_reader():
    text = event_text("Asked for a schedule from 2026-11-30T16:00:00+00:00", ZoneInfo("Europe/Amsterdam"))
    assert text == "Asked for a schedule from 2026-11-30 17:00"
    assert event_text("Changed flex_context of asset 'x'", ZoneInfo("UTC")) == "Changed flex-context of asset 'x'"
