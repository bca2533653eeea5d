"""The powers of an asset's last schedule over the window of the next one, and that schedule carried on."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from app.assemble.outputs import DECIMALS, SensorOutput
from app.assemble.site.series import of_sensor
from app.assemble.site.site import Assembled
from app.auth.access.references import References
from db import schedules
from db.beliefs import store
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.schedules import POWER, StoredSchedule
from engine.model.linear import Floats
from engine.schedulers.process_scheduler import ProcessScheduler
from engine.schedulers.staying import HeldPowers, Margin, keep_schedule
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.iso_time import Microseconds, to_us
from engine.site import Schedule
from engine.units import units


def last_powers(
    references: References, assembled: Assembled, *, known_at: datetime
) -> tuple[StoredSchedule, HeldPowers] | None:
    """Row of the last schedule of a site and its powers; None where there is none, or it says nothing of the window.

    Of devices that share a meter, and of those without a sensor of their own, the powers are not known.

    Args:
        references: To read the sensors.
        assembled: The site and its outputs.
        known_at: Schedules of later belief times are left out.
    """
    window, asset_id = assembled.site.window, assembled.described.asset.id
    span = window.start, window.end
    row = schedules.newest_of_assets(references.session, [asset_id], as_of=known_at, span=span).get(asset_id)
    if row is None or row.source_id is None:
        return None
    written = {(each.sensor_id, each.device, each.part, each.sign) for each in row.outputs if each.role == POWER}
    ports = {port.name for device in assembled.site.devices if device.load is None for port in device.ports}
    outputs = [each for each in assembled.outputs if each.name in ports and each.is_power]
    shared = [each.sensor.id for each in outputs]
    powers: dict[str, Floats] = {}
    slack = 0.0
    for name in dict.fromkeys(each.name for each in outputs):
        own = [each for each in outputs if each.name == name]
        keys = {(each.sensor.id, name, each.part, each.sign) for each in own}
        if keys <= written and all(shared.count(each.sensor.id) == 1 and each.sensor.resolution for each in own):
            # Where one sensor tells both directions, one output says all
            own = own[:1] if own[0].part == "both" else own
            powers[name] = np.sum([_planned_power(references, row, each, window.ticks) for each in own], axis=0)
            slack = max(slack, *(2.0 * units.convert(10.0**-DECIMALS, each.sensor.unit, "kW") for each in own))
    held = {name: power for name, power in powers.items() if not np.isnan(power).all()}
    return (row, HeldPowers(power=held, slack=slack)) if held else None


def kept_last(
    scheduler: object, assembled: Assembled, last: tuple[StoredSchedule, HeldPowers] | None, best: Schedule
) -> tuple[Schedule, Assembled, list[str]] | None:
    """The last schedule carried on, the site in which it is held, and what that costs as a warning.

    None where the best one takes its place.
    """
    margin = assembled.described.context.staying_margin
    if isinstance(scheduler, ProcessScheduler):
        scheduler = scheduler.together
    # Only a plan by costs can be compared: others give no cost that a margin could be set against
    if margin is None or last is None or not isinstance(scheduler, StorageScheduler):
        return None
    row, held = last
    kept = keep_schedule(scheduler, assembled.site, best, held, Margin(amount=margin[0], per_energy=margin[1]))
    if kept is None:
        return None
    at, currency = row.belief_time.astimezone(assembled.place).isoformat(timespec="minutes"), assembled.currency
    told = (
        f"The schedule of {at} is kept: another one would save {kept.dearer:.4g} {currency}, "
        f"no more than the {kept.margin:.4g} {currency} of stay-with-plan."
    )
    return kept.schedule, replace(assembled, site=kept.site), [told]


def _planned_power(references: References, row: StoredSchedule, output: SensorOutput, ticks: Microseconds) -> Floats:
    """Power that a schedule has written to a sensor, positive when consuming [kW]; NaN where it says nothing."""
    sources = SourceFilter(ids=[] if row.source_id is None else [row.source_id])
    # As that schedule wrote it, whatever later ones of the same source have written since.
    query = BeliefQuery(row.start, row.end, known_at=row.belief_time, sources=sources)
    known = store.read(references.session, output.sensor, query)
    powers = of_sensor(output.sensor, known.events, known.values).over(ticks, "kW") / output.sign
    within = (ticks[:-1] >= to_us(row.start)) & (ticks[1:] <= to_us(row.end))
    return np.where(within, powers, np.nan)
