"""The documented second tutorial: solar production shares the connection with the battery."""

from pathlib import Path

import numpy as np

from tests.cli.test_processes import MIDNIGHT
from tests.cli.test_tutorial import ADD, PLAN, PRICES, TOMORROW, schedule

SOLAR = [0.0] * 4 + [0.01, 0.03, 0.06, 0.1, 0.14, 0.17, 0.19, 0.21, 0.22, 0.21, 0.19, 0.17, 0.14, 0.1, 0.06, 0.03, 0.01]
SOLAR += [0.0] * 3


def test_battery_leaves_the_sun_its_room(terminal, database):
    terminal("flexscope add toy-account --kind battery")
    for name, values in (("prices-tomorrow.csv", PRICES), ("solar-tomorrow.csv", SOLAR)):
        rows = [f"{TOMORROW}T{hour:02}:00:00,{value}" for hour, value in enumerate(values)]
        Path(name).write_text("\n".join(["Hour,Value", *rows]))
    terminal(ADD)
    terminal(PLAN)
    alone = np.array(list(schedule(database).values()))
    source = terminal("flexscope add source --name toy-forecaster --type forecaster").out.split()[-1].rstrip(".")
    said = terminal(
        f"flexscope add beliefs --sensor 3 --source {source} solar-tomorrow.csv --timezone Europe/Amsterdam"
    )
    assert "96 values" in said.out  # hours repeated as quarters
    assert terminal(f"{PLAN} --inflexible-device-sensor 3").code == 0
    shared = np.array(list(schedule(database).values()))
    sun = np.repeat(SOLAR, 4)[28:76]
    assert MIDNIGHT.utcoffset() and (alone + sun).max() > 0.5 + 0.01
    assert (shared + sun).max() <= 0.5 + 1e-5
    assert terminal("flexscope show data-sources").out.count("toy-forecaster") == 1
