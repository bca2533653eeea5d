"""Files of time series through ``add beliefs``, with each of its options."""

from collections.abc import Iterator
from typing import Any

from tests.twin.case import Case, Request
from tests.twin.commands import SITE, sensor, values
from tests.twin.server import Json

HEAD = "time,value\n"


def rows(first: int, *numbers: Any, form: str = "2026-03-02 {:02}:00", between: str = ",") -> str:
    """Return lines of a file, an hour each."""
    return "".join(f"{form.format(first + n)}{between}{number}\n" for n, number in enumerate(numbers))


def upload(name: str, content: str, words: str = "", file: str = "data.csv", **fields: Json) -> Case:
    """Return a file for a sensor of the case's own."""
    command = Request("CLI", f"add beliefs {file} --sensor {{own}} --source Meter {words}", {"data.csv": content})
    unit = fields.get("unit", "kW")
    read = values("own", "PT24H", unit=unit)
    return Case(f"cli beliefs {name}", SITE, (sensor("own", **fields), command, read))


def cases() -> Iterator[Case]:
    """Return the cases of this family."""
    yield from options()
    yield from contents()


def options() -> Iterator[Case]:
    """How a file is read: zone, unit, horizon, columns, rows, and what numbers look like."""
    plain = HEAD + rows(1, 1.5, 2, 3.25, 4)
    zone = "--timezone Europe/Amsterdam"
    yield upload("plain", plain, "--timezone UTC")
    yield upload("zone", plain, zone)
    yield upload("bad zone", plain, "--timezone Mars")
    yield upload("offsets", HEAD + rows(1, 1, 2, 3, form="2026-03-02T{:02}:00:00+01:00"))
    for unit in ("kW", "MW", "W", "-kW", "kWh", "nonsense", "EUR"):
        yield upload(f"unit {unit}", plain, f"{zone} --unit={unit}")
    for horizon in ("0", "60", "-15", "soon"):
        yield upload(f"horizon {horizon}", plain, f"{zone} --horizon={horizon}")
    yield upload("probability", plain, f"{zone} --cp 0.5")
    yield upload("bad probability", plain, f"{zone} --cp 1.5")
    yield upload("finer", HEAD + "".join(f"2026-03-02 01:{m:02},{m}\n" for m in (0, 15, 30, 45)), zone)
    yield upload(
        "finer kept",
        HEAD + "".join(f"2026-03-02 01:{m:02},{m}\n" for m in (0, 15, 30, 45)),
        f"{zone} --do-not-resample",
    )
    finer = HEAD + "".join(f"2026-03-02 01:{m:02},{m}\n" for m in (0, 15, 30, 45))
    yield upload("finer energy", finer, zone, unit="kWh")
    yield upload("coarser", HEAD + rows(0, 4, 8, form="2026-03-02 {:02}:00"), zone, event_resolution="PT15M")
    yield upload("three lines", "about\nmore\n" + plain, f"{zone} --skiprows 3")
    yield upload("no head", rows(1, 1, 2), f"{zone} --skiprows 0")
    yield upload("some rows", plain, f"{zone} --nrows 2")
    yield upload(
        "columns", "value,other,time\n7,9,2026-03-02 01:00\n8,9,2026-03-02 02:00\n", f"{zone} --datecol 2 --valuecol 0"
    )
    known = "time,known,value\n2026-03-02 01:00,2026-03-01 12:00,5\n2026-03-02 02:00,2026-03-01 12:00,6\n"
    yield upload("known at", known, f"{zone} --valuecol 2 --beliefcol 1")
    yield upload(
        "semicolons", "time;value\n" + rows(1, "1,5", "2,5", between=";"), f"{zone} --delimiter ';' --decimal ,"
    )
    thousands = "time;value\n" + rows(1, "1.001,5", "2.002,5", between=";")
    yield upload("thousands", thousands, f"{zone} --delimiter ';' --decimal , --thousands .")


def contents() -> Iterator[Case]:
    """What stands in a file: gaps, texts, moments twice; and what is stored already."""
    plain, zone = HEAD + rows(1, 1.5, 2, 3.25, 4), "--timezone Europe/Amsterdam"
    yield upload("gaps", HEAD + rows(1, 1, "none", 3), f"{zone} --na-values none")
    yield upload("gap texts", HEAD + rows(1, 1, "none", "nix"), f"{zone} --na-values none --na-values nix")
    yield upload("text", HEAD + rows(1, 1, "many", 3), zone)
    yield upload("nothing", HEAD, zone)
    yield upload("no file", plain, zone, "nothing.csv")
    yield upload("twice in the file", HEAD + rows(1, 1, 2) + rows(1, 5), zone)
    filtered = "time,value,kind\n2026-03-02 01:00,1,a\n2026-03-02 01:00,2,b\n2026-03-02 02:00,3,a\n"
    yield upload("filter", filtered, f"{zone} --filter-column 2 --filter-value a")
    yield upload("filter without value", filtered, f"{zone} --filter-column 2")
    yield upload("overwrite", plain, f"{zone} --allow-overwrite")
    yield upload("no sensor", plain, f"{zone} --sensor 999999")
    yield upload("times of days", HEAD + "2026-03-02,5\n2026-03-03,6\n", zone, event_resolution="P1D")
    again = upload("again", plain, zone)
    first, command, read = again.requests
    yield Case("cli beliefs again", SITE, (first, command, command, read))
    second = Request("CLI", command.path, {"data.csv": HEAD + rows(2, 20, 30)})
    yield Case("cli beliefs changed", SITE, (first, command, second, read))
    yield Case(
        "cli beliefs no source",
        SITE,
        (first, Request("CLI", command.path.replace("--source Meter", ""), command.body), read),
    )
