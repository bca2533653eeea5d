"""Reports: every reporter over units, resolutions, methods, weights and several outputs, through ``add report``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.twin.case import Case, Request, Scene
from tests.twin.server import Json

START, END = "2026-03-02T00:00:00+01:00", "2026-03-02T08:00:00+01:00"
WAVE = [float((7 * n) % 23 - 8) for n in range(32)]
"""Values of eight hours, both signs."""
HILL = [float(3 + (5 * n) % 11) for n in range(32)]
INPUTS: Mapping[str, tuple[str, str, Sequence[float | None]]] = {
    "kw": ("kW", "PT15M", WAVE),
    "kw2": ("kW", "PT15M", HILL),
    "mw": ("MW", "PT15M", [value / 1000 for value in HILL]),
    "kw60": ("kW", "PT1H", WAVE[:8]),
    "mw60": ("MW", "PT1H", [value / 1000 for value in WAVE[:8]]),
    "kwh": ("kWh", "PT15M", [value / 4 for value in WAVE]),
    "kwh60": ("kWh", "PT1H", HILL[:8]),
    "price": ("EUR/MWh", "PT1H", [100, 50, -20, 80, 120, 60, 0, 90]),
    "feed": ("EUR/MWh", "PT1H", [40, 30, 20, 10, 0, -10, 20, 30]),
    "cents": ("EUR/kWh", "PT15M", [value / 100 for value in HILL]),
    "celsius": ("°C", "PT15M", HILL),
    "gap": ("kW", "PT15M", [None if n in (5, 6, 20) else value for n, value in enumerate(HILL)]),
    "euro": ("EUR", "PT15M", HILL),
    "share": ("%", "PT15M", [10 * value for value in HILL]),
}
"""Unit, resolution and values of each sensor that reports read."""


def _values(key: str) -> Request:
    unit, _, values = INPUTS[key]
    body = {"start": START, "duration": "PT8H", "values": list(values), "unit": unit}
    return Request("POST", f"/sensors/{{{key}}}/data", body)


SITE = Scene(
    "reports",
    {"site": {}},
    {key: {"asset": "site", "unit": unit, "resolution": step} for key, (unit, step, _) in INPUTS.items()}
    | {"load": {"asset": "site", "unit": "kW", "attributes": {"consumption_is_positive": True}}},
    (
        *(_values(key) for key in INPUTS),
        Request("POST", "/sensors/{load}/data", {"start": START, "duration": "PT8H", "values": WAVE, "unit": "kW"}),
    ),
)
Config = Mapping[str, Json]
Outputs = Sequence[tuple[str, str]]
KW, KWH = [("kW", "PT15M")], [("kWh", "PT15M")]


def report(name: str, words: str, config: Config, inputs: Sequence[str], outputs: Outputs = KW, **more: Json) -> Case:
    """Return a report with outputs of its own, which are then read.

    Args:
        name: What is told apart by it.
        words: The reporter, and options of the command.
        config: Its config.
        inputs: Names of sensors, by which they are also called.
        outputs: Unit and resolution of each output, called ``out0``, ``out1``, ...
        more: Parameters; ``None`` leaves one out.
    """
    parameters: dict[str, Any] = {
        "input": [{"name": key, "sensor": f"${key}"} for key in inputs],
        "output": [{"name": f"out{n}", "sensor": f"$out{n}"} for n in range(len(outputs))],
        "start": START,
        "end": END,
    } | more
    files = {"config.json": config, "parameters.json": {k: v for k, v in parameters.items() if v is not None}}
    added = [_sensor(n, unit, step) for n, (unit, step) in enumerate(outputs)]
    if "--" not in words:  # FlexMeasures wants them there, whatever the parameters say
        words += "".join(f" --{end} {parameters[end]}" for end in ("start", "end") if parameters[end] is not None)
    command = f"add report --reporter {words} --config config.json --parameters parameters.json"
    read = [
        Request(
            "GET",
            f"/sensors/{{out{n}}}/data",
            query={"start": START, "duration": "PT8H", "unit": unit, "resolution": step},
        )
        for n, (unit, step) in enumerate(outputs)
    ]
    return Case(f"report {name}", SITE, (*added, Request("CLI", command, files), *read))


def _sensor(number: int, unit: str, step: str) -> Request:
    body = {"name": f"{{case}} {number}", "generic_asset_id": "$site", "unit": unit, "event_resolution": step}
    body["timezone"] = "Europe/Amsterdam"
    return Request("POST", "/sensors", body, look="status", keep=f"out{number}")


def cases() -> Iterator[Case]:
    """Return the cases of this family."""
    yield from aggregations()
    yield from profits()
    yield from chains()
    yield from units_of_chains()
    yield from wrong()
    yield from in_yaml()


def aggregations() -> Iterator[Case]:
    """One case for each method, and for weights, units and resolutions."""
    for method in ("sum", "mean", "min", "max", "median", "prod", "std", "var", "count", "first", "nonsense"):
        yield report(f"aggregate {method}", "AggregatorReporter", {"method": method}, ["kw", "kw2"])
    yield report("aggregate of three", "AggregatorReporter", {"method": "var"}, ["kw", "kw2", "gap"])
    yield report("aggregate default", "AggregatorReporter", {}, ["kw", "kw2"])
    for weights in ({"kw": -1.0}, {"kw": 2, "kw2": 0.5}, {"other": 3.0}, {"kw": 0}, {"kw": "one"}):
        config = {"method": "sum", "weights": weights}
        yield report(f"aggregate weights {weights}", "AggregatorReporter", config, ["kw", "kw2"])
    for step in ("PT15M", "PT30M", "PT1H", "PT2H"):
        for key, unit in (("kw", "kW"), ("kwh", "kWh"), ("celsius", "°C"), ("gap", "kW"), ("price", "EUR/MWh")):
            name = f"aggregate {key} at {step}"
            yield report(name, "AggregatorReporter", {}, [key], [(unit, step)], resolution=step)
    pairs = (("kw", "mw"), ("kw", "kw60"), ("kwh", "kwh60"), ("kw", "kwh"), ("price", "feed"), ("kw", "gap"))
    for first, second in pairs:
        yield report(f"aggregate {first} and {second}", "AggregatorReporter", {}, [first, second], resolution="PT15M")
    yield report("aggregate one", "AggregatorReporter", {}, ["kw"])
    yield report("aggregate two outputs", "AggregatorReporter", {}, ["kw"], [*KW, *KW])


def profits() -> Iterator[Case]:
    """Prices of both directions, every flow and every output."""
    both = {"consumption_price_sensor": "$price", "production_price_sensor": "$feed"}
    configs = {
        "both": both,
        "buying": {"consumption_price_sensor": "$price"},
        "selling": {"production_price_sensor": "$feed"},
        "none": {},
        "temperature": {"consumption_price_sensor": "$celsius"},
        "unknown": {"consumption_price_sensor": 999999},
        "hyphens": {"consumption-price-sensor": "$price"},
    }
    hourly = [("EUR", "PT1H")]
    for name, config in configs.items():
        for loss in (False, True):
            signed = {**config, "loss_is_positive": loss}
            yield report(f"profit {name} {loss}", "ProfitOrLossReporter", signed, ["mw60"], hourly)
    for key in ("kw", "kw60", "mw", "kwh", "kwh60", "load", "gap", "celsius", "share"):
        yield report(f"profit of {key}", "ProfitOrLossReporter", both, [key], hourly)
    for unit, step in (("EUR", "PT15M"), ("EUR", "PT2H"), ("EUR", "P1D"), ("kEUR", "PT1H"), ("kW", "PT1H")):
        yield report(f"profit in {unit} by {step}", "ProfitOrLossReporter", both, ["mw"], [(unit, step)])
    yield report("profit of two", "ProfitOrLossReporter", both, ["kw", "kw2"], hourly)
    yield report("profit twice", "ProfitOrLossReporter", both, ["mw"], [*hourly, ("EUR", "PT4H")])
    cents = {"consumption_price_sensor": "$cents"}
    yield report("profit cents", "ProfitOrLossReporter", cents, ["kw"], hourly)
    yield report("profit text", "ProfitOrLossReporter", {**both, "loss_is_positive": "perhaps"}, ["mw"], hourly)


def chain(
    name: str,
    steps: Sequence[Mapping[str, Json]],
    inputs: Sequence[str] = ("kw", "kw2"),
    outputs: Outputs = KW,
    **more: Json,
) -> Case:
    """Return a report by steps; the indexes beside the start of events are dropped."""
    config = more.pop("config", {})
    filled = {
        "required_input": [{"name": key} for key in inputs],
        "required_output": [{"name": f"out{n}"} for n in range(len(outputs))],
        "transformations": list(steps),
        "droplevels": True,
    }
    return report(f"chain {name}", "PandasReporter", filled | config, inputs, outputs, **more)


def chains() -> Iterator[Case]:
    """Steps that the documentation shows, and every kind of operation."""
    to = {"df_output": "out0"}
    for method in ("add", "subtract", "multiply", "div", "radd", "rsub", "mod", "pow", "gt", "le", "eq"):
        step = {"df_input": "kw", "method": method, "args": ["@kw2"], **to}
        yield chain(f"{method} series", [step])
        yield chain(f"{method} number", [step | {"args": [2]}])
    single = (
        ("abs", [], {}), ("round", [], {}), ("clip", [], {"lower": 0}), ("clip", [0, 5], {}), ("cumsum", [], {}),
        ("diff", [], {}), ("shift", [1], {}), ("shift", [], {"periods": -1}), ("head", [3], {}), ("tail", [2], {}),
        ("fillna", [0], {}), ("ffill", [], {}), ("interpolate", [], {}), ("dropna", [], {}), ("cummax", [], {}),
        ("copy", [], {}), ("nonsense", [], {}), ("to_pickle", ["x"], {}), ("pct_change", [], {}), ("rank", [], {}),
        ("eval", ["event_value * 2"], {}), ("query", ["event_value > 4"], {}), ("replace", [3, 4], {}),
        ("between", [2, 5], {}), ("isna", [], {}), ("sort_index", [], {}), ("where", ["@kw"], {}),
    )  # fmt: skip
    for method, words, named in single:
        step = {"df_input": "gap", "method": method, "args": words, "kwargs": named, **to}
        yield chain(f"{method} {words} {named}", [step], ["gap", "kw"])
    for way in ("sum", "mean", "max", "min", "first", "last", "std", "count", "median", "prod", "var"):
        steps = [{"df_input": "kw", "method": "resample", "args": ["1h"]}, {"method": way, **to}]
        yield chain(f"resample {way}", steps, ["kw"], [("kW", "PT1H")])
    merged = [
        {
            "df_input": "kw",
            "method": "merge",
            "args": ["@kw2"],
            "kwargs": {"on": "event_start", "suffixes": ["_1", "_2"]},
        }
    ]
    for way in ("sum", "mean", "max", "min"):
        yield chain(f"merge {way}", [*merged, {"method": way, "kwargs": {"axis": 1}, **to}])
    rolled = [{"df_input": "kw", "method": "rolling", "args": ["1h"]}, {"method": "mean", **to}]
    yield chain("rolling", rolled)
    two = [
        {"df_input": "kw", "method": "clip", "kwargs": {"lower": 0}, "df_output": "out0"},
        {"df_input": "kw", "method": "clip", "kwargs": {"upper": 0}, "df_output": "out1"},
    ]
    yield chain("two outputs", two, ["kw"], [*KW, *KW])
    yield chain("two units", two, ["kw"], [("kW", "PT15M"), ("MW", "PT15M")])
    yield chain("second from the first", [two[0], two[1] | {"df_input": "out0"}], ["kw"], [*KW, *KW])


def units_of_chains() -> Iterator[Case]:
    """Units that a config names for inputs and outputs, and resolutions of outputs."""
    copy = [{"df_input": "kw", "method": "copy", "df_output": "out0"}]
    for unit in ("MW", "kWh", "W", "kW", "EUR", "nonsense"):
        config = {"required_input": [{"name": "kw", "unit": unit}]}
        yield chain(f"input in {unit}", copy, ["kw"], config=config)
    outputs = (("kW", "MW"), ("kW", "MWh"), ("kW", "kWh"), ("kWh", "kW"), ("MWh", "kW"), ("kW", "EUR"), ("W", "kW"))
    for unit, of_sensor in outputs:
        config = {"required_output": [{"name": "out0", "unit": unit}]}
        yield chain(f"output {unit} in {of_sensor}", copy, ["kw"], [(of_sensor, "PT15M")], config=config)
    for unit, of_sensor in (("kW", "MWh"), ("kWh", "kW")):
        config = {"required_output": [{"name": "out0", "unit": unit}]}
        name = f"output {unit} in {of_sensor} at PT1H"
        yield chain(name, copy, ["kw"], [(of_sensor, "PT1H")], config=config, resolution="PT1H")
    yield chain("output without unit", copy, ["kw"], [("MW", "PT15M")])
    yield chain("output coarser", copy, ["kw"], [("kW", "PT1H")])
    for step in ("PT30M", "PT1H"):
        yield chain(f"read at {step}", copy, ["kw"], [("kW", step)], resolution=step)
        energy = [copy[0] | {"df_input": "kwh"}]
        yield chain(f"energy read at {step}", energy, ["kwh"], [("kWh", step)], resolution=step)


def in_yaml() -> Iterator[Case]:
    """The files of a report in YAML, with all that it has beside JSON."""
    lines = "input:\n- name: kw\n  sensor: {kw}\n- {name: kw2, sensor: {kw2}}\noutput:\n- sensor: {out0}\n"
    times = f"start: {START}\nend: {END}\n"
    configs = {"plain": "method: sum\n", "comment": "# of two\n---\nmethod: 'sum'\n", "weights": "weights: {kw: 2}\n"}
    configs |= {
        "list": "- sum\n",
        "nothing": "",
        "text": "sum\n",
        "broken": "method: [sum\n",
        "tabs": "\tmethod: sum\n",
    }
    configs |= {"unknown": "methods: sum\n", "tag": "method: !!python/name:os.system\n", "anchor": "method: &m sum\n"}
    parameters = {"no times": lines, "times": lines + times, "resolution": lines + "resolution: PT1H\n"}
    parameters |= {"quoted times": f"{lines}start: '{START}'\nend: '{END}'\n", "without output": "input: []\n"}
    for name, text in configs.items():
        yield _with_files(f"yaml config {name}", {"config": text, "parameters": lines})
    for name, text in parameters.items():
        yield _with_files(f"yaml parameters {name}", {"config": configs["plain"], "parameters": text})


def _with_files(name: str, files: Mapping[str, str]) -> Case:
    words = f"add report --reporter AggregatorReporter --start {START} --end {END}"
    words += "".join(f" --{file} {file}.yaml" for file in files)
    read = {"start": START, "duration": "PT8H", "unit": "kW", "resolution": "PT15M"}
    requests = (
        _sensor(0, "kW", "PT15M"),
        Request("CLI", words, {f"{file}.yaml": text for file, text in files.items()}),
        Request("GET", "/sensors/{out0}/data", query=read),
    )
    return Case(f"report {name}", SITE, requests)


def wrong() -> Iterator[Case]:
    """What a report lacks, or has too much of."""
    copy = [{"df_input": "kw", "method": "copy", "df_output": "out0"}]
    yield chain("without start", copy, ["kw"], start=None)
    yield chain("without end", copy, ["kw"], end=None)
    yield chain("ends before it starts", copy, ["kw"], start=END, end=START)
    yield chain("no output", copy, ["kw"], output=[])
    yield chain("no input", copy, ["kw"], input=[])
    yield chain("unknown parameter", copy, ["kw"], nonsense=1)
    yield chain("unknown config", copy, ["kw"], config={"nonsense": 1})
    yield chain("no steps", [], ["kw"])
    yield chain("unknown input", [copy[0] | {"df_input": "nothing"}], ["kw"])
    yield chain("output that is not there", [copy[0] | {"df_output": "other"}], ["kw"])
    yield chain("belief time", copy, ["kw"], belief_time="2020-01-01T00:00:00+01:00")
    yield chain("sensor that is not there", copy, ["kw"], input=[{"name": "kw", "sensor": 999999}])
    options = {
        "start and end": f"--start {START} --end {END}",
        "resolution": f"--start {START} --end {END} --resolution PT1H",
        "offsets": f"--start {END} --start-offset=-1D,DB --end {START} --end-offset 1D",
        "dry run": f"--start {START} --end {END} --dry-run",
        "timezone": f"--start {START} --end {END} --timezone Europe/London",
        "bad timezone": f"--start {START} --end {END} --timezone Mars",
        "file": f"--start {START} --end {END} --output-file out.csv",
        "bad start": f"--start yesterday --end {END}",
        "only start": f"--start {START}",
        "only end": f"--end {END}",
    }
    for name, words in options.items():
        config = {"method": "sum"}
        yield report(f"option {name}", f"AggregatorReporter {words}", config, ["kw"], start=None, end=None)
    yield report("option unknown reporter", "NoReporter", {}, ["kw"])
