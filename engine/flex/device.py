"""Which device an entry of a flex-model is about, and where its results go."""

from typing import ClassVar

from engine.flex.facts import FieldRole, described
from engine.flex.fields import FlexFields, Key
from engine.flex.parts import Output


class DeviceEntry(FlexFields):
    """What names a device, and what receives a part of its plan."""

    language: ClassVar[str] = "flex-model"

    sensor: Key | None = described(
        "Power sensor that receives the schedule; it also names the entry in a list of devices.",
        label=("Device", "Power sensor"),
        example=2,
        role=FieldRole.WRITES | FieldRole.DEVICE,
        kind="power",
    )
    asset: Key | None = described(
        "Asset the entry is about, where no power sensor names it.",
        label=("Device", "Asset"),
        example=7,
        form="asset",
        role=FieldRole.DEVICE,
    )
    commodity: str = described(
        "What the device takes and gives.",
        label=("Device", "Commodity"),
        example="heat",
        form="text",
        default="electricity",
    )
    consumption: Output | None = described(
        "Sensor that receives the power consumed, as positive values.",
        label=("Where results are stored", "Planned consumption"),
        example={"sensor": 12},
        kind="power",
        direction="consumption",
    )
    production: Output | None = described(
        "Sensor that receives the power produced, as positive values.",
        label=("Where results are stored", "Planned production"),
        example={"sensor": 13},
        kind="power",
        direction="production",
    )
    set_point: Output | None = described(
        "Sensor that receives what is handed down to the device in each step, so that it does right when load and sun "
        "turn out otherwise: a power, a target for the exchange with the grid, or a limit, as set-point-mode says; "
        "positive when consuming.",
        label=("Where results are stored", "Set-point"),
        example={"sensor": 26},
        kind="set-point",
        form="sensor",
        role=FieldRole.WRITES,
    )
    set_point_mode: Output | None = described(
        "Sensor that receives what set-point means: 0 a power, 1 a target for the grid exchange, 2 follow the meter, "
        "3 hold, 4 charge at most, 5 discharge at most.",
        label=("Where results are stored", "Set-point mode"),
        example={"sensor": 27},
        kind="mode",
        form="sensor",
        role=FieldRole.WRITES,
    )
    consumption_headroom: Output | None = described(
        "Sensor that receives the power by which consumption could be higher than planned, or production lower, "
        "throughout each step, with every later bound still in reach.",
        label=("Where results are stored", "Headroom for consumption"),
        example={"sensor": 16},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
    )
    production_headroom: Output | None = described(
        "Sensor that receives the power by which production could be higher than planned, or consumption lower, "
        "likewise.",
        label=("Where results are stored", "Headroom for production"),
        example={"sensor": 17},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
    )
    consumption_headroom_energy: Output | None = described(
        "Sensor that receives the energy that could be taken beyond the plan from each step on; divided by "
        "consumption-headroom, how long that can be sustained.",
        label=("Where results are stored", "Energy of the headroom for consumption"),
        example={"sensor": 18},
        kind="headroom-energy",
        form="sensor",
        role=FieldRole.WRITES,
    )
    production_headroom_energy: Output | None = described(
        "Sensor that receives the energy that could be given beyond the plan, likewise.",
        label=("Where results are stored", "Energy of the headroom for production"),
        example={"sensor": 19},
        kind="headroom-energy",
        form="sensor",
        role=FieldRole.WRITES,
    )
