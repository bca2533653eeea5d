"""Row 7, their side: ``StorageScheduler.compute()`` of FlexMeasures 1.0.1 with its data in PostgreSQL.

Run it with the Python of an environment that has FlexMeasures, and then our side in ours:

    python -m benchmarks.scheduling_database_flexmeasures
    python -m benchmarks.scheduling_database
"""

import os
import tempfile
from collections.abc import Callable
from datetime import timedelta

import pandas as pd

from benchmarks.scheduling_measure import median_cpu
from benchmarks.scheduling_story import (
    CAPACITY,
    KNOWN_AT,
    LENGTHS,
    RESOLUTION,
    START,
    flex_context,
    flex_model,
    readings,
)
from tests import postgres


def stored() -> tuple[int, dict[str, int]]:
    """Write the building of the story; return the id of the battery's sensor and those of the others."""
    from flexmeasures.data import db
    from flexmeasures.data.models.data_sources import DataSource
    from flexmeasures.data.models.generic_assets import GenericAsset, GenericAssetType
    from flexmeasures.data.models.time_series import Sensor, TimedBelief

    db.create_all()
    kind, source = GenericAssetType(name="battery"), DataSource(name="meter", type="demo script")
    asset = GenericAsset(name="building", generic_asset_type=kind)
    db.session.add_all([kind, source, asset])
    found = {}
    for name, (unit, step, values) in readings().items():
        signed = {"consumption_is_positive": True}
        found[name] = Sensor(name=name, unit=unit, event_resolution=step, generic_asset=asset, attributes=signed)
        db.session.add(found[name])
        starts = pd.date_range(START, periods=len(values), freq=step)
        db.session.add_all(
            TimedBelief(
                sensor=found[name], source=source, event_start=start, event_value=float(value),
                belief_time=KNOWN_AT, cumulative_probability=0.5,
            )
            for start, value in zip(starts, values, strict=True)
        )  # fmt: skip
    battery = Sensor(
        name="power", unit="kW", event_resolution=RESOLUTION, generic_asset=asset,
        attributes={"capacity_in_mw": CAPACITY / 1000, "consumption_is_positive": True},
    )  # fmt: skip
    db.session.add(battery)
    db.session.commit()
    return battery.id, {name: sensor.id for name, sensor in found.items()}


def scheduling(battery: int, ids: dict[str, int], length: timedelta) -> Callable[[], object]:
    """Return one complete run of their scheduler, in a session that knows nothing yet."""
    from flexmeasures.data import db
    from flexmeasures.data.models.planning.storage import StorageScheduler
    from flexmeasures.data.models.time_series import Sensor

    def run() -> object:
        db.session.expire_all()
        scheduler = StorageScheduler(
            asset_or_sensor=db.session.get(Sensor, battery), start=START, end=START + length, resolution=RESOLUTION,
            belief_time=KNOWN_AT, flex_model=flex_model(length), flex_context=flex_context(ids),
        )  # fmt: skip
        return scheduler.compute()

    return run


def main() -> None:
    """Print the CPU time of this process, without that of the database's own."""
    folder = postgres.binaries()
    if folder is None:
        raise SystemExit("No PostgreSQL server is installed.")
    with postgres.server(folder) as url, tempfile.TemporaryDirectory() as aside:
        os.chdir(aside)  # where it puts its log
        os.environ |= {"SQLALCHEMY_DATABASE_URI": url, "SECRET_KEY": "benchmark", "LOGGING_LEVEL": "WARNING"}
        from flexmeasures.app import create

        app = create(env="production")
        app.config["FLEXMEASURES_LP_SOLVER"] = "highspy"
        with app.app_context():
            battery, ids = stored()
            for length in LENGTHS:
                run = scheduling(battery, ids, length)
                plan = run()
                print(f"| {length} | {median_cpu(run, times=9):.1f} ms | {plan.sum() / 4:.2f} kWh |", flush=True)


if __name__ == "__main__":
    main()
