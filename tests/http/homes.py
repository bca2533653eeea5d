"""A community with one home as an installer sets it up with the published client: assets, sensors, flexibility."""

from typing import Any

from flexmeasures_client import FlexMeasuresClient

PLACE = {"latitude": 52.37, "longitude": 4.9}
ZONE = "Europe/Amsterdam"
STORES = {
    "battery": {
        "soc-max": "9.0 kWh", "soc-min": "1.0 kWh", "roundtrip-efficiency": 0.85, "power-capacity": "5.0kW",
    },
    "charger": {
        "soc-max": "60.0 kWh", "soc-min": "5.0 kWh", "roundtrip-efficiency": 0.9, "power-capacity": "7.4 kW",
        "production-capacity": "0kW",
    },
    "heat pump": {
        "soc-max": "20 kWh", "soc-min": "0 kWh", "power-capacity": "4 kW", "production-capacity": "0kW",
        "charging-efficiency": "300.0 %", "storage-efficiency": "99.3 %",
    },
}  # fmt: skip
KINDS = {"battery": 5, "charger": 4, "heat pump": 5}


class Home:
    """What was set up, by name."""

    def __init__(self, client: FlexMeasuresClient, account_id: int) -> None:
        self.client, self.account_id = client, account_id
        self.assets: dict[str, int] = {}
        self.sensors: dict[str, int] = {}

    async def asset(self, name: str, kind: int, parent: str | None = None, **more: Any) -> int:
        under = {"parent_asset_id": self.assets[parent]} if parent else {}
        made = await self.client.add_asset(
            name=name, account_id=self.account_id, generic_asset_type_id=kind, **PLACE, **under, **more
        )
        self.assets[name] = made["id"]
        return int(made["id"])

    async def sensor(self, name: str, asset: str, unit: str, length: str = "PT15M", **attributes: Any) -> int:
        made = await self.client.add_sensor(
            name=name, event_resolution=length, unit=unit, generic_asset_id=self.assets[asset], timezone=ZONE,
            attributes=attributes,
        )  # fmt: skip
        self.sensors[f"{asset} {name}"] = made["id"]
        return int(made["id"])


async def set_up(client: FlexMeasuresClient, account_id: int) -> Home:
    """Add everything of one home, with the market and the weather beside it."""
    home = Home(client, account_id)
    await home.asset("market", 8)
    await home.sensor("price", "market", "EUR/kWh", "PT1H")
    await home.asset("weather", 7)
    await home.sensor("irradiation", "weather", "W/m²", "PT1H")
    await home.asset("community", 6)
    await home.asset("home", 6, "community")
    for name, unit in (("consumption", "kW"), ("aggregate", "kW"), ("peak price", "EUR/kW"), ("self-use", "kW")):
        await home.sensor(name, "home", unit, consumption_is_positive=True)
    await home.sensor("capacity", "home", "kW", "PT1H")
    await home.asset("roof", 1, "home")
    for name in ("production", "power"):
        await home.sensor(name, "roof", "kW")
    for name, model in STORES.items():
        await home.asset(name, KINDS[name], "home")
        await home.sensor("power", name, "kW", consumption_is_positive=True)
        filled = await home.sensor("soc", name, "kWh", "PT0M")
        told = {**model, "state-of-charge": {"sensor": filled}}
        await client.update_asset(home.assets[name], {"flex_model": told, "attributes": {"soc_at_start": 5}})
    await client.update_asset(
        home.assets["home"], {"flex_context": context(home.sensors), **chart_fields(home.sensors)}
    )
    return home


def context(sensors: dict[str, int]) -> dict[str, Any]:
    """Return prices and limits of the home."""
    peak, capacity = {"sensor": sensors["home peak price"]}, {"sensor": sensors["home capacity"]}
    return {
        "consumption-price": {"sensor": sensors["market price"]},
        "site-power-capacity": "20 kVA",
        "site-consumption-capacity": capacity,
        "site-production-capacity": capacity,
        "site-peak-consumption": "(30/2 - 1) kW",
        "site-peak-consumption-price": peak,
        "site-peak-production-price": peak,
        "relax-soc-constraints": True,
        "relax-site-capacity-constraints": True,
        "inflexible-consumption": [{"sensor": sensors["home consumption"]}],
        "aggregate-power": {"sensor": sensors["home aggregate"]},
    }


def chart_fields(sensors: dict[str, int]) -> dict[str, Any]:
    """Return the charts and key figures of the home."""
    charts = [{"title": "Power", "sensors": [sensors["home consumption"], sensors["roof power"]]}]
    figure = {"title": "Used", "sensor": sensors["home consumption"], "function": "sum"}
    return {"sensors_to_show": charts, "sensors_to_show_as_kpis": [figure]}
