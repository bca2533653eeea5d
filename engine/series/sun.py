"""When the sun rises and sets at a place."""

from datetime import UTC, datetime, time, timedelta
from math import acos, cos, degrees, pi, radians, sin, tan

_ZENITH = 90.833
"""Angle between the zenith and the centre of the sun when its upper edge is at the horizon, as air bends light [°]."""


def sun_times(latitude: float, longitude: float, start: datetime, end: datetime) -> dict[str, datetime]:
    """Return the first ``sunrise`` and ``sunset`` from a start to an end [UTC]; none where the sun does neither.

    Args:
        latitude: [° north].
        longitude: [° east].
        start: With a zone.
        end: Likewise.

    Source:
        NOAA, General Solar Position Calculations: Fourier series for declination and equation of time; within some
        minutes between the polar circles.
    """
    times: dict[str, datetime] = {}
    # Far from Greenwich a day of the sun may begin on the day before in UTC.
    first = start.astimezone(UTC).date() - timedelta(days=1)
    for number in range((end - start).days + 4):
        day = first + timedelta(days=number)
        angle = 2 * pi / 365 * (day.timetuple().tm_yday - 0.5)
        declination = (
            0.006918 - 0.399912 * cos(angle) + 0.070257 * sin(angle)
            - 0.006758 * cos(2 * angle) + 0.000907 * sin(2 * angle)
            - 0.002697 * cos(3 * angle) + 0.00148 * sin(3 * angle)
        )  # fmt: skip
        late = 229.18 * (
            0.000075 + 0.001868 * cos(angle) - 0.032077 * sin(angle)
            - 0.014615 * cos(2 * angle) - 0.040849 * sin(2 * angle)
        )  # fmt: skip
        # The tangent has no end at a pole.
        north = radians(min(max(latitude, -89.9), 89.9))
        height = cos(radians(_ZENITH)) / (cos(north) * cos(declination)) - tan(north) * tan(declination)
        if not -1.0 <= height <= 1.0:
            continue
        half = degrees(acos(height))
        for name, side in (("sunrise", 1.0), ("sunset", -1.0)):
            # The sun moves on by one degree in 4 minutes.
            minutes = 720.0 - 4.0 * (longitude + side * half) - late
            moment = datetime.combine(day, time(), UTC) + timedelta(minutes=round(minutes))
            if start <= moment < end:
                times.setdefault(name, moment)
    return times
