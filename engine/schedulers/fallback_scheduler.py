"""A plain plan where no optimal one exists: each device does what it does by itself, then rests."""

from dataclasses import dataclass
from typing import ClassVar

from engine.model.linear import Floats
from engine.site import Schedule, Site, Status


@dataclass(frozen=True, kw_only=True)
class StorageFallbackScheduler:
    """Brings each store to its first target as fast as it can, whatever it costs and whatever the site allows.

    Its plans are its own source and its status says that nothing was optimised.
    """

    version: ClassVar[str] = "1"

    def compute(self, site: Site) -> Schedule:
        """Return the plain plan of a site."""
        power: dict[str, Floats] = {}
        soc: dict[str, Floats] = {}
        for device in site.devices:
            plan = device.fallback(site.window)
            power |= plan.power
            soc |= plan.soc
        return Schedule(window=site.window, power=power, soc=soc, costs={}, status=Status.FALLBACK)
