"""What set-points save when load and sun turn out otherwise: a home over days that were measured, hour by hour.

python -m benchmarks.set_points DATA [days], with the folder of the series (home, sun, prices) as CSV files.
"""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.model.linear import Floats
from engine.operation.setpoints import Mode, carried_out, set_points
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff

CAPACITY, POWER, SHARE, SUN = 10.0, 5.0, 0.95, 4.0
"""Energy [kWh] and power [kW] of the battery, its efficiency each way, and the peak power of the panels [kW]."""
FEES = 0.15
"""What is paid beside the day-ahead price for each kWh taken [EUR/kWh]; energy given earns the price alone."""
WORTH = 0.15
"""Worth of a kWh that is left at the end [EUR/kWh]."""
AHEAD, KNOWN = 24, 14
"""Hours that a plan lasts, and days of which the errors of forecasts are known."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class House:
    """Measured hours of a home."""

    net: Floats
    """Load less sun [kW]."""
    price: Floats
    """Day-ahead price [EUR/kWh]."""

    def forecast(self, hour: int) -> Floats:
        """Mean of the same hours of the last seven days [kW], for the hours of a plan."""
        return np.mean([self.net[hour - 24 * day : hour - 24 * day + AHEAD] for day in range(1, 8)], axis=0)

    def errors(self, hour: int) -> Floats:
        """What was more than forecast in each of the last days, at the same hours [kW]."""
        # A plan of a day looks at errors of days that are over.
        days = [hour - 24 * day for day in range(2, KNOWN + 2)]
        return np.array([self.net[each : each + AHEAD] - self.forecast(each) for each in days])


def read_house(folder: Path, home: str) -> House:
    """Return a home of Belgium beneath a roof of Turin, at prices of the Netherlands; each begins with a year."""
    load = pd.read_csv(folder / "home_electricity_belgium_2016.csv.gz")[home].to_numpy() / 1000
    sun = pd.read_csv(folder / "pv_rooftop_turin_2019.csv.gz")["pv_kw_per_kwp"].fillna(0.0).to_numpy() * SUN
    price = pd.read_csv(folder / "day_ahead_prices_de_nl_be.csv")["nl_eur_per_mwh"].ffill().to_numpy() / 1000
    n = min(len(load), len(sun), len(price))
    return House(np.nan_to_num(load[:n]) - sun[:n], price[:n])


def site(house: House, hour: int, stored: float, net: Floats) -> Site:
    """Return the house as it is planned at an hour, with so much stored [kWh] and a forecast [kW]."""
    window = Window.of_length(datetime(2030, 1, 1, tzinfo=UTC), AHEAD * HOUR, HOUR)
    port = Port(
        name="battery", consumption_limit=POWER, production_limit=POWER, charging_efficiency=SHARE,
        discharging_efficiency=SHARE,
    )  # fmt: skip
    battery = Storage(name="battery", ports=(port,), soc_at_start=stored, soc_max=CAPACITY, end_value=WORTH)
    price = house.price[hour : hour + AHEAD]
    tariff = EnergyTariff(consumption_price=price + FEES, production_price=price)
    connection = Connection(consumption_limit=17.0, production_limit=17.0, tariffs=(tariff,))
    return Site(window=window, devices=(battery, Inflexible(name="net", power=net)), connections=(connection,))


def cost(house: House, hours: range, every: int, way: str) -> float:
    """Return what a home pays over some hours, less what is left in the battery [EUR].

    Args:
        house: What is measured.
        hours: Which of it.
        every: Hours between two plans.
        way: "power" or "set-points"; "known": power with a forecast that comes true; "none": no battery.
    """
    paid, stored, at = 0.0, CAPACITY / 2, 0
    mode, value = np.zeros(AHEAD), np.zeros(AHEAD)
    for number, hour in enumerate(hours):
        actual, price = float(house.net[hour]), float(house.price[hour])
        if number % every == 0 and way != "none":
            forecast = house.net[hour : hour + AHEAD] if way == "known" else house.forecast(hour)
            here, at = site(house, hour, stored, forecast), hour
            schedule = StorageScheduler().compute(here)
            mode, value = np.zeros(AHEAD), schedule.power["battery"]
            if way == "set-points":
                found = set_points(here, schedule, {"electricity": house.errors(hour)})["battery"]
                mode, value = found.mode, found.value
        bounds = -min(POWER, stored * SHARE), min(POWER, (CAPACITY - stored) / SHARE)
        step = hour - at
        power = 0.0
        if way != "none":
            asked = Mode(int(mode[step])), np.array([value[step]]), np.array([actual])
            power = float(carried_out(*asked, (np.array([bounds[0]]), np.array([bounds[1]])))[0])
        stored += max(power, 0.0) * SHARE - max(-power, 0.0) / SHARE
        grid = actual + power
        paid += max(grid, 0.0) * (price + FEES) - max(-grid, 0.0) * price
    return paid - (stored - CAPACITY / 2) * WORTH


def main(folder: Path, days: int) -> None:
    """Print a table of costs: homes and times between plans as rows, ways as columns."""
    ways = ("none", "power", "set-points", "known")
    print(
        "| home | season | planned every | "
        + " | ".join(f"{way} [EUR/day]" for way in ways)
        + " | share of the gap closed |"
    )
    for home in ("home_3aa4_w", "home_b841_w"):
        house = read_house(folder, home)
        for season, first in (("winter", 24 * 30), ("summer", 24 * 170)):
            hours = range(first, first + 24 * days)
            for every in (24, 6, 1):
                paid = {way: cost(house, hours, every, way) / days for way in ways}
                gap = paid["power"] - paid["known"]
                closed = (paid["power"] - paid["set-points"]) / gap
                cells = " | ".join(f"{paid[way]:.3f}" for way in ways)
                print(f"| {home[5:9]} | {season} | {every} h | {cells} | {closed:.0%} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 30)
