"""The entries of a flex-model → devices, groups and promises of the engine, each under a name of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.assemble import outputs
from app.assemble.outputs import SensorOutput, consumption_sign
from app.assemble.site.device_fields import Surroundings
from app.assemble.site.devices import DeviceBuilder
from app.assemble.site.flex_config import DeviceModel
from app.assemble.site.groups import group_of_devices
from app.assemble.site.planning_window import uneven_outputs
from app.assemble.site.processes import ProcessBuilder
from app.assemble.site.series import Readings
from app.assemble.site.stores.storage import StorageBuilder, at_grid_of, keeper_of, with_shares
from app.assemble.site.stores.thermal import ThermalBuilder
from app.assemble.site.supplies import ConnectionBuilder
from app.auth.access.references import References
from engine.devices.device import Device
from engine.devices.inflexible import Inflexible
from engine.devices.ported import Adjustable
from engine.errors import FieldError
from engine.flex.commodity import CommodityContext
from engine.flex.context import FlexContext
from engine.flex.parts import GroupReference
from engine.flex.process import ProcessModel
from engine.flex.quantity import Quantity, SensorReference
from engine.flex.storage import StorageModel
from engine.series.window import Window
from engine.site import Group
from engine.tariffs import Commitment

Entry = tuple[DeviceModel, StorageModel | ProcessModel]
RELAXATION = ("relax_constraints", "relax_soc_constraints", "relax_site_capacity_constraints")
"""Fields of the flex-context that a commodity without one of its own takes over."""


@dataclass(frozen=True)
class SiteBuilder:
    """Everything behind the connections of one site."""

    references: References
    supplies: Mapping[str, ConnectionBuilder]
    """What surrounds the devices, by commodity."""
    readings: Readings
    window: Window
    entries: Sequence[Entry]
    context: FlexContext

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """Every device: planned ones in the order of their entries, then those that are as they are."""
        place = {name: at for at, name in enumerate(self.names)}
        shared = with_shares(self._of_stores, {each.name: each.model.fair_share for each in self._described})
        processes = [
            ProcessBuilder(name, given, model, self.readings, self._group_name(model.group)).process()
            for name, (given, model) in zip(self.names, self.entries, strict=True)
            if isinstance(model, ProcessModel)
        ]
        planned = sorted([*shared, *processes], key=lambda device: place.get(device.name, -1))
        return (*planned, *self._fixed_entries(), *self._fixed_context())

    @cached_property
    def outputs(self) -> tuple[SensorOutput, ...]:
        """Where the plan of each device goes."""
        found = [output for each in self._described for output in self._of_power(each)]
        for each in self._described:
            found += outputs.of_guidance(self.references, each.name, each.model)
        for name, (_, model) in zip(self.names, self.entries, strict=True):
            if isinstance(model, ProcessModel):
                own = list(outputs.of_power(self.references, name, model))
                found += own
                if not own:
                    self.readings.warn(f"{name}: no sensor receives its power; name one.")
        for feeders in self._stores:
            if (keeper := keeper_of(feeders)) is not None:
                scale = StorageBuilder(keeper).capacity
                if keeper.model.thermal_capacity is not None:
                    scale = next(getattr(each, "thermal", None) for each in self._of_stores if each.name == keeper.name)
                found += outputs.of_store(self.references, keeper.name, keeper.model, scale=scale)
            unheard = [feeder.name for feeder in at_grid_of(feeders) if not self._of_power(feeder)]
            self.readings.warnings.extend(f"{name}: no sensor receives its power; name one." for name in unheard)
        self.readings.warnings.extend(uneven_outputs(self.window, (output.sensor for output in found)))
        return tuple(found)

    @property
    def currencies(self) -> set[str]:
        """Every currency written in a price of a device."""
        return set[str]().union(*(model.currencies for _, model in self.entries))

    def _of_power(self, described: DeviceBuilder) -> list[SensorOutput]:
        return list(outputs.of_power(self.references, described.name, described.model))

    @cached_property
    def names(self) -> list[str]:
        """Name of each entry: its asset's, with the sensor where that is not its alone."""
        models = [given for given, _ in self.entries]
        plain = [model.asset.name if model.asset else "device" for model in models]
        named = [
            name if plain.count(name) == 1 else f"{name} (sensor {model.sensor.id if model.sensor else '-'})"
            for name, model in zip(plain, models, strict=True)
        ]
        return [name if named.count(name) == 1 else f"{name} #{at + 1}" for at, name in enumerate(named)]

    @cached_property
    def _described(self) -> tuple[DeviceBuilder, ...]:
        models = [model for _, model in self.entries if isinstance(model, StorageModel)]
        priorities = tuple(sorted({model.priority or 0.0 for model in models}))
        return tuple(
            DeviceBuilder(name, given, model, self._around(model.commodity, priorities))
            for name, (given, model) in zip(self.names, self.entries, strict=True)
            if isinstance(model, StorageModel)
        )

    def _around(self, commodity: str, priorities: tuple[float, ...]) -> Surroundings:
        supplied = self.supplies.get(commodity)
        relaxed = {name: getattr(self.context, name) for name in RELAXATION}  # said once, it holds for all
        context = supplied.context if supplied else CommodityContext(commodity=commodity, **relaxed)
        capacity = supplied.capacity if supplied else None
        return Surroundings(self.window, self.readings, context, self.dearest, priorities, capacity)

    @cached_property
    def dearest(self) -> float:
        """Price of the dearest energy of any commodity that a device takes or gives [currency/kWh]."""
        used = {model.commodity for _, model in self.entries}
        return max([0.0, *(each.dearest for name, each in self.supplies.items() if name in used)])

    @property
    def _stores(self) -> list[list[DeviceBuilder]]:
        """The planned devices; those that name one state-of-charge sensor share a store."""
        shared: dict[object, list[DeviceBuilder]] = {}
        for described in self._described:
            if described.model.inflexible is None and not self._is_group(described):
                level = described.model.state_of_charge or described.model.temperature
                key = level.sensor if isinstance(level, SensorReference) else described.name
                shared.setdefault(key, []).append(described)
        return list(shared.values())

    @cached_property
    def _of_stores(self) -> list[Device]:
        return [self._of_store(feeders) for feeders in self._stores]

    def _of_store(self, feeders: list[DeviceBuilder]) -> Device:
        """Return one store with its ports, or one device that stores nothing."""
        keeper = keeper_of(feeders)
        at_grid = at_grid_of(feeders)
        for feeder in feeders:
            feeder.check_complete()
        ports = [feeder.port(group=self._group_name(feeder.model.group)) for feeder in at_grid]
        if keeper is None:
            feeders[0].check_without_store()
            return Adjustable(name=feeders[0].name, ports=tuple(ports))
        models = [feeder.model for feeder in at_grid]
        if keeper.model.thermal_capacity is not None:
            return ThermalBuilder(keeper).store(tuple(zip(ports, models, strict=True)))
        return StorageBuilder(keeper).store(tuple(zip(ports, models, strict=True)))

    def _fixed_entries(self) -> Iterable[Device]:
        for described in self._described:
            if described.model.standby_power is not None:
                # A load of its own: the power planned for a device is what it is told to do.
                name, commodity = f"{described.name} standby", described.model.commodity
                group, power = self._group_name(described.model.group), described.series("standby-power", 0.0)
                yield Inflexible(name=name, power=power, commodity=commodity, group=group)
            if (fixed := described.model.inflexible) is not None:
                quantity, sign = fixed
                model = described.model
                power = sign * described.series("inflexible-consumption" if sign > 0 else "inflexible-production", 0.0)
                group = self._group_name(model.group)
                more = self._quantiles(quantity, sign)
                yield Inflexible(
                    name=described.name, power=power, commodity=model.commodity, group=group, quantiles=more
                )

    def _fixed_context(self) -> Iterable[Inflexible]:
        """Give the loads and production that the contexts name, without those that are planned."""
        planned = {output.sensor.id for output in self.outputs}
        fixed = [each.model.inflexible[0] for each in self._described if each.model.inflexible is not None]
        counted = {each.sensor for each in fixed if isinstance(each, SensorReference)}
        for supplied in self.supplies.values():
            for reference, sign in self._references(supplied.context):
                if reference.sensor in planned:
                    continue
                field = "inflexible-consumption" if sign > 0 else "inflexible-production"
                if supplied.context.inflexible_device_sensors:  # the older field, which excludes the others
                    field = "inflexible-device-sensors"
                if reference.sensor in counted:
                    told = f"sensor {reference.sensor} is in the flex-model and in the flex-context; name it once."
                    raise FieldError(field, told)
                power = self.readings.series(reference, supplied.context.fact(field), name=field, otherwise=0.0)
                yield Inflexible(
                    name=f"sensor {reference.sensor}",
                    power=sign * power,
                    commodity=supplied.context.commodity,
                    quantiles=self._quantiles(reference, sign),
                )

    def _quantiles(self, given: Quantity, sign: float) -> dict[float, NDArray[np.float64]]:
        """Return the power that is not exceeded with each probability [kW], if the plan is to do for all of them."""
        if self.context.hedge_for is None or not isinstance(given, SensorReference):
            return {}
        found = self.readings.quantiles(given, unit="kW")
        return {level if sign > 0 else round(1 - level, 6): sign * power for level, power in found.items()}

    def _references(self, context: CommodityContext) -> Iterable[tuple[SensorReference, float]]:
        for key in context.inflexible_device_sensors:
            yield SensorReference(key), consumption_sign(self.references.sensor(key, field="inflexible-device-sensors"))
        for way, sign in (("consumption", 1.0), ("production", -1.0)):
            given: tuple[Quantity, ...] = getattr(context, f"inflexible_{way}")
            for reference in given:
                if not isinstance(reference, SensorReference):
                    raise FieldError(f"inflexible-{way}", "name sensors, such as [{'sensor': 3}].")
                self._refuse_contradiction(reference, way, sign)
                yield reference, sign

    def _refuse_contradiction(self, reference: SensorReference, way: str, sign: float) -> None:
        sensor = self.references.sensor(reference.sensor, field=f"inflexible-{way}")
        told = sensor.attributes.get("consumption_is_positive")
        if told is not None and bool(told) != (sign > 0):
            raise FieldError(
                f"inflexible-{way}",
                f"sensor {sensor.id} has the attribute consumption_is_positive = {told}; "
                "move it to the other list, or change the attribute.",
            )

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of devices with limits of their own."""
        return tuple(
            group_of_devices(described, within=self._group_name(described.model.group))
            for described in self._described
            if self._is_group(described)
        )

    def _is_group(self, described: DeviceBuilder) -> bool:
        return any(_stands_for(described, model.group) for _, model in self.entries if model.group is not None)

    def _group_name(self, place: GroupReference | None) -> str | None:
        """Return the name of a group's own entry.

        Raises:
            FieldError: No entry describes it.
        """
        if place is None:
            return None
        for described in self._described:
            if _stands_for(described, place):
                return described.name
        where = f"asset {place.asset}" if place.asset is not None else f"sensor {place.sensor}"
        raise FieldError("group", f"{where} has no entry in flex-model; add one with the limits of the group.")

    def commitments(self) -> tuple[Commitment, ...]:
        """Return the promises about connections, groups and devices.

        Raises:
            FieldError: A promise names a sensor that nothing plans.
        """
        found = []
        for supplied in self.supplies.values():
            for given in supplied.context.commitments:
                own = self.supplies.get(given.commodity, supplied)
                found.append(own.commitment(given, self._scope(given.sensors, given.group)))
        return tuple(found)

    def _scope(self, sensors: tuple[int, ...] | None, group: GroupReference | None) -> tuple[str, ...] | None:
        if group is not None:
            return (str(self._group_name(group)),)
        if sensors is None:
            return None
        names = {output.sensor.id: output.name for output in self.outputs if output.is_power}
        names |= {int(d.name.split()[1]): d.name for d in self._fixed_context()}
        for key in sensors:
            if key not in names:
                raise FieldError("commitments.sensors", f"sensor {key} is no device of this plan; name one that is.")
        return tuple(names[key] for key in sensors)


def _stands_for(described: DeviceBuilder, place: GroupReference | None) -> bool:
    if place is None:
        return False
    if place.sensor is not None:
        return described.model.sensor == place.sensor
    return described.model.asset == place.asset
