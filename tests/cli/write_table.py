"""Every command by what it does to the database: the lines that are tried, and what the audit log then says."""

from typing import Any, NamedTuple

from app.cli.main import COMMANDS, CommandGroup

SPAN = {"start": "2030-01-14T00:00:00+00:00", "end": "2030-01-14T04:00:00+00:00"}
CONTEXT = '{"consumption-price": "0.2 EUR/kWh"}'
PLAN = f"--start {SPAN['start']} --duration PT4H --flex-context '{CONTEXT}'"
MODEL = '{"soc-at-start": "1 kWh", "soc-max": "9 kWh", "power-capacity": "3 kW"}'
REPORT = "add report --reporter AggregatorReporter --start {start} --end {end}".format(**SPAN)
NIGHTLY = "add automation --asset 1 --kind schedule --name nightly"
PRICE = f"{PLAN.partition('--flex')[0]} --consumption-price-sensor 3"
READS = {
    *("show automation", "show automations", "show accounts", "show account", "show asset-types", "show asset"),
    *("show beliefs", "show data-sources", "show schedules", "show roles", "jobs inspect-job", "jobs show-queues"),
    *("show assets", "show reporters", "show schedulers", "show forecasters", "show why", "show what-if"),
    *("show changes", "show what-would-it-take", "show plans", "show accuracy"),
    *("jobs stats", "jobs save-last", "monitor latest-runs", "db current", "db-ops dump"),
}
OF_THE_WHOLE_SERVER = {
    "run": "serves; what is asked of it goes through use cases",
    "jobs run-worker": "does jobs, each with the rights of who asked for it",
    "monitor last-run": "keeps alerts, which are nobody's rows",
    "monitor latest-run": "the same by its other name",
    "monitor last-seen": "keeps alerts and when it ran itself",
    "db upgrade": "makes the tables",
    "add initial-structure": "makes the tables",
    "db-ops reset": "takes everything out, the audit log included",
    "db-ops restore": "puts the whole database back, its audit log included",
}
"""Commands that write, and act on no row of an account."""


class Write(NamedTuple):
    """A command that changes rows of accounts."""

    line: str
    """A line that does it."""
    logged: str | None
    """What the audit log then says; None: nothing, as rows of jobs and the sources of values say it themselves."""
    refused: str
    """A line that a rule forbids."""
    asks: tuple[str, dict[str, Any]] | None = None
    """An endpoint and a request that the same rule forbids; None: only an operator does this."""


def _asset(**fields: Any) -> dict[str, Any]:
    return {"body": {"name": "x", "generic_asset_type_id": 1, "account_id": 1, **fields}}


def _plan(model: dict[str, Any]) -> dict[str, Any]:
    context = {"consumption-price": "0.2 EUR/kWh"}
    return {"id": 1, "body": {"start": SPAN["start"], "duration": "PT4H", "flex-model": model, "flex-context": context}}


WRITES = {
    "add toy-account": Write("add toy-account", "Added account 'Toy Account'", "add toy-account --kind tram"),
    "add account": Write(
        "add account --name Quay", "Added account 'Quay'", "add account --name Mill",
        ("POST /api/v3_0/accounts", {"body": {"name": "Mill"}}),
    ),
    "add account-role": Write(
        "add account-role --name Prosumer", "Added account role 'Prosumer'", "add account-role --name ''"
    ),
    "add plan": Write("add plan --name Small --max-assets 9", "Added plan 'Small'", "add plan --name x --max-users -1"),
    "add asset-type": Write(
        "add asset-type --name boiler", "Added asset type 'boiler'", "add asset-type --name battery"
    ),
    "add annotation": Write(
        "add annotation --content works --at 2030-01-14 --asset 1", "Added annotation 'works'",
        "add annotation --content works --at 2030-01-14T00:00Z --until 2030-01-13T00:00Z --asset 1",
        ("POST /api/v3_0/assets/{id}/annotations",
         {"id": 1, "body": {"content": "works", "start": "2030-01-14T00:00Z", "end": "2030-01-13T00:00Z"}}),
    ),
    "add holidays": Write(
        "add holidays --year 2030 --country NL --account 1", "Added annotation 'Easter Sunday'",
        "add holidays --year 2030 --country XX --account 1",
    ),
    "add user": Write(
        "add user --username eve --email eve@b.org --account 1 --password long-enough", "Added user 'eve'",
        "add user --username ann --email ann@b.org --account 9 --password long-enough",
        ("POST /api/v3_0/users", {"body": {"email": "ann@b.org", "username": "ann", "account_id": 9}}),
    ),
    "add source": Write("add source --name gauge", "Added source 'gauge'", "add source --name ''"),
    "add asset": Write(
        "add asset --asset-type battery --name new --account 1", "Added asset 'new'",
        "add asset --asset-type battery --name store --account 1",
        ("POST /api/v3_0/assets", _asset(name="store")),
    ),
    "add sensor": Write(
        "add sensor --name new --unit kW --event-resolution 15 --asset 1", "Added sensor 'new' (8)",
        "add sensor --name new --unit kW --event-resolution -PT15M --asset 1",
        ("POST /api/v3_0/sensors",
         {"body": {"name": "new", "unit": "kW", "event_resolution": "-PT15M", "generic_asset_id": 1}}),
    ),
    "add beliefs": Write(
        "add beliefs --sensor 3 --source me values.csv", None, "add beliefs --sensor 9 --source me values.csv",
        ("POST /api/v3_0/sensors/{id}/data/upload", {"id": 9, "file": "t,v\n2026-01-05T00:00:00Z,1\n"}),
    ),
    "add schedule for-asset": Write(
        f"add schedule for-asset --sensor 1 {PLAN} --flex-model '{MODEL}'",
        f"Asked for a schedule from {SPAN['start']}",
        f"add schedule for-asset --asset 1 {PLAN} --flex-model '{{\"asset\": 1, \"soc-mim\": 1}}'",
        ("POST /api/v3_0/assets/{id}/schedules/trigger", _plan({"soc-mim": 1})),
    ),
    "add schedule for-storage": Write(
        f"add schedule for-storage --sensor 1 {PRICE} --soc-at-start '1 kWh' --soc-max '9 kWh' "
        "--storage-power-capacity '3 kW'", f"Asked for a schedule from {SPAN['start']}",
        f"add schedule for-storage --sensor 9 {PRICE} --soc-at-start '1 kWh'",
        ("POST /api/v3_0/sensors/{id}/schedules/trigger", _plan({}) | {"id": 9}),
    ),
    "add schedule for-process": Write(
        f"add schedule for-process --sensor 1 {PRICE} --process-duration PT1H --process-power 1kW",
        f"Asked for a schedule from {SPAN['start']}",
        f"add schedule for-process --sensor 9 {PRICE} --process-duration PT1H --process-power 1kW",
        ("POST /api/v3_0/sensors/{id}/schedules/trigger", _plan({}) | {"id": 9}),
    ),
    "add schedules": Write(
        f"add schedules --asset 2 {PLAN.partition('--flex')[0]}",
        f"Asked for the schedules of 1 sites from {SPAN['start']}",
        f"add schedules --asset 99 {PLAN.partition('--flex')[0]}",
        ("POST /api/v3_0/schedules/trigger", {"body": {"start": SPAN["start"], "duration": "PT4H", "sites": [99]}}),
    ),
    "add forecasts": Write(
        "add forecasts --sensor 3 --start 2030-01-15T00:00Z --duration PT4H --forecaster SeasonalNaive",
        "Asked for a forecast of sensor 'price' (3)", "add forecasts --sensor 3 --train-period PT1H",
        ("POST /api/v3_0/sensors/{id}/forecasts/trigger", {"id": 3, "body": {"config": {"train-period": "PT1H"}}}),
    ),
    "add report": Write(
        f"{REPORT} --parameters report.json", "Asked for a report by AggregatorReporter from 2030-01-14T01:00:00+01:00",
        f"{REPORT} --parameters foreign.json --asset 1",
        ("POST /api/v3_0/assets/{id}/reports/trigger",
         {"id": 1, "body": {"reporter": "AggregatorReporter", "config": {}, "parameters": {
             "input": [{"name": "x", "sensor": 3}], "output": [{"sensor": 4}], **SPAN}}}),
    ),
    "add automation": Write(
        f"{NIGHTLY} --every P1D", "Added automation 'nightly'", f"{NIGHTLY} --every PT7H",
        ("POST /api/v3_0/assets/{id}/automations",
         {"id": 1, "body": {"name": "nightly", "kind": "schedule", "every": "PT7H"}}),
    ),
    "edit attribute": Write(
        "edit attribute --asset 1 --attribute colour --str red", "Changed attributes of asset 'store'",
        "edit attribute --asset 1 --attribute colour",
    ),
    "edit transfer-parenthood": Write(
        "edit transfer-parenthood --asset 2 --new-parent 1 --yes", "Changed parent_asset_id of asset 'shed'",
        "edit transfer-parenthood --asset 1 --new-parent 1 --yes",
    ),
    "edit transfer-ownership": Write(
        "edit transfer-ownership --asset 3 --new-owner 3 --yes", "Gave asset 'spare' to account 'Quay'",
        "edit transfer-ownership --asset 1 --new-owner 1 --yes",
    ),
    "edit plan": Write("edit plan --id 1 --max-users 3", "Changed most_users of plan 'Small'", "edit plan --id 1"),
    "edit secret": Write(
        "edit secret --asset 1 --secret inverter.password --value hush",
        "Set secret 'inverter.password' of asset 'store'", "edit secret --asset 1 --secret 'a b' --value hush",
        ("POST /api/v3_0/assets/{id}/secrets", {"id": 1, "body": {"name": "a b", "value": "hush"}}),
    ),
    "edit automation": Write(
        "edit automation --id 1 --pause", "Changed active of automation 'nightly'", "edit automation --id 9 --pause",
        ("PATCH /api/v3_0/automations/{id}", {"id": 9, "body": {"active": False}}),
    ),
    "edit convert-data": Write(
        "edit convert-data --sensor 3 --unit EUR/MWh",
        "Converted sensor 'price' (3) with its data from EUR/kWh to EUR/MWh",
        "edit convert-data --sensor 3 --unit kW",
    ),
    "edit resample-data": Write(
        "edit resample-data --sensor 3 --event-resolution 30 --yes",
        "Resampled sensor 'price' (3) with its data from PT1H to PT30M",
        "edit resample-data --sensor 3 --event-resolution -PT30M --yes",
        ("PATCH /api/v3_0/sensors/{id}", {"id": 3, "body": {"event_resolution": "-PT30M"}}),
    ),
    "jobs run-job": Write("jobs run-job --job failed", None, "jobs run-job --job lost"),
    "jobs cancel-job": Write(
        "jobs cancel-job --job waiting", None, "jobs cancel-job --job failed",
        ("POST /api/v3_0/jobs/{uuid}/cancel", {"uuid": "failed"}),
    ),
    "jobs clear-queue": Write("jobs clear-queue --failed", None, "jobs clear-queue --queue planing"),
    "jobs delete-queue": Write("jobs delete-queue --queue reporting", None, "jobs delete-queue --queue planing"),
    "db-ops import-beliefs": Write("", None, "db-ops import-beliefs postgresql://nobody@localhost:1/x --sensor 1:3"),
    "delete automation": Write(
        "delete automation --id 1", "Deleted automation 'nightly'", "delete automation --id 9",
        ("DELETE /api/v3_0/automations/{id}", {"id": 9}),
    ),
    **{
        f"delete {kind}": Write(
            f"delete {kind} --sensor 3 --yes", logged, f"delete {kind} --sensor 9 --yes",
            ("DELETE /api/v3_0/sensors/{id}/data", {"id": 9, "body": {}}),
        )
        for kind, logged in (
            *((kind, "Deleted data of sensor 'price' (3)") for kind in ("prognoses", "measurements", "beliefs")),
            *((kind, "Deleted data of sensor 'price' (3)") for kind in ("unchanged-beliefs", "nan-beliefs")),
        )
    },
    "delete sensor": Write(
        "delete sensor --id 3 --force", "Deleted sensor 'price' (3) with its data", "delete sensor --id 9 --force",
        ("DELETE /api/v3_0/sensors/{id}", {"id": 9}),
    ),
    "delete asset": Write(
        "delete asset --id 2 --force", "Deleted asset 'shed' with everything below it", "delete asset --id 99 --force",
        ("DELETE /api/v3_0/assets/{id}", {"id": 99}),
    ),
    "delete secret": Write(
        "delete secret --asset 1 --secret inverter.password --force",
        "Deleted secret 'inverter.password' of asset 'store'", "delete secret --asset 1 --secret other --force",
    ),
    "delete account-role": Write(
        "delete account-role --name Prosumer --force", "Deleted account role 'Prosumer'",
        "delete account-role --name Sailor --force",
    ),
    "delete user": Write("delete user --id 3 --force", "Deleted user 'eve'", "delete user --id 99 --force"),
    "delete account": Write(
        "delete account --id 1 --force", "Deleted account 'Mill' with its users, assets and data",
        "delete account --id 99 --force",
    ),
}  # fmt: skip
"""In an order in which all of them can be done."""


def commands(group: CommandGroup = COMMANDS, before: str = "") -> set[str]:
    """Return all commands as they are typed."""
    found = set()
    for word, entry in group.entries.items():
        found |= commands(entry, f"{before}{word} ") if isinstance(entry, CommandGroup) else {f"{before}{word}"}
    return found
