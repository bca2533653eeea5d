"""What a flex-model asks of stored energy at some times → hard and soft bounds of the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.devices import DeviceBuilder
from engine.devices.energy.bounds import Moments, SoftBound
from engine.errors import FieldError
from engine.flex.commodity import SOC_BREACH_PRICE, breach_price
from engine.flex.quantity import Events, Fixed, Quantity
from engine.flex.values import Scale, at_moments, off_grid, per_tick

Floats = NDArray[np.float64]
_NOISE = 1e-9
"""Energies this near to a bound lie on it [kWh]."""


@dataclass(frozen=True)
class SocBound:
    """One bound wherever it is asked for."""

    ticks: Floats
    """At the bounds of the steps [kWh], NaN where nothing is asked, shape (n + 1,)."""
    moments: Floats
    """At the moments between them at which any bound begins or ends, likewise, shape (m,)."""

    def joined(self, other: "SocBound | None", tighter: Callable[[Floats, Floats], Floats]) -> "SocBound":
        """Return the tighter of two bounds."""
        if other is None:
            return self
        return SocBound(tighter(self.ticks, other.ticks), tighter(self.moments, other.moments))


@dataclass(frozen=True)
class SocBounds:
    """Bounds on the energy stored by one device."""

    device: DeviceBuilder
    scale: Scale
    """How bare numbers and percentages are meant."""

    def fields(self, at_start: float) -> dict[str, Any]:
        """Return the bounds as fields of the engine's Storage; what they cannot mean is told as warnings.

        Args:
            at_start: Energy stored when the window begins [kWh].

        Raises:
            FieldError: A hard target contradicts soc-min or soc-max.
        """
        least, most, exact = (self._asked(f"soc-{bound}") for bound in ("minima", "maxima", "targets"))
        short, over = self._price("soc-minima"), self._price("soc-maxima")
        self._warn_of_start(at_start)
        self._warn_of_times()
        for field, bound in (("soc-targets", exact), ("soc-minima", least), ("soc-maxima", most)):
            if bound is not None:
                self._warn_outside(field, bound, short=short, over=over)
        hard_least, hard_most = (None if short is not None else least), (None if over is not None else most)
        # A target that may be missed on one side only is a hard bound on the other.
        if exact is not None and short is None and over is not None:
            hard_least = exact.joined(hard_least, np.fmax)
        if exact is not None and over is None and short is not None:
            hard_most = exact.joined(hard_most, np.fmin)
        soft = exact is not None and (short is not None or over is not None)
        hard = hard_least, hard_most, None if soft else exact
        return {
            "soc_min": self.low,
            "soc_max": self.high,
            "soc_minima": None if hard[0] is None else hard[0].ticks,
            "soc_maxima": None if hard[1] is None else hard[1].ticks,
            "soc_targets": None if hard[2] is None else hard[2].ticks,
            "moments": self._moments(hard),
            "soft_minima": _soft(least, short),
            "soft_maxima": _soft(most, over),
            "soft_targets": (_soft(exact, short), _soft(exact, over)) if soft else None,
        }

    @cached_property
    def low(self) -> Floats:
        """Least energy at any time [kWh], shape (n + 1,)."""
        return self._assume("soc-min", 0.0, "taken as 0 kWh")

    @cached_property
    def high(self) -> Floats:
        """Most energy at any time [kWh], likewise.

        Raises:
            FieldError: It is less than the least.
        """
        found = self._assume("soc-max", np.inf, "nothing limits what is stored there")
        if (crossed := np.flatnonzero(self.low > found)).size:
            low, high = self.low[crossed[0]], found[crossed[0]]
            raise FieldError(
                f"{self.device.name}: soc-min",
                f"{low:g} kWh is above soc-max ({high:g} kWh); change the one or the other.",
            )
        return found

    @cached_property
    def _positions(self) -> Floats:
        model, window = self.device.model, self.device.around.window
        bounds = (model.soc_minima, model.soc_maxima, model.soc_targets)
        return np.array(sorted({at for bound in bounds for at in off_grid(bound, window)}), dtype=float)

    def _asked(self, field: str) -> SocBound | None:
        given = self.device.quantity(field)
        if given is None:
            return None
        between = at_moments(
            given,
            self._positions,
            self.device.around.window,
            field=f"{self.device.name}: {field}",
            overlap=self.device.model.fact(field).overlap,
            scale=self.scale,
        )
        return SocBound(self._ticks(field), between)

    def _ticks(self, field: str) -> Floats:
        around, given = self.device.around, self.device.quantity(field)
        if given is None:
            return np.full(around.window.n + 1, np.nan)
        fact = self.device.model.fact(field)
        return per_tick(
            given,
            around.window,
            field=f"{self.device.name}: {field}",
            resolve=around.readings.by_kind(fact.kind, fact.overlap),
            overlap=fact.overlap,
            # Of soc-max there is no percentage, as it is what 100 % is.
            scale=Scale(self.scale.bare) if field == "soc-max" else self.scale,
        )

    def _assume(self, field: str, instead: float, why: str) -> Floats:
        """Return a bound at each tick, another value where its sensor knows none."""
        given, values = self.device.quantity(field), self._ticks(field)
        if given is None:
            return np.where(np.isnan(values), instead, values)
        name = f"{self.device.name}: {field}"
        return self.device.around.readings.assume(given, values, instead, name=name, why=why)

    def _moments(self, hard: tuple[SocBound | None, ...]) -> Moments | None:
        if not len(self._positions):
            return None
        none = np.full(len(self._positions), np.nan)
        least, most, exact = (none if bound is None else bound.moments for bound in hard)
        return Moments(at=self._positions, minima=least, maxima=most, targets=exact)

    def _price(self, field: str) -> float | Floats | None:
        """Return the price of breaking a bound [currency/kWh], one number or shape (n,); None if it is hard."""
        around, name, attribute = self.device.around, f"{field}-breach-price", f"{field}-breach-price".replace("-", "_")
        own: Quantity | None = getattr(self.device.model, attribute)
        given: Quantity | None = getattr(around.context, attribute) if own is None else own
        weight = around.weight(self.device.model.priority)
        usual = breach_price(SOC_BREACH_PRICE, around.dearest)
        if given is None:
            return usual * weight if around.context.relaxes_soc else None
        if isinstance(given, Fixed):
            return given.number("currency/kWh", field=name) * weight
        fact = (around.context if own is None else self.device.model).fact(name)
        return around.readings.series(given, fact, name=name, otherwise=usual) * weight

    def _warn_of_start(self, at_start: float) -> None:
        """Tell of a start outside soc-min and soc-max."""
        low, high = float(self.low[1]), float(self.high[1])
        for beyond, about in ((low - at_start, "below soc-min"), (at_start - high, "above soc-max")):
            if beyond > _NOISE:
                bound = low if at_start < low else high
                text = f"{at_start:g} kWh is {about} ({bound:g} kWh); it is brought back as soon as possible"
                self.device.around.readings.warn(f"{self.device.name}: soc-at-start: {text}.")

    def _warn_of_times(self) -> None:
        """Tell of bounds whose time lies before the window or after it."""
        around = self.device.around
        window, readings = around.window, around.readings
        for field in ("soc-targets", "soc-minima", "soc-maxima"):
            given = self.device.quantity(field)
            events = given.events if isinstance(given, Events) else ()
            early = [event.start for event in events if event.end <= window.start]
            late = [event.start for event in events if event.start > window.end]
            for moments, about, more in (
                (early, "before the schedule starts", ""),
                (late, "after the schedule ends", "; ask for a longer duration"),
            ):
                if moments:
                    several = f" and {len(moments) - 1} more of its times lie" if len(moments) > 1 else " lies"
                    text = f"{readings.local(min(moments))}{several} {about} and counts for nothing{more}"
                    readings.warn(f"{self.device.name}: {field}: {text}.")

    def _warn_outside(
        self, field: str, bound: SocBound, *, short: float | Floats | None, over: float | Floats | None
    ) -> None:
        """Tell of a soft bound that soc-min or soc-max keeps a plan from; of a target that is hard, refuse it."""
        # A moment between two ticks has the bounds at the end of its step.
        at = np.concatenate([np.arange(len(bound.ticks)), np.ceil(self._positions)]).astype(int)
        wanted, low, high = np.concatenate([bound.ticks, bound.moments]), self.low[at], self.high[at]
        ways = [(wanted < low, "below soc-min", low, over)] if field != "soc-minima" else []
        ways += [(wanted > high, "above soc-max", high, short)] if field != "soc-maxima" else []
        for beyond, way, limit, price in ways:
            # The start is given, and is told of by a warning of its own.
            wrong = np.flatnonzero(beyond & (at > 0))
            if not wrong.size:
                continue
            first = wrong[0]
            about = f"{wanted[first]:g} kWh is {way} ({limit[first]:g} kWh)"
            if price is not None:
                text = f"{about}; it is approached as far as {way.split()[1]} allows"
                self.device.around.readings.warn(f"{self.device.name}: {field}: {text}.")
            elif field == "soc-targets":
                raise FieldError(f"{self.device.name}: {field}", f"{about}; change the one or the other.")


def _soft(bound: SocBound | None, price: float | Floats | None) -> SoftBound | None:
    if bound is None or price is None:
        return None
    return SoftBound(at=bound.ticks, between=bound.moments, highest_price=price, hourly_price=price)
