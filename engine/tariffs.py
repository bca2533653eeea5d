"""What is paid for: energy, the highest power, and promises that are not kept; each writes its own costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np

from engine.errors import FieldError
from engine.model.limits import groups_of_equal, runs_of_equal
from engine.model.linear import Floats, Indices, Linear, Reach, Values, full
from engine.model.problem import Problem

WIDER: Final = 1.01
"""Limits of a choice are so much wider than what can be reached."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What flows through a connection."""

    commodity: str
    bought: Linear
    """Power taken from the grid [kW], 0 or more, shape (n,)."""
    sold: Linear
    """Power given to the grid [kW], 0 or more, shape (n,)."""
    net: Linear
    """Power taken less power given [kW], shape (n,)."""
    most: Reach
    """Most that can be bought and sold, by the connection and by what stands behind it [kW], each shape (n,)."""


NET_ENERGY: Final = "net energy"
"""Name of what is paid for energy itself; a price on its CO₂, say, is an EnergyTariff of another name."""


class Tariff(Protocol):
    """Anything that puts a price on what flows through a connection."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """Add the costs, under a name of their own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EnergyTariff:
    """A price per kWh in both directions: Σ_t (bought_t · p_t - sold_t · q_t) · h_t."""

    consumption_price: Values
    """Price of energy bought [currency/kWh], one number or shape (n,)."""
    production_price: Values
    """What energy sold earns [currency/kWh], one number or shape (n,)."""
    name: str = NET_ENERGY
    """What is paid for: its cost stands under the commodity and this name."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """See Tariff.add_to."""
        hours = problem.window.hours
        paid = exchange.bought * (self.consumption_price * hours)
        problem.cost(f"{exchange.commodity} {self.name}", paid + exchange.sold * (self.production_price * -hours))


def energy_prices(tariffs: Iterable[Tariff], n: int) -> tuple[Floats, Floats] | None:
    """Return what energy bought costs and energy sold earns [currency/kWh], each shape (n,); None without a price."""
    paid = [each for each in tariffs if isinstance(each, EnergyTariff) and each.name == NET_ENERGY]
    if not paid:
        return None
    return (
        sum((full(each.consumption_price, n) for each in paid), np.zeros(n)),
        sum((full(each.production_price, n) for each in paid), np.zeros(n)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PeakTariff:
    """A price on the highest power among the steps of equal price and reached peak in each billing period.

    Σ_g price_g · max(0, max_{t in g} flow_t - reached_g): a peak that is reached already is paid for, so that only what
    goes beyond it counts.
    """

    direction: Literal["consumption", "production"]
    """Which way the power flows."""
    price: Values
    """Price of the peak [currency/kW], one number or shape (n,)."""
    reached: Values = 0.0
    """Peak paid for already [kW], one number or shape (n,)."""
    billing: Indices | None = None
    """Billing period (month) of each step, increasing, shape (n,); None is one for the whole window."""
    name: str = "peak"
    """What is paid for: its cost stands under the commodity, the direction and this name."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """See Tariff.add_to: one variable per group at or above every flow; its cost presses it onto the highest."""
        n = problem.window.n
        flow = exchange.bought if self.direction == "consumption" else exchange.sold
        billing = 0.0 if self.billing is None else self.billing.astype(float)
        groups, first = groups_of_equal(n, billing, self.price, self.reached)
        name = f"{exchange.commodity} {self.direction} {self.name}"
        more = problem.variable(name, size=len(first))
        problem.at_most(name, flow - self.reached, more[groups])
        problem.cost(name, more * full(self.price, n)[first])


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanPeakTariff:
    """A price on the highest mean power over intervals of the clock, as grid operators meter it.

    With the mean m_i of the flow over interval i (what has passed of the first one before the window included) and the
    share w_i of it that counts, the excess e over the reached peak r costs price · e, where e ≥ w_i · m_i - r for every
    interval of a billing period. Where the n highest days count, the daily peaks d_k ≥ w_i · m_i take the place of the
    means, and e ≥ (the mean of the n highest of all d_k and of earlier days) - r.
    """

    direction: Literal["consumption", "production"]
    """Which way the power flows."""
    price: Values
    """Price of the peak [currency/kW], one number or shape (n,)."""
    interval: Indices
    """Interval of each step, increasing, shape (n,)."""
    reached: Values = 0.0
    """Peak paid for already [kW], one number or shape (n,)."""
    billing: Indices | None = None
    """Billing period (month) of each step, increasing, shape (n,); None is one for the whole window."""
    name: str = "peak"
    """What is paid for: its cost stands under the commodity, the direction and this name."""
    share: Values = 1.0
    """Share of the mean power that counts, one number or shape (n,)."""
    begun: tuple[float, float] = (0.0, 0.0)
    """What has passed of the first interval before the window [h], and the mean power in that time [kW]."""
    days: Indices | None = None
    """Day of each step, increasing, shape (n,), where the highest days count; None: the highest interval does."""
    count: int = 1
    """Number of highest days whose mean counts."""
    earlier: tuple[float, ...] = ()
    """Peaks of earlier days of the first billing period, and that of the first day so far as the last one [kW]."""
    bands: tuple[tuple[float, float], ...] = ()
    """Highest peak of each band [kW] and what it costs in all [currency], both rising, the last one without an end;
    without any, ``price`` is all there is. The band of the reached peak is paid for anyway."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """See Tariff.add_to; price, reached peak, share, day and period of an interval are those of its first step."""
        # What has passed of the first interval counts with its mean: the meter does not start anew with the schedule.
        n, hours = problem.window.n, full(problem.window.hours, problem.window.n)
        _, begin, of_step = np.unique(self.interval, return_index=True, return_inverse=True)
        length, count, passed = np.bincount(of_step, weights=hours), len(begin), np.zeros(len(begin))
        length[0] += self.begun[0]
        share = full(self.share, n)[begin]
        passed[0] = share[0] * self.begun[0] * self.begun[1] / length[0]
        flow = exchange.bought if self.direction == "consumption" else exchange.sold
        mean = (flow * ((share / length)[of_step] * hours)).total(of_step, count) + passed
        price, reached = full(self.price, n)[begin], full(self.reached, n)[begin]
        billing = np.zeros(count) if self.billing is None else self.billing[begin].astype(float)
        name = f"{exchange.commodity} {self.direction} {self.name}"
        groups, first = groups_of_equal(count, billing, price, reached)
        more = problem.variable(name, size=len(first))
        problem.cost(name, more * price[first])
        for group, at in enumerate(reached[first].tolist() if self.bands else ()):
            self._add_bands(problem, (name, group), (more[np.array([group])], at), exchange)
        if self.days is None:
            problem.at_most(name, mean - reached, more[groups])
            return
        of_day, at = groups_of_equal(count, groups.astype(float), self.days[begin].astype(float))
        least = np.zeros(len(at))
        least[0] = self.earlier[-1] if self.earlier else 0.0
        day = problem.variable(f"{name}.day", lower=least, size=len(at))
        problem.at_most(f"{name}.day", mean, day[of_day])
        self._add_highest(problem, name, (day, groups[at]), more + reached[first])

    def _add_bands(
        self, problem: Problem, period: tuple[str, int], peak: tuple[Linear, float], exchange: Exchange
    ) -> None:
        """Add the price of the band in which the peak of one period lies: one whole number for each that is entered."""
        (name, number), (more, reached) = period, peak
        ends, fees = np.array(self.bands).T
        begin = int(np.searchsorted(ends[:-1], reached))
        if begin == len(ends) - 1:
            return
        most = problem.reach(exchange.most)[0 if self.direction == "consumption" else 1]
        top = WIDER * max(float(most.max()), reached, float(ends[-2]) + 1.0)
        widths = np.diff(np.minimum(ends[begin:], top))
        column = f"{name}.band {number}"
        entered = problem.variable(column, upper=1.0, size=len(widths), integer=True)
        problem.at_most(column, more - (entered * widths).total(), full(ends[begin] - reached, 1))
        if len(widths) > 1:
            problem.at_most(f"{column} order", entered[np.arange(1, len(widths))], entered[np.arange(len(widths) - 1)])
        problem.cost(name, entered * np.diff(fees[begin:]))

    def _add_highest(self, problem: Problem, name: str, days: tuple[Linear, Indices], most: Linear) -> None:
        """Add that the mean of the n highest days of each period is a peak at most.

        The sum of the n highest of x_k is the least n·t + Σ_k max(x_k - t, 0) over all t, so that it needs no whole
        numbers.

        Source:
            Ogryczak and Tamir, Information Processing Letters 85 (2003): minimizing the sum of the k largest.
        """
        day, period = days
        level = problem.variable(f"{name}.level", size=most.size)
        above = problem.variable(f"{name}.above", size=day.size)
        problem.at_most(f"{name}.above", day - level[period], above)
        total = above.total(period, most.size)
        if earlier := self.earlier[:-1]:
            over = problem.variable(f"{name}.earlier", size=len(earlier))
            problem.at_most(f"{name}.earlier", np.array(earlier) - level[np.zeros(len(earlier), np.int32)], over)
            total = total + over.total(size=most.size)
        problem.at_most(f"{name}.highest", level + total * (1.0 / self.count), most)


@dataclass(frozen=True, kw_only=True, eq=False)
class Commitment:
    """A promised power and the price of deviating from it.

    With the deviations u, d ≥ 0 and power_t - u_t + d_t = baseline_t it costs Σ_t (up_t · u_t - down_t · d_t) · h_t, or
    on the peak Σ_g up_g · max u - down_g · max d over runs of steps of equal price and baseline.
    """

    name: str
    """Name of its cost."""
    baseline: Values
    """Power promised, positive when consuming [kW], one number or shape (n,)."""
    up_price: Values | None = None
    """Price of a higher power [currency/kWh, or currency/kW on the peak]; None adds no cost upwards."""
    down_price: Values | None = None
    """Price of a lower power, counted negative: a positive price earns, a negative one costs; None adds no cost."""
    on: Literal["energy", "peak"] = "energy"
    """Whether each step or only the largest deviation is priced."""
    members: tuple[str, ...] | None = None
    """Names of the ports and groups whose sum is promised; None is the whole connection."""
    commodity: str = "electricity"
    """The connection it is about, when it names no members."""

    def add_to(self, problem: Problem, power: Linear, behind: Reach | None = None) -> None:
        """Add the deviation from the promise and its price.

        Args:
            problem: Where they go.
            power: The power promised [kW], shape (n,).
            behind: Reach of that power by what stands behind it; without it, by its own bounds.
        """
        n, hours = problem.window.n, problem.window.hours
        up_price, down_price = _price(self.up_price, n), _price(self.down_price, n)
        low, high = (end - self.baseline for end in problem.reach(power.reach))
        # Where deviating both ways at once would pay, only bounds keep it finite; elsewhere limits may be tried wider.
        pays = up_price < down_price
        up = problem.variable(f"{self.name}.up", upper=np.where(pays, np.maximum(high, 0.0), np.inf))
        down = problem.variable(f"{self.name}.down", upper=np.where(pays, np.maximum(-low, 0.0), np.inf))
        # What stands behind limits the choice only, and not tightly: a bound of the flows would have a price.
        low, high = (end - self.baseline for end in problem.reach(behind or power.reach))
        most = np.maximum(high * WIDER, 0.0), np.maximum(-low * WIDER, 0.0)
        problem.equal(f"{self.name}.deviation", power - up + down, self.baseline)
        if self.on == "energy":
            problem.cost(self.name, up * (up_price * hours) - down * (down_price * hours))
            problem.exclude_simultaneous(self.name, up, down, lossless=True, most=lambda _, __: most)
            return
        if (up_price < 0).any() or (down_price > 0).any():
            raise FieldError(
                "commitments",
                f"{self.name}: a price on the peak must make deviating cost: up-price 0 or more, down-price 0 or less.",
            )
        self._add_peak(problem, "up", up, up_price)
        self._add_peak(problem, "down", down, -down_price)

    def _add_peak(self, problem: Problem, side: str, deviation: Linear, price: Floats) -> None:
        """Add the largest deviation of each run of steps of equal price and baseline."""
        groups, prices = runs_of_equal(problem.window.n, price, self.baseline)
        if prices.any():
            peak = problem.variable(f"{self.name}.{side}-peak", size=len(prices))
            problem.at_most(f"{self.name}.{side}-peak", deviation, peak[groups])
            problem.cost(self.name, peak * prices)


def _price(price: Values | None, n: int) -> Floats:
    return np.zeros(n) if price is None else full(price, n)
