"""CO₂ as a second objective: what it counts in the costs, a cap on it, and what a schedule emits."""

from dataclasses import replace

import numpy as np
import pytest

from engine.carbon import CarbonCap, CarbonIntensity
from engine.devices.inflexible import Inflexible
from engine.devices.process import Process, ProcessType
from engine.packing import pack, unpack
from engine.schedulers.process_scheduler import ProcessScheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Connection, carbon_emissions
from engine.tariffs import EnergyTariff
from tests.effort import effort
from tests.engine.scheduling.reference import Reference
from tests.engine.scheduling.samples import site, store

N = 24


def emitted(here, schedule):
    """Count again what a schedule emits, step by step [kg]."""
    total = 0.0
    for connection in here.connections:
        for step, power in enumerate(schedule.power[connection.commodity]):
            per_kwh = connection.carbon.consumption if power > 0 else connection.carbon.production
            total += power * float(np.broadcast_to(per_kwh, N)[step]) * here.window.hours
    return total


def random_site(seed, *, weight=None, cap=None):
    """Return a store that may sell, a process, a load and a boiler for gas; each commodity has its own intensity."""
    rng = np.random.default_rng(seed)
    connections, carbon = [], {}
    for name in ("electricity", "gas"):
        buy = rng.uniform(-0.1, 0.5, N).round(2)
        intensity = CarbonIntensity(
            consumption=rng.uniform(0, 1, N).round(2), production=rng.uniform(0, 0.4, N).round(2)
        )
        tariffs = [EnergyTariff(consumption_price=buy, production_price=buy - 0.05)]
        if weight is not None:
            tariffs.append(intensity.tariff(weight))
        carbon[name] = intensity
        connections.append(
            Connection(
                commodity=name, tariffs=tuple(tariffs), carbon=intensity, consumption_limit=15.0, production_limit=9.0
            )
        )
    boiler = Inflexible(name="boiler", power=rng.uniform(0, 2, N).round(1), commodity="gas")
    work = Process(name="work", power=2.0, steps=2, kind=ProcessType.SHIFTABLE)
    additions = () if cap is None else (CarbonCap(most=cap, price=50.0, intensities=carbon),)
    car = store(charger=4.0, discharger=4.0, soc_max=12.0, soc_min=1.0)
    return site(
        car, work, boiler, load=rng.uniform(0, 3, N).round(1), connections=tuple(connections), additions=additions
    )


@pytest.mark.parametrize("weight", [0.0, 0.1, 2.0])
def test_a_price_of_carbon_equals_the_reference(weight):
    for seed in range(effort(6, 15)):
        here = random_site(seed, weight=weight)
        schedule = StorageScheduler(gap=1e-6).compute(here)
        assert schedule.cost == pytest.approx(Reference(here).cost(), abs=1e-5), seed
        assert sum(carbon_emissions(here, schedule.power).values()) == pytest.approx(emitted(here, schedule))
        carbon = schedule.costs["electricity carbon"] + schedule.costs["gas carbon"]
        assert carbon == pytest.approx(weight * emitted(here, schedule), abs=1e-6)


def test_a_cap_equals_the_reference_and_is_kept_where_it_can_be():
    kept = broken = 0
    for seed in range(effort(10, 25)):
        free = emitted(random_site(seed), StorageScheduler(gap=1e-6).compute(random_site(seed)))
        here = random_site(seed, cap=free - np.random.default_rng(seed).uniform(0, 40))
        schedule = StorageScheduler(gap=1e-6).compute(here)
        assert schedule.cost == pytest.approx(Reference(here).cost(), abs=1e-4), seed
        above = emitted(here, schedule) - here.additions[0].most
        told = sum(breach.amount for breach in schedule.breaches)
        assert told == pytest.approx(max(above, 0.0), abs=1e-4)
        assert schedule.costs.get("carbon-cap breach", 0.0) == pytest.approx(50 * told, abs=1e-3)
        assert all((breach.limit, breach.unit) == ("site.carbon-cap", "kg") for breach in schedule.breaches)
        kept, broken = kept + (told == 0), broken + (told > 0)
    assert kept > 2 and broken > 2


def test_a_higher_price_emits_less():
    grams = [
        emitted(here, StorageScheduler(gap=1e-6).compute(here))
        for here in (random_site(4, weight=w) for w in (0, 0.5, 5))
    ]
    assert grams[0] > grams[1] >= grams[2]


def test_a_process_looks_at_the_price_and_the_carbon_of_an_hour():
    price, intensity = np.array([0.1, 0.2, 0.3, 0.1]), CarbonIntensity(consumption=np.array([1.0, 0.1, 0.0, 0.9]))
    work = Process(name="work", power=1.0, steps=1, kind=ProcessType.SHIFTABLE)
    energy = EnergyTariff(consumption_price=price, production_price=price)

    def chosen(*tariffs, additions=()):
        window = replace(site(work).window, end=site(work).window.start + 4 * site(work).window.step)
        connection = Connection(tariffs=tariffs, carbon=intensity)
        here = site(work, load=np.zeros(4), window=window, connections=(connection,), additions=additions)
        return int(np.argmax(ProcessScheduler().compute(here).power["work"]))

    assert chosen(energy) == 0
    assert chosen(energy, intensity.tariff(0.15)) == 1
    assert chosen(energy, intensity.tariff(2.0)) == 2
    assert chosen(energy, additions=(CarbonCap(most=0.95, price=9.0, intensities={"electricity": intensity}),)) == 3


def test_what_was_planned_with_a_cap_can_be_computed_again():
    here = random_site(3, cap=1.0)
    assert StorageScheduler().compute(unpack(pack(here))).cost == pytest.approx(StorageScheduler().compute(here).cost)
