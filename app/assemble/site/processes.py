"""A process's flex-model → a process of the engine, over one window."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.flex_config import DeviceModel
from app.assemble.site.series import Readings
from engine.devices.inflexible import Inflexible
from engine.devices.process import Process, ProcessType
from engine.errors import FieldError
from engine.flex.process import ProcessModel
from engine.flex.quantity import Fixed
from engine.model.linear import Floats
from engine.series.iso_time import HOUR_US, MICROSECOND, duration, iso_duration, to_us


@dataclass(frozen=True)
class ProcessBuilder:
    """One process as described, ready to become a device."""

    name: str
    entry: DeviceModel
    model: ProcessModel
    readings: Readings
    group: str | None
    """Name of its group in the engine."""

    def process(self) -> Process | Inflexible:
        """Return the work that a process has to do within a window, for as many steps as its duration touches.

        What has begun goes on to its end: SHIFTABLE and INFLEXIBLE processes then have only the rest of their runs to
        place, a BREAKABLE one the rest of its duration.

        Raises:
            FieldError: Its power changes over time, or its duration is not above zero.
        """
        model, window, warnings = self.model, self.readings.window, self.readings.warnings
        in_pieces, ran = model.process_type is ProcessType.BREAKABLE, self._time_run()
        begun = np.zeros(window.n)
        if ran and not in_pieces:
            warnings.append(f"{self.name}: it runs already, for {iso_duration(ran)}; it goes on to its end.")
            begun = np.where(window.starts < to_us(window.start + self.lasts - ran), self._highest, 0.0)
            if model.power_profile:
                begun = self._mean_power(window.ticks - window.ticks[0] + ran // MICROSECOND)
            if model.runs == 1 and model.exclusion_group is None:
                return Inflexible(name=self.name, power=begun, commodity=model.commodity, group=self.group)
        blocked = np.diff(window.ticks) < window.step_us  # steps of which only a part of their slot is left
        for event in model.time_restrictions:
            blocked |= (window.ticks[1:] > to_us(event.start)) & (window.starts < to_us(event.end))
        left = self.lasts - ran if in_pieces else self.lasts
        steps, whole = -(-left // window.step), int((np.diff(window.ticks) >= window.step_us).sum())
        runs = model.runs - bool(ran and not in_pieces)
        if steps > whole > 0 and runs:
            warnings.append(f"{self.name}: it takes longer than the schedule lasts; it runs all the time.")
        steps = min(steps, max(whole, 1))
        # The energy of a profile is kept exactly: each step has its mean power
        power = self._mean_power(np.arange(steps + 1) * window.step_us) if model.power_profile else self._highest
        return Process(
            name=self.name,
            power=power,
            steps=steps,
            kind=model.process_type,
            runs=runs,
            pause=-(-self._pause // window.step),
            ceiling=self._ceiling(steps, power),
            exclusion=model.exclusion_group,
            begun=begun,
            blocked=blocked,
            dearest=model.optimization_direction == "MAX",
            commodity=model.commodity,
            group=self.group,
        )

    @cached_property
    def _powers(self) -> list[float]:
        """Power of a run, in steps of its own [kW]: one number where it is constant."""
        powers = self.model.power_profile or (self.model.power,)
        if not all(isinstance(power, Fixed) for power in powers):
            raise FieldError(f"{self.name}: power", "a process runs at one power; write it like '200 kW'.")
        return [each.number("kW", field=f"{self.name}: power") for each in powers if isinstance(each, Fixed)]

    @property
    def _highest(self) -> float:
        # By size, as the power of a process that produces is negative.
        return max(self._powers, key=abs)

    @cached_property
    def lasts(self) -> timedelta:
        """How long a run takes."""
        field = "profile-resolution" if self.model.power_profile else "duration"
        text = self.model.profile_resolution if self.model.power_profile else self.model.duration
        lasts = duration(text or "", field=f"{self.name}: {field}")
        if lasts <= timedelta(0):
            raise FieldError(f"{self.name}: {field}", "a process runs some time; write it like 'PT2H'.")
        if self.model.power_profile and lasts > timedelta(days=1):
            raise FieldError(f"{self.name}: {field}", "each power of a profile lasts a day at most, such as PT15M.")
        return lasts * len(self._powers)

    @property
    def _pause(self) -> timedelta:
        pause = duration(self.model.pause or "PT0S", field=f"{self.name}: pause")
        if pause < timedelta(0):
            raise FieldError(f"{self.name}: pause", "a pause lasts some time; write it like 'PT1H'.")
        return pause

    def _mean_power(self, since_begun: NDArray[np.integer]) -> Floats:
        """Mean power of a profile between moments since it has begun [µs]; nothing after its end."""
        edges = np.linspace(0.0, self.lasts / timedelta(hours=1), len(self._powers) + 1)
        energy = np.concatenate([[0.0], np.cumsum(self._powers * np.diff(edges))])
        at = since_begun / HOUR_US
        mean: Floats = np.diff(np.interp(at, edges, energy)) / np.diff(at)
        return mean

    def _ceiling(self, steps: int, power: Floats | float) -> float | None:
        """Most that a run may add to the costs [currency]."""
        if self.model.ceiling is None:
            return None
        most, per_energy = self.model.ceiling
        energy = float(np.sum(np.broadcast_to(power, steps))) * self.readings.window.step_hours
        return most * energy if per_energy else most

    def _time_run(self) -> timedelta:
        """How long a process has been running when the window begins; nothing if it is not, or has come to its end.

        Of one that runs in pieces, the pieces since it was started count, as its sensor has them.
        """
        ran, in_pieces, started = timedelta(0), self.model.process_type is ProcessType.BREAKABLE, self.model.started
        if started is not None:
            ran = self.readings.window.start - started
            if ran < timedelta(0):
                raise FieldError(f"{self.name}: started", "it lies after the start of the schedule.")
        if self.entry.sensor is not None and in_pieces == (started is not None):
            powers, hours = self.readings.before_start(self.entry.sensor, ran if in_pieces else self.lasts)
            runs = np.nan_to_num(powers) > min(each for each in self._powers if each or not any(self._powers)) / 2
            pauses = np.flatnonzero(~runs)
            last = pauses[-1] + 1 if len(pauses) and not in_pieces else 0
            ran = timedelta(hours=float(hours[last:][runs[last:]].sum()))
        if ran < self.lasts:
            return ran
        if started is not None:
            self.readings.warn(
                f"{self.name}: it began at {self.readings.local(started)} and has come to its end, as it takes "
                f"{iso_duration(self.lasts)}; it is scheduled to run again. Leave the process out if it should not."
            )
        return timedelta(0)
