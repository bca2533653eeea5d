"""Where Flexscope answers otherwise than FlexMeasures 1.0.1 and means to: what and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """Differences of one kind."""

    reason: str
    """The first cell of its row in docs/moving-from-flexmeasures.md."""
    cases: str
    """Names of the cases, as a regular expression."""
    lines: str
    """Differences as ``compare`` prints them, likewise."""

    def explains(self, case: str, line: str) -> bool:
        """Is a difference of this kind?"""
        return re.search(self.cases, case) is not None and re.search(self.lines, line) is not None


LISTS = r"missing|items|name: |unit: |event_res|no (list|object)|422, not 200|200, not 404"
NAMED = "^(asset|sensor|user|account)"
GAPS = "diff|fillna|ffill|interpolate|shift|pct_change"
MORE = "gt|le|eq|eval|between|resample|rolling|output coarser"
DEVIATIONS: Sequence[Deviation] = (
    Deviation("Unknown ids", "", r"status: (404, not 422|422, not 40[034]|400, not 422|401, not 404)"),
    Deviation("Unknown ids", "source|root:9", r"status: 20\d, not (404|422)"),
    Deviation("Words of refusals", "", r'body\.status: "[A-Z_]+", not "(ERROR|UNRECOGNIZED_UDI_EVENT)"'),
    Deviation("Words of refusals", "", r"body\.results?: missing"),
    Deviation("Fields of refusals", "", r"body\.message[^:]*: (missing|\[|\"<text>)"),
    Deviation("Null", "null", r"status: (20[0-2], not 422|422, not 20[0-2])|body"),
    Deviation("Quantities that cannot be", "^flex|^plan", r"^0\.status: 422, not 20[02]"),
    Deviation("Plans that are possible", "^flex|^plan", r"status: 202, not 422|status: 200, not 400"),
    Deviation("Plans that are possible", "^flex|^plan", r"job\.(status: \"FINISHED\", not (\"FAILED\"|null)|result: )"),
    Deviation("What is stored with a flex-config", "^flex stored", r"status: (200, not 422|422, not 200)|child_assets"),
    Deviation("Names of costs", "^plan", r"commitment_costs"),
    Deviation("Moments of bounds", "^plan soc-", r"resolved|body\.values"),
    Deviation("One-way capacities", "^plan model (capacity|consumption 2|part)", r"body\.values"),
    Deviation("Gaps in prices", "^plan context (gap|short)", r"body\.values"),
    Deviation("Equal plans", "^plan (devices|context sun|request no duration|sensor kw)", r"body\.values"),
    Deviation("Equal plans", "^flex model soc-minima", r"margin"),
    Deviation("Soft limits that are broken", "^plan context cheap", r"unresolved"),
    Deviation("Length of what is fetched", "^plan (fetched|model|request)", r"duration|values: \d+ items"),
    Deviation("Other sensors of the asset", "^plan fetched of", r"status: 400, not 200"),
    Deviation("Jobs", "^plan fetched|^jobs", r"missing"),
    Deviation("Sharing energies out", "^data", r"body\.values\[\d+\]: [\d.e-]+, not ([\d.e-]+|null)"),
    Deviation("Power and energy", "^data (post (kwh|day)|read kwh)", r"status: 200, not 422"),
    Deviation("Units", "^data|^sensor add unit", r"status: 20[01], not 422"),
    Deviation("Data that mean nothing", "^data", r"status: (422, not 200|403, not 422)"),
    Deviation("Days over a clock change", "^data days", r"duration|values|^0.status: 200, not 422"),
    Deviation("Instants", "^data read kw0", r"resolution"),
    Deviation("Charts", "^(sensor )?chart", r"missing|\d items, not"),
    Deviation("Rights", "^address|^asset add|^account", r"status: (20\d, not (403|20\d)|403, not (200|422))|job\."),
    Deviation("Signing in", "^address token", r"status: 401, not (404|422)|message"),
    Deviation("Lists", "^list|^address GET", LISTS),
    Deviation("Lists", "^kpis|^status", r"null, not 0|source_type|staleness|resolution"),
    Deviation("Annotations", "^annotation", r"prior|source|status: (201, not 200|422, not 201)"),
    Deviation("Names and charts of assets", NAMED, r"status: (422, not 20|20\d, not 422|403, not)"),
    Deviation("Names and charts of assets", NAMED, r"timezone|event_res|parent|to_show|color|roles"),
    Deviation("Forecasts", "^forecast", r"job\.|status: (202, not 422|422, not 202)"),
    Deviation("Ended versions", "^address PUT", r"410, not 405"),
    Deviation("Plans that are possible", "^cli schedule (no|list|object|soc|process)", r"status: 0, not 1"),
    Deviation("Numbers as texts", "^cli schedule process power", r"status: 1, not 0"),
    Deviation("Processes that produce", "^cli schedule process power -1", r"body\.values"),
    Deviation("Shares of a store", "^cli schedule soc-at-start 50%", r"body\.values"),
    Deviation("Stores without a lower bound", "^cli schedule text", r"body\.values"),
    Deviation("Lists on the command line", "^cli show (roles|beliefs)", r"status: (0, not 1|1, not 0)"),
    Deviation("Sensors that change", "^cli edit resample-data 0", r"status: 1, not 0"),
    Deviation("Owners", "^cli edit transfer-ownership", r"status: 1, not 0"),
    Deviation("Deleting until a moment", "^cli delete beliefs (until|between)", r"body\.values"),
    Deviation("What is chosen twice", "^cli delete beliefs of sensor and asset", r"status: 0, not 1"),
    Deviation("Assets on the command line", "^cli add asset", r"status: 0, not 1"),
    Deviation("Files", "^cli beliefs", r"status: 0, not 1"),
    Deviation("Options that are not there", "^cli beliefs (probability|finer kept)", r"status: 1, not 0"),
    Deviation("Sharing energies out", "^cli beliefs finer energy", r"body\.values"),
    Deviation("Sharing energies out", "^report (aggregate kwh|chain energy)", r"body\.values"),
    Deviation("Units in reports", "^report aggregate (kw|kwh) and (mw|kwh)", r"body\.values"),
    Deviation("Units in reports", "^report aggregate price and feed", r"status: 1, not 0"),
    Deviation("Units in reports", "^report profit (of (kw|load|gap)|in kEUR)", r"status: 0, not 1"),
    Deviation("Gaps in reports", f"^report (aggregate (of three|kw and gap)|chain ({GAPS}))", r"body\.values"),
    Deviation("Steps of reports", f"^report chain ({MORE})", r"status: 0, not 1"),
    Deviation("Steps of reports", "^report (aggregate count|chain sort_index)", r"status: 1, not 0"),
    Deviation("Steps of reports", "^report (option|yaml parameters) resolution", r"body\.values"),
    Deviation("Reports of more", "^report (aggregate two|profit (hyphens|of two))", r"status: 0, not 1"),
    Deviation("Reports of more", "^report (chain|yaml config) unknown", r"status: 0, not 1"),
    Deviation("Times in YAML", "^report yaml parameters times", r"status: 0, not 1"),
    Deviation("Data that mean nothing", "^report profit in EUR by P1D", r"status: 422, not 200"),
)


def unexplained(case: str, lines: Sequence[str]) -> list[str]:
    """Return the differences of a case that no deviation explains."""
    return [line for line in lines if not any(each.explains(case, line) for each in DEVIATIONS)]
