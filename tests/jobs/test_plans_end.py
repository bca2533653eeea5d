"""A worker that is told to end in the midst of a long plan does so, and another one plans anew."""

import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.jobs.submission import Order, ask
from db.assets import Asset
from db.core.database import get
from db.schedules import StoredSchedule
from db.sensors import Sensor
from tests.jobs.staging import Stage
from tests.processes import Forked

PATIENT = {"FLEXMEASURES_LP_SOLVER_OPTIONS": "{'time_limit': 600, 'mip_rel_gap': 0.000001}"}
"""What a plan may take here is much longer than this test waits for a worker to end."""
HASTY = {"FLEXMEASURES_LP_SOLVER_OPTIONS": "{'time_limit': 0.1}"}


def ask_for_hard_plan(stage: Stage) -> str:
    """Ask for cars with a least power beside a peak price and prices turned round; return the id of the job."""
    modes = [{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["4.1 kW", "11 kW"]}]
    car: dict[str, Any] = {"soc-at-start": "2 kWh", "soc-max": "40 kWh", "power-capacity": "11 kW"}
    car |= {"production-capacity": "0 kW", "operation-modes": modes}
    car["soc-minima"] = [{"value": "9 kWh", "datetime": "2026-04-01T18:00:00+02:00"}]
    context = {
        "consumption-price": "0.20 EUR/kWh",
        "production-price": "0.25 EUR/kWh",
        "site-power-capacity": "60 kW",
        "site-peak-consumption-price": "3 EUR/kW",
    }
    with stage.database.writing() as session:
        battery, quarter = get(session, Asset, stage.asset_id), timedelta(minutes=15)
        sensors = [Sensor(name=f"car {at}", asset=battery, unit="kW", resolution=quarter) for at in range(7)]
        session.add_all(sensors)
        session.flush()
        request = {"asset": stage.asset_id, "start": "2026-04-01T00:00:00+02:00", "duration": "P2D"}
        request |= {"flex_model": [{"sensor": sensor.id, **car} for sensor in sensors], "flex_context": context}
        order = Order(kind="schedule", asset_id=stage.asset_id, request=request)
        job_id = ask(session, order, now=datetime.now(UTC), settings=stage.settings).id
    stage.queue().put(job_id)
    return job_id


def computed(worker: Forked) -> float:
    """Processor time that a process has taken [s]."""
    fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_worker_ends_in_the_midst_of_a_plan_whose_job_waits_for_another(stage: Stage) -> None:
    job_id = ask_for_hard_plan(stage)
    with stage.worker(**PATIENT) as worker:
        stage.until(job_id, "STARTED")
        began = computed(worker)
        while computed(worker) - began < 4.0:
            time.sleep(0.1)
        assert stage.job(job_id).status == "STARTED"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=120) == 0
    job = stage.job(job_id)
    with stage.database.reading() as session:
        assert (job.status, job.worker, session.query(StoredSchedule).count()) == ("QUEUED", None, 0)
    with stage.worker(**HASTY):
        assert stage.until(job_id, "FINISHED").tries == 2
