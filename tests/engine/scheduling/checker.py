"""Judges a plan by itself: every limit, the energy balance and the cost, from powers and energies alone."""

import numpy as np

from engine.devices.inflexible import Inflexible
from engine.devices.ported import Adjustable
from engine.devices.process import ProcessType
from engine.devices.storage import Storage
from engine.model.linear import full
from engine.tariffs import EnergyTariff, PeakTariff

NOTHING = 2e-6


def check(site, schedule):
    """Assert that a plan keeps every hard limit of its site, and return what it costs."""
    n, hours = site.window.n, site.window.hours
    paid = 0.0
    for device in site.devices:
        if isinstance(device, Storage):
            paid += check_storage(device, schedule, n, hours)
        elif isinstance(device, Adjustable):
            paid += sum(check_port(port, schedule.power[port.name], n, hours) for port in device.ports)
            check_couplings(device, schedule, n)
        elif isinstance(device, Inflexible):
            np.testing.assert_allclose(schedule.power[device.name], device.power)
        else:
            paid += check_process(device, schedule.power[device.name], n)
    for group in site.groups:
        members = net(site, schedule, lambda port, g=group: port.group == g.name)
        np.testing.assert_allclose(schedule.power[group.name], members, atol=NOTHING)
        paid += check_limited(group, members, n, hours)
    paid += check_connections(site, schedule, n, hours)
    return paid + sum(deviation_cost(commitment, schedule, n, hours) for commitment in site.commitments)


def check_port(port, power, n, hours):
    assert (power <= full(port.consumption_limit, n) + NOTHING).all()
    assert (-power <= full(port.production_limit, n) + NOTHING).all()
    for j in range(n if port.bands else 0):
        assert any(band.low - NOTHING <= power[j] <= band.high + NOTHING for band in port.bands)
    return float((np.abs(power) * full(port.wear_price, n)).sum() * hours)


def check_couplings(device, schedule, n):
    for name in {port.coupling for port in device.ports if port.coupling}:
        levels = [np.abs(schedule.power[p.name]) / full(p.coefficient, n) for p in device.ports if p.coupling == name]
        for level in levels:
            np.testing.assert_allclose(level, levels[0], atol=NOTHING)


def check_storage(device, schedule, n, hours):
    """Recompute the energy from the powers: each step runs in one direction only."""
    soc, level = schedule.soc[device.name], device.soc_at_start
    assert soc.shape == (n + 1,)
    assert soc[0] == level
    for j in range(n):
        kept = full(device.storage_efficiency, n)[j]
        inflow = full(device.gain, n)[j]
        for port in device.ports:
            power = schedule.power[port.name][j]
            charging, discharging = full(port.charging_efficiency, n)[j], full(port.discharging_efficiency, n)[j]
            inflow += stored(port.curves.stored, power, charging) if power > 0 else -drawn(port, -power, discharging)
        before = level
        level = kept * level + inflow * hours * (1.0 if kept == 1 else (kept - 1) / np.log(kept))
        assert abs(soc[j + 1] - level) <= 5 * NOTHING * max(1.0, abs(level))
        for port in device.ports:
            power = schedule.power[port.name][j]
            curve = port.curves.charging if power > 0 else port.curves.discharging
            if curve is not None:
                assert abs(power) <= np.interp([before, level], curve.at, curve.values).min() + 5 * NOTHING
    low, high = full(device.soc_min, n + 1), full(device.soc_max, n + 1)
    assert (soc[1:] >= low[1:] - NOTHING).all()
    assert (soc[1:] <= high[1:] + NOTHING).all()
    if device.soc_targets is not None:
        at = ~np.isnan(device.soc_targets)
        np.testing.assert_allclose(soc[at], device.soc_targets[at], atol=NOTHING)
    paid = sum(check_port(port, schedule.power[port.name], n, hours) for port in device.ports)
    for soft, sign in ((device.soft_minima, 1), (device.soft_maxima, -1)):
        if soft is not None:
            breach = np.nan_to_num(np.maximum(sign * (soft.at - soc), 0.0))[1:]
            paid += breach.max() * soft.highest_price + breach.sum() * soft.hourly_price * hours
    return paid - (device.end_value or 0.0) * soc[-1]


def stored(curve, power, share):
    """What of a power reaches the other side of an inverter."""
    if curve is None:
        return power * share
    far = 100.0
    return np.interp(power, [*curve.at, far], [*curve.values, far * curve.values[-1] / curve.at[-1]])


def drawn(port, power, share):
    return stored(port.curves.drawn, power, 1.0 / share)


def check_process(device, power, n):
    """Find the runs again in the power, and return the price of those that are left out."""
    power, profile = power - device.begun, np.broadcast_to(device.power, device.steps)
    blocked = np.zeros(n, bool) if device.blocked is None else device.blocked
    if device.kind is ProcessType.BREAKABLE:
        runs = np.abs(power) > abs(device.power) / 2
        np.testing.assert_allclose(power, runs * device.power, atol=NOTHING)
        assert runs.sum() in (device.steps, 0 if device.ceiling is not None else device.steps)
        assert not (runs & blocked).any()
        done = int(runs.any())
    else:
        begun = np.flatnonzero(device.begun)
        done, at = 0, begun[-1] + 1 + device.pause if len(begun) else 0
        assert np.abs(power[:at]).max(initial=0.0) <= NOTHING
        while at < n:
            if abs(power[at] - profile[0]) <= NOTHING and profile[0]:
                np.testing.assert_allclose(power[at : at + device.steps], profile, atol=NOTHING)
                assert not blocked[at : at + device.steps].any()
                rest = power[at + device.steps : at + device.steps + device.pause]
                assert np.abs(rest).max(initial=0.0) <= NOTHING or done == device.runs - 1
                done, at = done + 1, at + device.steps
            else:
                assert abs(power[at]) <= NOTHING
                at += 1
    assert done == device.runs or (device.ceiling is not None and done < device.runs)
    return (device.runs - done) * (device.ceiling or 0.0)


def check_limited(limited, flow, n, hours):
    """Return the price of what exceeds the soft limits of a connection or group."""
    paid = 0.0
    for direction, sign in (("consumption", 1), ("production", -1)):
        one_way = np.maximum(sign * flow, 0.0)
        assert (one_way <= full(getattr(limited, f"{direction}_limit"), n) + NOTHING).all()
        soft = getattr(limited, f"soft_{direction}")
        if soft is not None:
            above = np.maximum(one_way - soft.limit, 0.0)
            paid += above.max() * soft.highest_price + above.sum() * soft.hourly_price * hours
    return paid


def check_connections(site, schedule, n, hours):
    ports = [port for device in site.devices for port in device.ports]
    paid = 0.0
    for commodity in {port.commodity for port in ports}:
        flow = net(site, schedule, lambda port, c=commodity: port.commodity == c and port.group is None)
        connection = next((c for c in site.connections if c.commodity == commodity), None)
        if connection is None:
            np.testing.assert_allclose(flow, 0.0, atol=NOTHING)
            continue
        np.testing.assert_allclose(schedule.power[commodity], flow, atol=NOTHING)
        paid += check_limited(connection, flow, n, hours)
        paid += sum(tariff_cost(tariff, flow, n, hours) for tariff in connection.tariffs)
    return paid


def net(site, schedule, belongs):
    members = [*(port for device in site.devices for port in device.ports), *site.groups]
    return sum((schedule.power[m.name] for m in members if belongs(m)), np.zeros(site.window.n))


def tariff_cost(tariff, flow, n, hours):
    bought, sold = np.maximum(flow, 0.0), np.maximum(-flow, 0.0)
    if isinstance(tariff, EnergyTariff):
        return float((bought * tariff.consumption_price - sold * tariff.production_price).sum() * hours)
    assert isinstance(tariff, PeakTariff)
    one_way = bought if tariff.direction == "consumption" else sold
    billing = np.zeros(n) if tariff.billing is None else tariff.billing
    price, reached = full(tariff.price, n), full(tariff.reached, n)
    periods = {(b, p, r) for b, p, r in zip(billing, price, reached, strict=True)}
    return sum(p * max(0.0, one_way[(billing == b) & (price == p) & (reached == r)].max() - r) for b, p, r in periods)


def deviation_cost(commitment, schedule, n, hours):
    power = sum(schedule.power[name] for name in commitment.members or (commitment.commodity,))
    deviation = power - full(commitment.baseline, n)
    up, down = np.maximum(deviation, 0.0), np.maximum(-deviation, 0.0)
    up_price = np.zeros(n) if commitment.up_price is None else full(commitment.up_price, n)
    down_price = np.zeros(n) if commitment.down_price is None else full(commitment.down_price, n)
    if commitment.on == "energy":
        return float((up * up_price - down * down_price).sum() * hours)
    assert len(set(full(commitment.baseline, n))) == 1  # one period: all the random sites have
    return float(up.max() * up_price[0] - down.max() * down_price[0])
