"""The flex-context of one commodity → its connection with limits, prices and promises, over one window."""

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.peaks import PeakBuilder
from app.assemble.site.series import Readings
from engine.carbon import CarbonIntensity
from engine.errors import FieldError
from engine.flex.commodity import SITE_BREACH_PRICE, CommitmentModel, CommodityContext, breach_price
from engine.flex.quantity import Events, Fixed, Quantity, SensorReference
from engine.flex.values import per_step
from engine.model.limits import SoftLimit
from engine.series.window import Window
from engine.site import Connection
from engine.tariffs import Commitment, EnergyTariff, MeanPeakTariff, PeakTariff

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ConnectionBuilder:
    """One commodity as described, ready to become a connection."""

    context: CommodityContext
    window: Window
    readings: Readings
    zone: ZoneInfo
    """The zone in which months are billed."""
    carbon_price: Floats | None = None
    """What a kg of CO₂ counts in the costs [currency/kg], shape (n,)."""

    @property
    def is_internal(self) -> bool:
        """Whether nothing is said of a grid, so that the devices of the commodity must balance among themselves."""
        context = self.context
        told = (
            context.buying,
            context.selling,
            context.site_power_capacity,
            context.site_consumption_capacity,
            context.site_production_capacity,
        )
        return context.commodity != "electricity" and not any(told)

    def connection(self, dearest: float) -> Connection:
        """Return the connection; what one price or capacity leaves open, the other fills in.

        Args:
            dearest: Price of the dearest energy of the whole site [currency/kWh], which default breach prices follow.

        Raises:
            FieldError: Electricity has no price, or a limit is negative.
            FieldError: A price is not known anywhere in the window.
        """
        hard_buying, soft_buying = self._limit("consumption", dearest)
        hard_selling, soft_selling = self._limit("production", dearest)
        return Connection(
            commodity=self.context.commodity,
            consumption_limit=hard_buying,
            production_limit=hard_selling,
            soft_consumption=soft_buying,
            soft_production=soft_selling,
            tariffs=(*self._energy, *self._peaks),
            carbon=self.carbon,
        )

    @cached_property
    def capacity(self) -> Floats | None:
        """Most power in both directions [kW], shape (n,), infinite where it is not known; None if it is not limited."""
        return self._capacity("site-power-capacity", np.full(self.window.n, np.inf))

    @property
    def dearest(self) -> float:
        """Price of the dearest energy, or a fiftieth of that of a peak if it is more [currency/kWh]; 0 without any."""
        if self.context.buying is None and self.context.selling is None:
            return 0.0
        prices = [price for each in self._energy for price in (each.consumption_price, each.production_price)]
        peaks = [np.multiply(each.price, 0.02) for each in self._peaks]
        return max([0.0, *(float(np.max(np.abs(price))) for price in (*prices, *peaks))])

    @cached_property
    def _energy(self) -> list[EnergyTariff]:
        context = self.context
        buying, selling = context.buying, context.selling
        if buying is None and selling is None:
            if context.commodity == "electricity":
                raise FieldError("consumption-price", "a schedule needs it; name a sensor or a price, '0.3 EUR/kWh'.")
            return []
        paid = None if buying is None else self._price(buying, "consumption-price")
        earned = paid if selling is None else self._price(selling, "production-price")
        either = [price for price in (paid, earned) if price is not None]  # one price is that of both directions
        energy = EnergyTariff(consumption_price=either[0], production_price=either[-1])
        if self.carbon is None or self.carbon_price is None:
            return [energy]
        return [energy, self.carbon.tariff(self.carbon_price)]

    @cached_property
    def carbon(self) -> CarbonIntensity | None:
        """How much CO₂ is emitted for what is bought and saved by what is sold; None where nothing tells.

        Raises:
            FieldError: There is no connection to which it belongs.
        """
        context = self.context
        if context.carbon_intensity is None:
            if context.production_carbon_intensity is not None:
                raise FieldError("production-carbon-intensity", "it needs carbon-intensity beside it.")
            return None
        if self.is_internal:
            raise FieldError("carbon-intensity", f"{context.commodity} has no connection; give its consumption-price.")
        name = "carbon-intensity"
        emitted = self.readings.series(context.carbon_intensity, context.fact(name), name=name, otherwise=0.0)
        if context.production_carbon_intensity is None:
            return CarbonIntensity(consumption=emitted)
        name = f"production-{name}"
        saved = self.readings.series(context.production_carbon_intensity, context.fact(name), name=name, otherwise=0.0)
        return CarbonIntensity(consumption=emitted, production=saved)

    def _price(self, given: Quantity, field: str) -> Floats:
        """Return a price per step [currency/kWh], shape (n,)."""
        values = self.readings.series(given, self.context.fact(field), name=field)
        if np.isnan(values).all():
            whose = f"of sensor {given.sensor} it" if isinstance(given, SensorReference) else "it"
            span = " to ".join(self.readings.local(each) for each in (self.window.start, self.window.end))
            raise FieldError(field, f"{whose} is not known from {span}; add prices for this time, or plan another.")
        return values

    def _limit(self, way: str, dearest: float) -> tuple[Floats, SoftLimit | None]:
        """Return the hard limit in one direction [kW] and the soft one, if breaking it has a price."""
        hard = np.full(self.window.n, np.inf) if self.capacity is None else self.capacity
        one_way = self._capacity(f"site-{way}-capacity", hard)
        if one_way is None and not self._closed(way):
            return hard, None
        one_way = np.zeros(self.window.n) if one_way is None else one_way
        limit = np.fmin(hard, one_way)
        field, usual = f"site-{way}-breach-price", breach_price(SITE_BREACH_PRICE, dearest)
        given: Quantity | None = getattr(self.context, field.replace("-", "_"))
        if given is None and not self.context.relaxes_site:
            return limit, None
        price = np.full(self.window.n, usual)
        if given is not None:
            price = self.readings.series(given, self.context.fact(field), name=field, otherwise=usual)
        return hard, SoftLimit(limit=limit, highest_price=price, hourly_price=price)

    def _closed(self, way: str) -> bool:
        """Whether a commodity, other than electricity, has a price or capacity in the other direction only."""
        context = self.context
        buys = context.buying is not None or context.site_consumption_capacity is not None
        sells = context.selling is not None or context.site_production_capacity is not None
        here, there = (buys, sells) if way == "consumption" else (sells, buys)
        return context.commodity != "electricity" and context.site_power_capacity is None and there and not here

    def _capacity(self, field: str, wider: Floats) -> Floats | None:
        """Return a capacity per step [kW], the next wider one where it is not known, shape (n,); None without one."""
        given: Quantity | None = getattr(self.context, field.replace("-", "_"))
        if given is None:
            return None
        values = self.readings.series(given, self.context.fact(field), name=field)
        if (values < 0).any():
            raise FieldError(field, "a capacity is 0 or more, in either direction.")
        known = np.isfinite(wider[np.isnan(values)]).any()
        why = "site-power-capacity counts, {:g} kW" if known else "nothing limits the power there"
        return self.readings.assume(given, values, wider, name=field, why=why)

    @cached_property
    def _peaks(self) -> list[PeakTariff | MeanPeakTariff]:
        return PeakBuilder(self.context, self.window, self.readings, self.zone).tariffs()

    def commitment(self, given: CommitmentModel, members: tuple[str, ...] | None) -> Commitment:
        """Return a promise about the connection, or about some of its devices."""
        name = given.name or ""
        promised = given.baseline or Fixed("0 kW")
        baseline = self.readings.series(promised, given.fact("baseline"), name=f"{name}: baseline", otherwise=0.0)
        up, down = (
            None if price is None else self._promise_price(price, given, f"{name}: {way}-price")
            for way, price in (("up", given.up_price), ("down", given.down_price))
        )
        return Commitment(
            name=name,
            baseline=np.nan_to_num(baseline),
            up_price=up,
            down_price=down,
            on="energy" if given.unit.endswith("kWh") else "peak",
            members=members,
            commodity=self.context.commodity,
        )

    def _promise_price(self, price: Quantity, given: CommitmentModel, name: str) -> Floats:
        """Return the price of deviating per step, shape (n,); timed events say of other times that it costs nothing."""
        if isinstance(price, Events):
            resolve = self.readings.by_kind("price")
            return np.nan_to_num(per_step(price, self.window, unit=given.unit, field=name, resolve=resolve))
        return self.readings.series(price, given.fact("up-price"), name=name, unit=given.unit, otherwise=0.0)
