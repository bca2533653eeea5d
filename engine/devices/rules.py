"""Rules that forbid ways to run: minimum times, operation modes, processes; and how each could give way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from engine.devices.port import Port
from engine.devices.process import Process, ProcessType
from engine.diagnosis.conflicts import Conflict, moment
from engine.diagnosis.repairs import Repair
from engine.diagnosis.trials import Trials
from engine.errors import Infeasible
from engine.site import Site


@dataclass(frozen=True, slots=True)
class _Change:
    """One way in which one rule could give, more or less."""

    limit: str
    steps: int
    """The most it can give [steps]; 1 if it is there or not."""
    site: Callable[[int], Site]
    """Tells the site when it gives so much."""
    text: Callable[[int], str]


def rule_repairs(site: Site, trials: Trials) -> list[Repair]:
    """Return the changes of one rule after which a plan exists, each the smallest of its kind."""
    found = []
    for change in _changes(site):
        given = _least(change, trials)
        if given is None:
            continue
        mended = change.site(given)
        cost = trials.cost(mended)
        if cost is not None:
            found.append(Repair((change.limit,), given * site.window.hours, change.text(given), mended, cost))
    return found


def without_room(site: Site) -> list[Conflict]:
    """Return the processes that do not fit between their time restrictions, whatever else there is."""
    return [found for device in site.devices if isinstance(device, Process) and (found := _too_long(site, device))]


def _too_long(site: Site, process: Process) -> Conflict | None:
    try:
        process.check_room(site.window.n)
    except Infeasible as error:
        at, room = process.room(site.window.n)
        hours = site.window.hours
        text = (
            f"{process.name}: duration asks for {process.steps * hours:g} h"
            f"{'' if process.kind is ProcessType.BREAKABLE else ' on end'}, but there is room for {room * hours:g} h"
            f"{f' from {moment(site.window, at)}' if room and process.kind is not ProcessType.BREAKABLE else ''}."
        )
        return Conflict(tuple(error.clashing), float(at), (process.steps - room) * hours, "h", text)
    return None


def _least(change: _Change, trials: Trials) -> int | None:
    """Return the least that a rule has to give, found by halving; None if even giving all does not help."""
    if trials.cost(change.site(change.steps)) is None:
        return None
    low, high = 0, change.steps
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if trials.cost(change.site(middle)) is not None else (middle, high)
    return high


def _changes(site: Site) -> Iterable[_Change]:
    for device in site.devices:
        if isinstance(device, Process):
            yield from _of_process(site, device)
        for port in device.ports:
            if isinstance(port, Port):
                yield from _of_port(site, port)


def _of_port(site: Site, port: Port) -> Iterable[_Change]:
    for field, lasts in (("min_on", port.min_on), ("min_off", port.min_off)):
        if round(lasts / site.window.hours) > 0:
            yield _shorter(site, port.name, field, lasts)
    if port.bands:
        limit = f"{port.name}.operation-modes"
        yield _Change(limit, 1, lambda _: _with(site, port.name, bands=()), lambda _: f"leave out {limit}")


def _shorter(site: Site, port: str, field: str, lasts: float) -> _Change:
    hours, limit = site.window.hours, f"{port}.{field.replace('_', '-')}"

    def left(less: int) -> float:
        return max(lasts - less * hours, 0.0)

    return _Change(
        limit,
        round(lasts / hours),
        lambda less: _with(site, port, **{field: left(less)}),
        lambda less: f"shorten {limit} to {left(less):g} h",
    )


def _of_process(site: Site, work: Process) -> Iterable[_Change]:
    hours, name = site.window.hours, work.name
    if work.steps > 1:
        yield _Change(
            f"{name}.duration",
            work.steps - 1,
            lambda less: _with(site, name, steps=work.steps - less),
            lambda less: f"shorten {name} to {(work.steps - less) * hours:g} h",
        )
    if work.blocked is not None and work.blocked.any():
        limit = f"{name}.time-restrictions"
        yield _Change(limit, 1, lambda _: _with(site, name, blocked=None), lambda _: f"lift {limit}")
    kinds = list(ProcessType)
    for freer in kinds[kinds.index(work.kind) + 1 :]:
        yield _freer(site, work, freer)


def _freer(site: Site, work: Process, kind: ProcessType) -> _Change:
    limit = f"{work.name}.process-type"
    return _Change(limit, 1, lambda _: _with(site, work.name, kind=kind), lambda _: f"make {work.name} {kind.value}")


def _with(site: Site, name: str, **fields: Any) -> Site:
    """Return a site in which the process or the port of a name has other fields."""

    def changed(device: Any) -> Any:  # which fields change is known by name only
        if isinstance(device, Process):
            return replace(device, **fields) if device.name == name else device
        if not any(port.name == name for port in device.ports):
            return device
        ports = tuple(replace(port, **fields) if port.name == name else port for port in device.ports)
        return replace(device, ports=ports)

    return replace(site, devices=tuple(changed(device) for device in site.devices))
