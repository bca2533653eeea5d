"""The numbers on the dashboard, as people read them."""

from app.assemble.day_costs import DayCost
from app.pages.fleet.dashboard import day_cards
from components.tables.fact_table import Light
from components.tables.kpis import Kpi


def cards_of(*days: DayCost) -> list[Kpi]:
    states = [Light("good", "fresh"), Light("bad", "failed"), Light("good", "fresh")]
    return day_cards(days, hours=24, open_alerts=2, states=states, alerts_at="/alerts")


def day(cost: float, even: float | None, currency: str = "EUR", hours: float = 24) -> DayCost:
    return DayCost(asset_id=1, cost=cost, even=even, currency=currency, hours=hours)


def test_sums_have_their_currency_and_say_what_they_are_compared_with():
    cost, saved, open_alerts, assets = cards_of(day(3, 5), day(1, None, hours=10), day(2, 2.5, "GBP"))
    assert cost.value == "4.00 EUR and 2.00 GBP"
    assert cost.detail == "3 sites, 10 to 24 of 24 h with data: measured, otherwise scheduled"
    assert saved.value == "2.00 EUR and 0.50 GBP"
    assert "spread evenly" in saved.detail
    assert (open_alerts.value, open_alerts.href) == ("2", "/alerts")
    assert (assets.value, assets.detail) == ("3", "2 fresh, 1 failed or silent")


def test_where_nothing_is_known_it_says_what_to_do():
    (cost, *_) = cards_of()
    assert cost.value == "not known" and "consumption-price" in cost.detail
    _, saved, *_ = cards_of(day(3, None))
    assert "Run schedule" in saved.detail
