"""The fields of a sensor, for those that are there and for new ones."""

from app.widgets.forms import Field
from db.sensors import Sensor
from engine.iso_time import iso_duration


def fields(sensor: Sensor | None = None) -> list[Field]:
    """Return the fields of a sensor; of a new one without any."""
    resolution = "" if sensor is None else iso_duration(sensor.resolution) if sensor.resolution else "PT0M"
    return [
        Field(name="name", label="Name", value=sensor and sensor.name, optional=False),
        Field(name="unit", label="Unit", value=sensor and sensor.unit, help="Such as kW, kWh, EUR/MWh, %, °C"),
        Field(
            name="event_resolution",
            label="Resolution",
            value=resolution,
            help="Duration of one value, for example PT15M; PT0M for instantaneous values",
            optional=False,
        ),
        Field(name="timezone", label="Time zone", value=sensor and sensor.timezone, help="Defines its days"),
        Field(name="attributes", label="Attributes", kind="object", value=sensor and sensor.attributes),
    ]
