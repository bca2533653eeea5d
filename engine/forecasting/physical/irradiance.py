"""Irradiance on a tilted plane: position of the sun, clear sky, split into beam and diffuse."""

from dataclasses import dataclass

import numpy as np

from engine.forecasting.history import Floats

SECONDS_A_DAY = 86_400.0
EPOCH_2000 = 10_957.5
"""Days from 1970-01-01 00:00 to 2000-01-01 12:00 UTC."""
ALBEDO = 0.2
"""Share of light that the ground sends back."""
NIGHT = 0.065
"""Cosine of the zenith below which the beam cannot be told from the diffuse part."""


@dataclass(frozen=True)
class Sun:
    """Where the sun stands at some moments, seen from one place, and how bright it is above the air."""

    height: Floats
    """Cosine of the zenith; negative below the horizon."""
    azimuth: Floats
    """Clockwise from north [rad]."""
    normal: Floats
    """Irradiance outside the atmosphere on a plane that faces it [W/m²]."""

    @classmethod
    def over(cls, seconds: Floats, latitude: float, longitude: float) -> "Sun":
        """The sun at moments [s since 1970 UTC] over a place [° north, ° east].

        Source:
            The Astronomical Almanac, low-precision formulas for the sun; within 0.01° until 2050.
        """
        days = seconds / SECONDS_A_DAY - EPOCH_2000
        anomaly = np.radians((357.529 + 0.98560028 * days) % 360.0)
        mean = (280.459 + 0.98564736 * days) % 360.0
        ecliptic = np.radians(mean + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
        tilt = np.radians(23.439 - 3.6e-7 * days)
        ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
        declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
        hour = np.radians((280.46061837 + 360.98564736629 * days) % 360.0 + longitude) - ascension
        north = np.radians(latitude)
        height = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour)
        east = -np.sin(hour)
        up = np.tan(declination) * np.cos(north) - np.sin(north) * np.cos(hour)
        return cls(height, np.arctan2(east, up) % (2.0 * np.pi), 1361.0 * (1.0 + 0.0334 * np.cos(anomaly)))


@dataclass(frozen=True)
class Irradiance:
    """Irradiance at the ground [W/m²]."""

    beam: Floats
    """On a plane that faces the sun."""
    diffuse: Floats
    """From the sky, on a level plane."""
    level: Floats
    """Both, on a level plane."""

    def on_plane(self, sun: Sun, tilt: float, azimuth: float) -> Floats:
        """Irradiance on a tilted plane, less what glass reflects [W/m²].

        Beam by the angle of incidence with ASHRAE's modifier (b₀ = 0.05), diffuse light alike from the whole sky,
        light from the ground by its albedo.

        Args:
            sun: Where it stands.
            tilt: Between plane and ground [°].
            azimuth: Where the plane faces, clockwise from north [°].

        Source:
            Duffie and Beckman, Solar Engineering of Thermal Processes, 4th ed. (2013), sections 2.14 and 5.6.
        """
        slope, facing = np.radians(tilt), np.radians(azimuth)
        across = np.sqrt(np.maximum(1.0 - sun.height**2, 0.0))
        incidence = np.cos(slope) * sun.height + np.sin(slope) * across * np.cos(sun.azimuth - facing)
        passing = np.clip(1.0 - 0.05 * (1.0 / np.maximum(incidence, 0.1) - 1.0), 0.0, 1.0)
        sky, ground = (1.0 + np.cos(slope)) / 2.0, ALBEDO * (1.0 - np.cos(slope)) / 2.0
        total = self.beam * np.maximum(incidence, 0.0) * passing + self.diffuse * sky + self.level * ground
        return np.asarray(np.where(sun.height > 0.0, total, 0.0))


def clear_sky(sun: Sun) -> Irradiance:
    """Irradiance of a cloudless day.

    GHI = 1098 cos z exp(−0.059 / cos z), DNI = I₀ 0.7^(AM^0.678).

    Source:
        Haurwitz, Insolation in Relation to Cloudiness and Cloud Density, J. Meteorology 2 (1945); Meinel and Meinel,
        Applied Solar Energy (1976); air mass AM by Kasten and Young, Applied Optics 28 (1989).
    """
    high = np.maximum(sun.height, 1e-3)
    level = np.where(sun.height > 0.0, 1098.0 * high * np.exp(-0.059 / high), 0.0)
    degrees = np.degrees(np.arcsin(np.clip(high, 0.0, 1.0)))
    mass = 1.0 / (high + 0.50572 * (degrees + 6.07995) ** -1.6364)
    beam = np.where(sun.height > 0.01, sun.normal * 0.7 ** (mass**0.678), 0.0)
    return Irradiance(beam, np.maximum(level - beam * np.maximum(sun.height, 0.0), 0.0), level)


def split_light(level: Floats, sun: Sun) -> Irradiance:
    """Beam and diffuse parts of measured or forecast light on a level plane [W/m²].

    Source:
        Erbs, Klein and Duffie, Estimation of the diffuse radiation fraction, Solar Energy 28 (1982).
    """
    above = np.maximum(sun.normal * np.maximum(sun.height, NIGHT), 1.0)
    clear = np.clip(level / above, 0.0, 1.2)
    middle = 0.9511 - 0.1604 * clear + 4.388 * clear**2 - 16.638 * clear**3 + 12.336 * clear**4
    share = np.where(clear <= 0.22, 1.0 - 0.09 * clear, np.where(clear <= 0.8, middle, 0.165))
    diffuse = share * level
    beam = np.minimum((level - diffuse) / np.maximum(sun.height, NIGHT), sun.normal)
    return Irradiance(np.where(sun.height > NIGHT, beam, 0.0), diffuse, level)
