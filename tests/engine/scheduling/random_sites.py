"""Sites drawn at random, of all kinds: what the reference and the engine must agree on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from engine.devices.curves import Polyline, PortCurves
from engine.devices.energy.bounds import SoftBound
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.devices.process import Process, ProcessType
from engine.devices.running import OperatingRange
from engine.devices.storage import Storage
from engine.model.limits import SoftLimit
from engine.series.window import Window
from engine.site import Connection, Group, Site
from engine.tariffs import Commitment, EnergyTariff, PeakTariff

START = datetime(2026, 3, 4, tzinfo=UTC)
SHARES = ("charging_efficiency", "discharging_efficiency")
KINDS = ("plain", "negative", "inverted", "both", "soft", "groups", "heat", "work", "curves")


def draw(kind, seed):
    """Return one site of a kind; every number comes from the seed."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    n = int(rng.integers(6, 13)) if kind in ("both", "work", "curves") else int(rng.integers(8, 17))
    window = Window.of_length(START, timedelta(minutes=30) * n, timedelta(minutes=30))
    several = int(rng.integers(1, 3))
    devices = [battery(rng, n, f"battery {at}", soft=kind == "soft") for at in range(several)]
    devices.append(Inflexible(name="load", power=rng.uniform(-4, 6, n).round(2)))
    site = {"groups": (), "commitments": (), "connections": [connection(rng, n, kind)]}
    extra = {"groups": grouped, "heat": heated, "work": working, "soft": promised, "curves": bending}.get(kind)
    if extra:
        extra(rng, n, devices, site)
    return Site(window=window, devices=tuple(devices), **{key: tuple(value) for key, value in site.items()})


def battery(rng, n, name, *, soft=False, group=None):
    capacity = float(rng.uniform(4, 12))
    start = float(rng.uniform(0.2, 0.8) * capacity)
    one_way = rng.random() < 0.2
    lossless = rng.random() < 0.2
    port = Port(
        name=name,
        group=group,
        consumption_limit=rng.uniform(2, 5, n).round(2) if rng.random() < 0.3 else float(rng.uniform(2, 5)),
        production_limit=0.0 if one_way else float(rng.uniform(2, 5)),
        charging_efficiency=1.0 if lossless else rng.uniform(0.8, 1.0, n).round(3),
        discharging_efficiency=1.0 if lossless else float(rng.uniform(0.8, 0.99)),
        wear_price=float(rng.choice([0.0, 0.01])),
    )
    bounds = np.full(n + 1, np.nan)
    bounds[n] = capacity * rng.uniform(0.5, 1.2)
    target = np.full(n + 1, np.nan)
    target[n // 2] = capacity * rng.uniform(0.2, 0.9)
    return Storage(
        name=name,
        ports=(port,),
        soc_at_start=start,
        soc_max=capacity,
        storage_efficiency=float(rng.choice([1.0, 0.99])),
        gain=rng.uniform(-0.5, 0.2, n).round(2) if rng.random() < 0.3 else 0.0,
        soc_targets=target if not soft and rng.random() < 0.4 else None,
        soft_minima=SoftBound(at=bounds, highest_price=2.0, hourly_price=1.0) if soft else None,
        soft_maxima=SoftBound(at=np.full(n + 1, capacity * 0.8), highest_price=0.5, hourly_price=0.2) if soft else None,
        end_value=float(rng.choice([0.0, 0.1])),
    )


def connection(rng, n, kind):
    buy = rng.uniform(0.1, 0.4, n).round(3)
    if kind in ("negative", "both", "curves"):
        buy = np.where(rng.random(n) < 0.4, -buy, buy)
    sell = buy - rng.uniform(0.01, 0.08)
    if kind in ("inverted", "both"):
        sell = np.where(rng.random(n) < 0.3, buy + rng.uniform(0.01, 0.2, n), sell)
    soft = kind == "soft"
    tariffs = [EnergyTariff(consumption_price=buy, production_price=sell)]
    if soft:
        billing = (np.arange(n) >= n // 2).astype(np.int32)
        tariffs.append(PeakTariff(direction="consumption", price=0.4, reached=2.0, billing=billing))
        tariffs.append(PeakTariff(direction="production", price=0.3))
    limit = SoftLimit(limit=float(rng.uniform(2, 5)), highest_price=1.0, hourly_price=0.3) if soft else None
    return Connection(
        consumption_limit=float(rng.uniform(7, 14)),
        production_limit=float(rng.uniform(5, 14)),
        soft_consumption=limit,
        soft_production=limit,
        tariffs=tuple(tariffs),
    )


def promised(rng, n, devices, site):
    up, down = rng.choice([0.2, 0.05], n), -rng.choice([0.2, 0.0], n)
    site["commitments"] = [
        Commitment(name="bid", baseline=rng.uniform(-2, 4, n), up_price=up, down_price=down),
        Commitment(name="flat", baseline=1.0, up_price=0.3, down_price=-0.1, on="peak", members=("battery 0", "load")),
    ]


def grouped(rng, n, devices, site):
    soft = SoftLimit(limit=float(rng.uniform(1, 3)), highest_price=0.5, hourly_price=0.1)
    devices.append(battery(rng, n, "car", group="fuse"))
    devices.append(battery(rng, n, "boiler", group="fuse"))
    one = Port(name="plug", consumption_limit=2.0, production_limit=1.0, charging_efficiency=0.9, group="fuse")
    other = Port(name="socket", consumption_limit=1.5, production_limit=3.0, discharging_efficiency=0.85)
    kept = rng.uniform(0.95, 1.0, n)
    devices.append(Storage(name="shared", ports=(one, other), soc_at_start=2.0, soc_max=6.0, storage_efficiency=kept))
    sun = Port(
        name="sun", consumption_limit=0.0, production_limit=rng.uniform(0, 5, n), group="street", prefer_sooner=True
    )
    devices.append(Adjustable(name="sun", ports=(sun,)))
    site["groups"] = [
        Group(name="fuse", group="street", consumption_limit=float(rng.uniform(3, 6)), soft_consumption=soft),
        Group(name="street", consumption_limit=8.0, production_limit=float(rng.uniform(4, 7))),
    ]


def heated(rng, n, devices, site):
    """A heat pump and a CHP feed a tank of heat through an internal node; gas is bought."""
    cop = rng.uniform(2.5, 4, n)
    taking = {"production_limit": 0.0}
    giving = {"consumption_limit": 0.0}
    pump = Port(name="pump", consumption_limit=3.0, coupling="pump", **taking)
    warm = Port(name="warm", production_limit=20.0, coupling="pump", coefficient=cop, commodity="heat", **giving)
    gas = Port(name="gas in", consumption_limit=6.0, coupling="chp", commodity="gas", **taking)
    power = Port(name="power out", production_limit=9.0, coupling="chp", coefficient=0.35, **giving)
    steam = Port(name="heat out", production_limit=9.0, coupling="chp", coefficient=0.5, commodity="heat", **giving)
    tank_port = Port(name="tank", consumption_limit=12.0, production_limit=12.0, commodity="heat")
    devices += [
        Adjustable(name="heat pump", ports=(pump, warm)),
        Adjustable(name="chp", ports=(gas, power, steam)),
        Storage(name="tank", ports=(tank_port,), soc_at_start=5.0, soc_max=15.0, storage_efficiency=0.98),
        Inflexible(name="heating", power=rng.uniform(0, 6, n), commodity="heat"),
    ]
    gas_price = EnergyTariff(consumption_price=float(rng.uniform(0.03, 0.12)), production_price=0.0)
    site["connections"].append(Connection(commodity="gas", production_limit=0.0, tariffs=(gas_price,)))


def working(rng, n, devices, site):
    """Processes of each kind, and a device with operation modes, beside the batteries."""
    blocked = rng.random(n) < 0.15
    for kind in ProcessType:
        blocks = blocked if kind is ProcessType.BREAKABLE else None
        devices.append(Process(name=kind.lower(), power=2.0, steps=int(rng.integers(1, 4)), kind=kind, blocked=blocks))
    bands = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=1.5, high=2.5), OperatingRange(low=-1.2, high=-1.0))
    port = Port(name="pond", consumption_limit=2.5, production_limit=1.2, bands=bands)
    devices.append(Storage(name="pond", ports=(port,), soc_at_start=2.0, soc_max=6.0, gain=-0.2))


def bending(rng, n, devices, site):
    """Batteries whose power depends on what they store, and whose losses depend on their power."""
    for at, device in enumerate(devices[:-1]):
        port, most = device.ports[0], device.soc_max
        taper = Polyline(at=(0.0, 0.7 * most, most), values=(5.0, 5.0, float(rng.uniform(0.2, 2))))
        dip = Polyline(at=(0.3 * most, 0.5 * most, 0.8 * most), values=(float(rng.uniform(2, 4)), 1.0, 2.0))
        inverter = Polyline(at=(0.0, 0.5, 2.0, 4.0), values=(0.0, 0.5 * float(rng.uniform(0.6, 0.9)), 1.9, 3.7))
        spent = Polyline(at=(0.0, 1.0, 4.0), values=(0.0, 1.05, float(rng.uniform(4.3, 4.8))))
        curves = PortCurves(
            charging=taper if rng.random() < 0.6 else dip,
            discharging=Polyline(at=(0.0, 0.2 * most), values=(0.3, 4.0)) if rng.random() < 0.5 else None,
            stored=inverter if rng.random() < 0.5 else None,
            drawn=spent if rng.random() < 0.5 else None,
        )
        shares = {
            name: 1.0 for name, bent in zip(SHARES, (curves.stored, curves.drawn), strict=True) if bent is not None
        }
        devices[at] = replace(device, ports=(replace(port, curves=curves, **shares),), gain=0.0, soc_targets=None)
