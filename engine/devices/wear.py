"""Wear that grows faster than energy: with the power of a battery, and with how deep it is discharged."""

from itertools import pairwise

import numpy as np

from engine.devices.running import lagged
from engine.model.linear import Linear, Values, any_of, full
from engine.model.problem import Problem

Prices = tuple[tuple[float, float], ...]
"""Where each part ends, rising, and what each kWh in it costs [currency/kWh], rising as well; the last has no end."""


def add_wear(problem: Problem, name: str, flow: Linear, price: Values, prices: Prices) -> None:
    """Add the price of each kWh through a port, and prices that are dearer for the part of the power above each point.

    With the power f_t in either direction, the points P_i [kW] and their prices p_i: Σ_t h_t · Σ_i (p_i - p_{i-1}) ·
    max(f_t - P_{i-1}, 0), which is convex, so that it needs no whole numbers.
    """
    hours = problem.window.hours
    if any_of(price):
        problem.cost(f"{name} wear", flow * price * hours)
    if prices:
        problem.cost(f"{name} wear", flow * (prices[0][1] * hours))
    for at, ((end, cheaper), (_, dearer)) in enumerate(pairwise(prices)):
        above = problem.variable(f"{name}.wear {at}")
        problem.at_most(f"{name}.wear {at}", flow - end, above)
        problem.cost(f"{name} wear", above * ((dearer - cheaper) * hours))


def add_depth_wear(
    problem: Problem, name: str, soc: tuple[Linear, float], bounds: tuple[float, float], prices: Prices
) -> None:
    """Add the price of energy drawn from a store, dearer the deeper it lies.

    The store is cut into layers from the top, each with its own energy e_j and price; what is drawn from a layer, d_j,
    costs p_j for each kWh. As the upper layers are cheaper, they are emptied first and filled again first, so that a
    cycle costs what its depth says, however it is split over the steps. At the start the lower layers are full.

        e_jt = e_j,t-1 + c_jt - d_jt,   Σ_j e_jt = e_t - soc_min,   0 ≤ e_jt ≤ width_j

    Source:
        Xu, Zhao, Zheng, Litvinov and Kirschen, IEEE Transactions on Power Systems 33 (2018) 2248-2259: factoring the
        cycle aging cost of batteries participating in electricity markets.
    """
    n, (level, start), (low, top) = problem.window.n, soc, bounds
    edges = np.clip([top - depth for depth, _ in prices[:-1]], low, top)
    uppers, lowers = np.append(top, edges), np.append(edges, low)
    total = Linear(n)
    for at, (upper, lower, (_, price)) in enumerate(zip(uppers, lowers, prices, strict=True)):
        width, layer = float(upper - lower), f"{name}.layer {at}"
        if width <= 0:
            continue
        energy = problem.variable(layer, upper=width)
        drawn = problem.variable(f"{layer}.drawn")
        held = np.zeros(n)
        held[0] = min(max(start - lower, 0.0), width)
        # What is drawn is at least what the layer loses; its price presses it onto that.
        problem.constrain(f"{layer}.drawn", energy - lagged(energy) + drawn, lower=held)
        problem.cost(f"{name} wear by depth", drawn * price)
        total = total + energy
    problem.equal(f"{name}.layers", level - total, full(low, n))
