"""How much one plan may ask for: devices, steps, entries; looked at before anything is read or solved."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.assemble.site.flex_config import DeviceModel
from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from engine.errors import FieldError
from engine.flex.storage import StorageModel
from engine.site import Site

POWERS = [fact.name for fact in StorageModel.facts() if fact.kind == "power"]
"""Fields of an entry that name the sensor of its power."""


def check_request(request: ScheduleRequest, limits: WindowLimits) -> None:
    """Raise FieldError if a request has more devices or entries than a plan may have, or too many behind one sensor."""
    if limits.most_devices and len(request.flex_model) > limits.most_devices:
        raise _too_many_devices(len(request.flex_model), limits)
    if limits.most_entries:
        _check_entries({"flex-model": list(request.flex_model), "flex-context": request.flex_context}, limits)
    _check_shared(request.flex_model, limits)


def check_models(models: Sequence[DeviceModel], limits: WindowLimits) -> None:
    """Raise FieldError if the devices of a plan, stored ones included, are more than it may have."""
    if limits.most_devices and len(models) > limits.most_devices:
        raise _too_many_devices(len(models), limits)
    if limits.most_entries:
        _check_entries({"flex-model": [model.effective.fields for model in models]}, limits)


def check_size(site: Site, limits: WindowLimits) -> None:
    """Raise FieldError if a plan would be larger than it may be: devices × steps, over all levels of a forecast."""
    planned, copies = _planned(site)
    n, size = site.window.n, device_steps(site)
    times = f"{n} steps" if copies == 1 else f"{n} steps × {copies} levels of forecasts"
    if limits.most_device_steps and size > limits.most_device_steps:
        raise FieldError(
            "flex-model",
            f"{planned:.0f} devices × {times} are more than the {limits.most_device_steps} device-steps of a plan "
            "(FLEXSCOPE_MAX_DEVICE_STEPS); operation modes, commitments and what spans many steps (SHIFTABLE, min-on, "
            "min-off) count as devices. Ask for a shorter duration, a coarser resolution or fewer devices.",
        )


def device_steps(site: Site) -> float:
    """Size of a plan: devices × steps, over all levels of a forecast."""
    planned, copies = _planned(site)
    return planned * site.window.n * copies


def check_fleet(requests: Sequence[ScheduleRequest], limits: WindowLimits) -> None:
    """Raise FieldError if many sites would be more together than they may be, by what the requests alone tell.

    What is stored of them is counted as they are read, see ``check_together``.
    """
    least = 0.0
    for each in requests:
        steps = each.duration / each.resolution if each.duration and each.resolution else 1.0
        least += max(len(each.flex_model), 1) * steps
    check_together(least, len(requests), limits)


def check_together(size: float, count: int, limits: WindowLimits) -> None:
    """Raise FieldError if the plans of some sites are larger together than they may be [device-steps]."""
    if limits.most_fleet_device_steps and size > limits.most_fleet_device_steps:
        raise FieldError(
            "sites",
            f"{count} sites have {size:.0f} devices × steps or more, above the {limits.most_fleet_device_steps} of one "
            "request (FLEXSCOPE_MAX_FLEET_DEVICE_STEPS); name fewer sites, a shorter duration or a coarser resolution.",
        )


def _planned(site: Site) -> tuple[float, int]:
    """Return the number of devices, with what counts as some, and how many levels of a forecast are planned for."""
    # A hedged plan holds the site once for each level.
    copies = max(len(site.levels), 1) if site.hedged else 1
    devices = sum(device.weight(site.window) for device in site.devices)
    return devices + len(site.commitments) + len(site.groups), copies


def _too_many_devices(count: int, limits: WindowLimits) -> FieldError:
    most = f"{count} devices are more than the {limits.most_devices} of one plan (FLEXSCOPE_MAX_DEVICES)"
    return FieldError("flex-model", f"{most}; plan them in several assets.")


def _check_entries(described: Any, limits: WindowLimits) -> None:
    """Raise FieldError if lists hold more entries than allowed, all of them together; the longest is named."""
    lengths = dict(_lists(described, ""))
    total = sum(lengths.values())
    if total > limits.most_entries:
        longest = max(lengths, key=lambda name: lengths[name])
        raise FieldError(
            longest,
            f"with {lengths[longest]} of {total} entries in all it is too long; one plan may have "
            f"{limits.most_entries} events and other entries of lists (FLEXSCOPE_MAX_PLAN_ENTRIES). "
            "Store long series in a sensor and name it.",
        )


def _lists(config: Any, name: str) -> Iterable[tuple[str, int]]:
    """Give the name and length of every list in a flex-config."""
    # A list of what is left instead of recursion, as a request may nest its lists as deep as it likes.
    todo: list[tuple[Any, str]] = [(config, name)]
    while todo:
        here, path = todo.pop()
        if isinstance(here, Mapping):
            held = [(key, value) for key, value in here.items() if type(value) is not str and _holds_more(value)]
            todo += [(value, f"{path}.{key}".lstrip(".")) for key, value in held]
        elif isinstance(here, list | tuple):
            yield path, len(here)
            todo += [(value, f"{path}[{at}]") for at, value in enumerate(here) if _holds_more(value)]


def _holds_more(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _check_shared(entries: Sequence[Mapping[str, Any]], limits: WindowLimits) -> None:
    """Raise FieldError if a power sensor is named by too many entries, or twice by the same one.

    Several devices behind one meter, such as charging sessions, are added up.
    """
    seen: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for at, entry in enumerate(entries):
        for field in POWERS:
            value = entry.get(field)
            key = value.get("sensor") if isinstance(value, Mapping) else value
            if not isinstance(key, int):
                continue
            others = seen.setdefault((field, key), [])
            if entry in others:
                raise FieldError(f"flex-model[{at}].{field}", f"sensor {key} is named by an equal entry already.")
            others.append(entry)
            if limits.most_per_sensor and len(others) > limits.most_per_sensor:
                raise FieldError(
                    f"flex-model[{at}].{field}",
                    f"more than {limits.most_per_sensor} devices name sensor {key} for their power "
                    "(FLEXSCOPE_MAX_DEVICES_PER_SENSOR); give each device a sensor of its own.",
                )
