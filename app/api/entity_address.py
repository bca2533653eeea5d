"""Entity addresses: ``ea1.{first month of the domain}.{domain, reversed}:fm1.{sensor id}``."""

from datetime import datetime
from urllib.parse import urlsplit

from app.settings.settings import Settings


def entity_address(sensor_id: int, *, server: str, settings: Settings, now: datetime) -> str:
    """Return the address of a sensor.

    Args:
        sensor_id: Which sensor.
        server: Address of this server as the client sees it, such as ``https://ems.example.org``.
        settings: Knows since when a domain is owned.
        now: A domain without a known month, such as localhost, has the next month.
    """
    host = (urlsplit(server).hostname or "localhost").removeprefix("www.")
    following = f"{now.year + now.month // 12}-{now.month % 12 + 1:02}"
    month = settings.FLEXMEASURES_HOSTS_AND_AUTH_START.get(host, following)
    return f"ea1.{month}.{'.'.join(reversed(host.split('.')))}:fm1.{sensor_id}"
