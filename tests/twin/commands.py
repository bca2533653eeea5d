"""The command line: exit codes, and what the database holds afterwards."""

from collections.abc import Iterator, Mapping

from tests.twin.case import Case, Request, Scene
from tests.twin.server import Json

START = "2026-03-02T00:00:00+01:00"
UTC_START = "2026-03-02 00:00"
PRICES = [300.0, 120.0, 250.0, 100.0, 400.0, 220.0, 350.0, 150.0]
SITE = Scene(
    "commands",
    {"site": {}, "battery": {"type": "battery", "parent": "site"}, "other": {}, "leaf": {"parent": "other"}},
    {
        "power": {"asset": "battery", "unit": "kW", "resolution": "PT1H"},
        "washer": {"asset": "site", "unit": "kW", "resolution": "PT1H"},
        "price": {"asset": "site", "unit": "EUR/MWh", "resolution": "PT1H"},
        "empty": {"asset": "site", "unit": "kW", "resolution": "PT1H"},
    },
    (
        Request(
            "POST", "/sensors/{price}/data", {"start": START, "duration": "PT8H", "values": PRICES, "unit": "EUR/MWh"}
        ),
    ),
)
WHEN = f"--start {START} --duration PT8H"
STORAGE: Mapping[str, Json] = {
    "soc-at-start": "2 kWh",
    "soc-min": "0 kWh",
    "soc-max": "4 kWh",
    "power-capacity": "2 kW",
    "roundtrip-efficiency": "90%",
    "soc-targets": [{"value": "3 kWh", "datetime": "2026-03-02T08:00:00+01:00"}],
}
CONTEXT: Mapping[str, Json] = {"consumption-price": {"sensor": "$price"}, "site-power-capacity": "10 kW"}
WASHING: Mapping[str, Json] = {"duration": "PT2H", "process-type": "SHIFTABLE", "power": 1}


def cases() -> Iterator[Case]:
    """Return the cases of this family."""
    yield from schedules()
    yield from show_commands()
    yield from edited()
    yield from deleted()
    yield from added()


def sensor(key: str, **fields: Json) -> Request:
    """Return the request for a sensor of a case's own."""
    body = {"name": f"{{case}} {key}", "generic_asset_id": "$site", "unit": "kW", "event_resolution": "PT1H"}
    return Request("POST", "/sensors", {**body, "timezone": "Europe/Amsterdam", **fields}, look="status", keep=key)


def values(key: str, length: str = "PT8H", **query: Json) -> Request:
    """Return the request for what a sensor holds."""
    return Request("GET", f"/sensors/{{{key}}}/data", query={"start": START, "duration": length, "unit": "kW", **query})


def schedule(name: str, words: str, model: Json = None, context: Json = None, kind: str = "own") -> Case:
    """Return a schedule of a sensor of the case's own, or with ``kind`` of a sensor of the scene."""
    files: dict[str, Json] = {}
    for option, content in (("flex-model", model), ("flex-context", context)):
        if content is not None:
            files[f"{option}.json"] = content
            words += f" --{option} {option}.json"
    fields = {"generic_asset_id": "$battery"} if kind == "own" else {"generic_asset_id": "$site"}
    command = Request("CLI", f"add schedule {words}", files)
    return Case(f"cli schedule {name}", SITE, (sensor("own", **fields), command, values("own")))


def schedules() -> Iterator[Case]:
    """Each scheduler, with flex-models and contexts as text and in files."""
    own = f"--sensor {{own}} {WHEN}"
    yield schedule("storage", own, STORAGE, CONTEXT)
    yield schedule("storage named", f"{own} --scheduler StorageScheduler", STORAGE, CONTEXT)
    yield schedule("unknown scheduler", f"{own} --scheduler NoScheduler", STORAGE, CONTEXT)
    for kind in ("INFLEXIBLE", "BREAKABLE", "SHIFTABLE", "NONSENSE"):
        model = {**WASHING, "process-type": kind}
        yield schedule(f"process {kind}", f"{own} --scheduler ProcessScheduler", model, CONTEXT, "site")
    for power in (1, "1", "1 kW", "0.001 MW", "nonsense", -1):
        model = {**WASHING, "power": power}
        yield schedule(f"process power {power!r}", f"{own} --scheduler ProcessScheduler", model, CONTEXT, "site")
    for direction in ("MIN", "MAX", "NONSENSE"):
        model = {**WASHING, "optimization-direction": direction}
        yield schedule(f"process towards {direction}", f"{own} --scheduler ProcessScheduler", model, CONTEXT, "site")
    forbidden = {**WASHING, "time-restrictions": [{"start": "2026-03-02T03:00:00+01:00", "duration": "PT2H"}]}
    yield schedule("process restricted", f"{own} --scheduler ProcessScheduler", forbidden, CONTEXT, "site")
    yield from schedule_forms(own)
    yield from schedule_options(own)


def schedule_forms(own: str) -> Iterator[Case]:
    """States of charge, and sensors and assets: ``own`` names the sensor of a case and its window."""
    without = {name: value for name, value in STORAGE.items() if name != "soc-at-start"}
    for soc in ("0.5", "50%", "2kWh", "150%", "-10%", "nonsense"):
        yield schedule(f"soc-at-start {soc}", f"{own} --soc-at-start {soc}", without, CONTEXT)
    yield schedule("no soc-at-start", own, without, CONTEXT)
    yield schedule("no flex-model", own, None, CONTEXT)
    yield schedule("no flex-context", own, STORAGE)
    yield schedule("list for a sensor", own, [STORAGE], CONTEXT)
    yield schedule("asset", f"--asset {{battery}} {WHEN}", [{"sensor": "$own", **STORAGE}], CONTEXT)
    yield schedule("object for an asset", f"--asset {{battery}} {WHEN}", {"sensor": "$own", **STORAGE}, CONTEXT)
    yield schedule("site", f"--asset {{site}} {WHEN}", [{"sensor": "$own", **STORAGE}], CONTEXT)
    yield schedule("asset without model", f"--asset {{battery}} {WHEN}", None, CONTEXT)
    yield schedule("both", f"--asset {{battery}} {own}", STORAGE, CONTEXT)
    yield schedule("neither", WHEN, STORAGE, CONTEXT)
    yield schedule("no sensor", f"--sensor 999999 {WHEN}", STORAGE, CONTEXT)
    yield schedule("no asset", f"--asset 999999 {WHEN}", [STORAGE], CONTEXT)


def schedule_options(own: str) -> Iterator[Case]:
    """Options, right and wrong, and flex-models as text: ``own`` names the sensor of a case and its window."""
    yield schedule("dry run", f"{own} --dry-run", STORAGE, CONTEXT)
    yield schedule("prior", f"{own} --prior 2026-03-01T00:00:00+01:00", STORAGE, CONTEXT)
    yield schedule("bad prior", f"{own} --prior yesterday", STORAGE, CONTEXT)
    yield schedule("resolution", f"{own} --resolution PT30M", STORAGE, CONTEXT)
    yield schedule("bad resolution", f"{own} --resolution soon", STORAGE, CONTEXT)
    yield schedule("no start", "--sensor {own} --duration PT8H", STORAGE, CONTEXT)
    yield schedule("start without zone", "--sensor {own} --duration PT8H --start 2026-03-02T00:00:00", STORAGE, CONTEXT)
    yield schedule("no duration", f"--sensor {{own}} --start {START}", STORAGE, CONTEXT)
    yield schedule("bad duration", f"--sensor {{own}} --start {START} --duration long", STORAGE, CONTEXT)
    yield schedule("as job", f"{own} --as-job", STORAGE, CONTEXT)
    text = '\'{"soc-at-start": "2 kWh", "soc-max": "4 kWh", "power-capacity": "2 kW"}\''
    yield schedule("text", f"{own} --flex-model {text}", None, CONTEXT)
    yield schedule("broken text", f"{own} --flex-model '{{\"soc'", None, CONTEXT)
    yield schedule("no file", f"{own} --flex-model nothing.json", None, CONTEXT)
    for field, value in (("soc-max", "2 apples"), ("power-capacity", -1), ("nonsense", 1), ("soc-unit", "kWh")):
        yield schedule(f"{field} {value}", own, {**STORAGE, field: value}, CONTEXT)
    for field, value in (("consumption-price", "0.2 EUR/kWh"), ("consumption-price", {"sensor": 999999}), ("no", 1)):
        yield schedule(f"context {field} {value}", own, STORAGE, {**CONTEXT, field: value})


def show_commands() -> Iterator[Case]:
    """Commands that show something: whether they can."""
    lines = (
        "accounts", "roles", "account --id {account_boss}", "account --id 999999", "account", "asset-types",
        "asset --id {site}", "asset --id 999999", "asset", "assets", "data-sources", "data-sources --id 1",
        "data-sources --id 999999", "reporters", "schedulers", "plans", "nonsense",
        f"beliefs --sensor {{price}} {WHEN}", f"beliefs --sensor {{price}} --sensor {{power}} {WHEN}",
        f"beliefs --sensor {{empty}} {WHEN}", f"beliefs --sensor 999999 {WHEN}", "beliefs --sensor {price}",
        f"beliefs --sensor {{price}} --start {START} --duration long",
        "beliefs --sensor {price} --start yesterday --duration PT8H",
        f"beliefs --sensor {{price}} {WHEN} --timezone Europe/London",
        f"beliefs --sensor {{price}} {WHEN} --timezone Mars",
        f"beliefs --sensor {{price}} {WHEN} --belief-time-before 2020-01-01T00:00:00+01:00",
        f"beliefs --sensor {{price}} {WHEN} --source-type user", f"beliefs --sensor {{price}} {WHEN} --source 999999",
        f"beliefs --sensor {{price}} {WHEN} --to-file out.csv",
        f"beliefs --sensor {{price}} {WHEN} --resolution PT2H",
        f"beliefs --sensor {{price}} --sensor {{price}} {WHEN}",
    )  # fmt: skip
    for line in lines:
        yield Case(f"cli show {line}", SITE, (Request("CLI", f"show {line}"),))


def kept(name: str, words: str, *more: Request, **fields: Json) -> Case:
    """Return a command about a sensor that holds eight values, and what it holds then."""
    numbers = [1, 1, 2, 3, 5, 8, 13, 21]
    post = Request("POST", "/sensors/{own}/data", {"start": START, "duration": "PT8H", "values": numbers, "unit": "kW"})
    return Case(f"cli {name}", SITE, (sensor("own", **fields), post, Request("CLI", words), *more, values("own")))


def edited() -> Iterator[Case]:
    """Attributes, resolutions and owners."""
    look = Request("GET", "/sensors/{own}", look="all")
    settings = (
        "--float 1.5",
        "--bool true",
        "--str text",
        "--int 3",
        "--list [1,2]",
        "--dict '{\"a\":1}'",
        "--null",
        "",
        "--int x",
    )
    for words in settings:
        yield kept(f"edit attribute {words}", f"edit attribute --sensor {{own}} --attribute mark {words}", look)
    yield kept("edit attribute twice", "edit attribute --sensor {own} --attribute mark --int 1 --float 2", look)
    yield kept("edit attribute of nothing", "edit attribute --attribute mark --int 1", look)
    yield kept("edit attribute of no sensor", "edit attribute --sensor 999999 --attribute mark --int 1", look)
    asset = Request("GET", "/assets/{leaf}", look="status")
    yield kept("edit attribute of an asset", "edit attribute --asset {leaf} --attribute mark --int 1", asset)
    for step in ("15", "60", "120", "0", "x"):
        words = f"edit resample-data --sensor {{own}} --event-resolution {step} --skip-integrity-check"
        yield kept(f"edit resample-data {step}", words, look)
    words = "edit resample-data --sensor {own} --event-resolution 120"
    yield kept("edit resample-data asks", words)
    yield kept("edit resample-data of nothing", "edit resample-data --sensor 999999 --event-resolution 60")
    yield kept("edit transfer-ownership", "edit transfer-ownership --asset {leaf} --new-owner {account_boss}")
    yield kept("edit transfer-ownership to nobody", "edit transfer-ownership --asset {leaf} --new-owner 999999")
    yield kept("edit transfer-parenthood", "edit transfer-parenthood --asset {leaf} --new-parent {site}")
    yield kept("edit transfer-parenthood of nothing", "edit transfer-parenthood --new-parent {site}")
    yield kept("edit transfer-parenthood to nothing", "edit transfer-parenthood --asset {leaf} --new-parent 999999")


def deleted() -> Iterator[Case]:
    """What is deleted, and what is left."""
    two, four = "2026-03-02T02:00:00+01:00", "2026-03-02T04:00:00+01:00"
    lines = {
        "beliefs": "beliefs --sensor {own} --force",
        "beliefs asks": "beliefs --sensor {own}",
        "beliefs from": f"beliefs --sensor {{own}} --start {four} --force",
        "beliefs until": f"beliefs --sensor {{own}} --end {four} --force",
        "beliefs between": f"beliefs --sensor {{own}} --start {two} --end {four} --force",
        "beliefs backwards": f"beliefs --sensor {{own}} --start {four} --end {two} --force",
        "beliefs of nothing": "beliefs --force",
        "beliefs of no sensor": "beliefs --sensor 999999 --force",
        "beliefs of sensor and asset": "beliefs --sensor {own} --asset {site} --force",
        "beliefs of no source": "beliefs --sensor {own} --source 999999 --force",
        "measurements": "measurements --sensor {own} --force",
        "prognoses": "prognoses --sensor {own} --force",
        "unchanged-beliefs": "unchanged-beliefs --sensor {own}",
        "nan-beliefs": "nan-beliefs --sensor {own}",
        "sensor": "sensor --id {own}",
        "sensor of nothing": "sensor",
        "no sensor": "sensor --id 999999",
        "no asset": "asset --id 999999 --force",
        "no account": "account --id 999999 --force",
        "no user": "user --email nobody@example.org --force",
    }
    for name, words in lines.items():
        yield kept(f"delete {name}", f"delete {words}")


def added() -> Iterator[Case]:
    """Accounts, users, assets, sensors and sources."""
    unit = "sensor --name '{case} {tag}' --unit kW"
    usual = f"{unit} --event-resolution 15 --timezone UTC"
    battery = "asset --name '{case} {tag}' --asset-type {type_battery}"
    lines = {
        "account": "account --name '{case} {tag}'",
        "account again": "account --name Mill",
        "account without name": "account",
        "sensor": f"{usual} --asset {{site}}",
        "sensor iso": f"{unit} --event-resolution PT15M --timezone UTC --asset {{site}}",
        "sensor bad unit": f"{usual} --asset {{site}}".replace("kW", "apples!"),
        "sensor bad zone": f"{usual} --asset {{site}}".replace("UTC", "Mars"),
        "sensor nowhere": f"{usual} --asset 999999",
        "sensor attributes": f"{usual} --asset {{site}} --attributes '{{\"a\": 1}}'",
        "sensor bad attributes": f"{usual} --asset {{site}} --attributes a",
        "asset": f"{battery} --account {{account_boss}}",
        "asset place": f"{battery} --latitude 52 --longitude 5",
        "asset bad place": f"{battery} --latitude 152 --longitude 5",
        "asset without type": "asset --name '{case} {tag}'",
        "asset below": f"{battery} --account {{account_boss}} --parent-asset {{site}}",
        "source": "source --name '{case} {tag}' --model m --version 1 --type forecaster",
        "source without name": "source",
        "user again": "user --username boss --email boss@example.org --account {account_boss} --roles account-admin",
    }
    for name, words in lines.items():
        yield Case(f"cli add {name}", SITE, (Request("CLI", f"add {words}"),))
