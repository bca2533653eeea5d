"""The unit of the values of a file: as it says, or the sensor's; asked where words or numbers speak against it."""

import re
from collections.abc import Sequence

import numpy as np

from engine.importing import counters
from engine.importing.cells.numbers import unit_of_mark
from engine.importing.heads import UNIT_WORDS, as_unit, unit_in
from engine.importing.layout import Cell, Choice, Evidence, FileQuestion, Floats, Target, TimedValues
from engine.importing.survey import Recipe
from engine.importing.value_column import fits
from engine.units import units

NAMES = {
    "a price": r"pr(eis|ijs|ice|ix|ecio|ezzo)|tarif|market.?value",
    "a temperature": r"temperatur|température|(?<![a-z])temp(?![a-z])",
    "a state of charge": r"(?<![a-z])soc(?![a-z])|state.of.charge|ladezustand|battery.level|laadtoestand",
    "an energy": r"energ(y|ie|[ií]a)|énergie|kilowatt.?hour",
    "a power": r"power|leistung|vermogen|puissance|potencia|potenza",
}
"""Words in heads that name one quantity, in whatever language portals write."""
FLOWS = re.compile(
    r"consumption|usage|demand|verbrauch|verbruik|consommation|consumo|production|generation|erzeugung|productie|"
    r"yield|ertrag|opbrengst|feed.?in|einspeisung|teruglevering|bezug|afname|import|export",
    re.I,
)
"""Words that stand over powers as often as over energies."""
CODES = re.compile(r"(?<![A-Z])(EUR|USD|GBP|CHF|DKK|SEK|NOK|PLN|CZK|HUF|RON|BGN|AUD|CAD|JPY)(?![A-Za-z])")
STEADY = {"EUR", "USD", "GBP", "CHF"}
"""Currencies in which a kWh costs a fraction of one; others, such as JPY and HUF, have prices of tens."""
HOT = 100.0
"""Temperature that hardly anything has that is measured [°C]."""
WATTS = 1000.0
"""Whole numbers from here on are hardly kilowatts, which devices write with decimals."""
DEAR, CHEAP = 2.5, 0.002
"""Prices per kWh beyond which the median of a series in those currencies hardly lies."""


def unit_of_values(
    recipe: Recipe, rows: Sequence[Sequence[Cell]], readings: TimedValues, target: Target
) -> tuple[str, list[Evidence], list[FileQuestion], list[str]]:
    """Return the unit of the values, where it is from, what is to be asked about it, and what is to be told.

    Args:
        recipe: How the file is read.
        rows: Its first rows.
        readings: All of its rows.
        target: The sensor it is read for.
    """
    columns = recipe.columns
    if columns.layout.unit is not None:
        return columns.layout.unit, [], [], []
    own, evidence, questions = columns.unit, list[Evidence](), list[FileQuestion]()
    if own is None and (own := unit_of_mark(recipe.notation)) is not None:
        evidence = [Evidence("unit", own, "every number is written with it")]
    above = rows[: columns.head.row]
    if own is None and (found := _unit_above(above)) is not None:
        own, row = found
        evidence = [Evidence("unit", own, f"row {row} above the table says so")]
    if own is None and columns.usual_unit is not None:
        own, evidence = columns.usual_unit, [Evidence("unit", columns.usual_unit, "files of this kind are in it")]
    if own is not None:
        if not fits(own, target.unit):
            text = f"The file says {own}, and the sensor is in {target.unit}; in which unit are the values?"
            anyway = Choice(target.unit, f"in {target.unit}, whatever the file says")
            return target.unit, [], [FileQuestion("unit", text, [anyway])], []
        return own, evidence, [], []
    head = " ".join(names[columns.value] for names in (columns.head.names, *columns.head.others))
    question = (
        _other_currency(head, target.unit)
        or _doubt(head, above, readings, target)
        or _usual_units(columns.likely_units, target)
    )
    if question is not None:
        return question.choices[0].value, [], [question], []
    told = []
    if FLOWS.search(head) and (units.same_kind(target.unit, "kW") or units.same_kind(target.unit, "kWh")):
        # Asking here would stop every upload with a head such as "consumption", as most of them are right.
        told = [f"The head {head!r} names no unit: values are taken as {target.unit}; if they are not, tell the unit."]
    return target.unit, [Evidence("unit", target.unit, "the file names none: that of the sensor")], questions, told


def _other_currency(head: str, unit: str) -> FileQuestion | None:
    """Return the question for the unit of prices whose head names another currency than the sensor has."""
    own, named = units.currency_in(unit), CODES.search(head)
    if own is None or named is None or named[0] == own:
        return None
    text = f"The head {head!r} names {named[0]}, and the sensor is in {unit}; in which unit are the values?"
    return FileQuestion("unit", text, [Choice(unit, f"in {unit}, whatever the head says")])


def _usual_units(likely: Sequence[str], target: Target) -> FileQuestion | None:
    """Return the question which of the units that are usual in files of a kind is meant; None if none of them may be.

    A mean power may come as energies, but powers are no usual unit for a sensor of energies.
    """
    fitting = [
        unit for unit in likely
        if units.same_kind(unit, target.unit) or (fits(unit, target.unit) and not target.adds_up)
    ]  # fmt: skip
    if not fitting or (fitting[0] == target.unit and not target.adds_up):
        return None
    first, *more = fitting
    usual = [Choice(first, "usual in files of this kind"), *(Choice(unit, "") for unit in more)]
    return FileQuestion("unit", "The file does not say in which unit its values are.", usual)


def _unit_above(rows: Sequence[Sequence[Cell]]) -> tuple[str, int] | None:
    """Return the unit in a row above the table such as ``Unit;kWh``, and the number of that row."""
    cells = [[str(cell).strip().rstrip(":") for cell in row] for row in rows]
    for number, row in enumerate(cells, 1):
        texts = [text for text in row if text]
        if len(texts) == 2 and UNIT_WORDS.match(texts[0]) and (unit := as_unit(texts[1])) is not None:
            return unit, number
        # A table of its own, with a head and one row: what is below "Unit".
        below = cells[number] if number < len(cells) else []
        for head, text in zip(row, below, strict=False):
            if len(texts) > 2 and UNIT_WORDS.match(head) and (unit := as_unit(text)) is not None:
                return unit, number + 1
    return None


def _doubt(head: str, above: Sequence[Sequence[Cell]], readings: TimedValues, target: Target) -> FileQuestion | None:
    """Return the question for the unit of values whose file names none, if they may be in another than the sensor's.

    The first choice is what the words or numbers of the file speak for.
    """
    unit, values = target.unit, readings.values[~np.isnan(readings.values)]
    is_power, is_energy = units.same_kind(unit, "kW"), units.same_kind(unit, "kWh")
    named = [name for name, words in NAMES.items() if re.search(words, head, re.I)]
    # "energy price" is a price and "power at 20 °C temperature" is anybody's guess: of two names only a price counts.
    name = named[0] if len(named) == 1 or named[:1] == ["a price"] else ""
    says = f"The head {head!r} names {name}, but no unit"
    as_it_is = Choice(unit, "that of the sensor")
    if is_power:
        ordered = readings.values[np.argsort(readings.starts, kind="stable")]
        sure, _, why = counters.counts_on(ordered[~np.isnan(ordered)], head).partition(": ")
        if sure == "sure":
            text = f"These values may be the total of a meter: {why}. In which unit are they?"
            return FileQuestion("unit", text, [as_it_is, Choice("kWh", "a total"), Choice("Wh", "a total")])
        others = dict.fromkeys((f"{unit}h", "kWh", "Wh"))
        texts = [unit_in(str(cell)) for row in above for cell in row]
        mentioned = {text for text in texts if text is not None and units.same_kind(text, "kWh")}
        if name == "an energy" or mentioned:
            says = (
                says if name == "an energy" else f"Above the table stands {min(mentioned)}, but no unit at the values"
            )
            energies = [Choice(other, "energies per step") for other in dict.fromkeys([*sorted(mentioned), *others])]
            return FileQuestion("unit", f"{says}, and the sensor is in {unit}.", [*energies, as_it_is])
    if is_energy and name == "a power" and not target.is_level:
        return FileQuestion("unit", f"{says}, and the sensor is in {unit}.", [
            *(Choice(other, "mean powers") for other in dict.fromkeys((unit.removesuffix("h"), "kW", "W"))), as_it_is,
        ])  # fmt: skip
    if not len(values):
        return None
    if is_energy and name == "a state of charge" and 1 < values.max() <= 100 and values.min() >= 0:
        text = f"{says}; none of the values is above 100."
        return FileQuestion("unit", text, [as_it_is, Choice("%", "shares of the capacity of the asset")])
    return _doubt_of_size(name, says, values, as_it_is)


def _doubt_of_size(name: str, says: str, values: Floats, as_it_is: Choice) -> FileQuestion | None:
    """Return the question for the unit of values that are of no usual size in that of the sensor."""
    unit, usual = as_it_is.value, float(np.median(np.abs(values)))
    currency = units.currency_in(unit)
    if name == "a price" and currency in STEADY and units.same_kind(unit, f"{currency}/kWh"):
        usual = float(units.convert(np.array([usual]), unit, f"{currency}/kWh")[0])
        likely = (
            [f"{currency}/MWh", {"EUR": "ct/kWh", "GBP": "p/kWh"}.get(currency, "")]
            if usual > DEAR
            else [f"{currency}/kWh"]
        )
        if usual > DEAR or 0 < usual < CHEAP:
            text = f"{says}, and in {unit} a kWh would mostly cost {usual:g} {currency}."
            return FileQuestion("unit", text, [*(Choice(other, "") for other in likely if as_unit(other)), as_it_is])
    if name == "a temperature" and unit in ("°C", "K"):
        warm = units.same_kind(unit, "K") and usual > 200
        other = "K" if warm else "°C"
        if other != unit:
            return FileQuestion("unit", f"{says}; the usual value is {usual:g}.", [Choice(other, ""), as_it_is])
    rises = bool((np.diff(values) >= 0).all())
    if unit in ("kW", "kWh") and not name and not rises and values.max() >= WATTS and (values % 1 == 0).all():
        text = (
            f"The file names no unit, and all values are whole numbers, up to {values.max():,.0f}: most devices that "
        )
        text += f"write so mean {unit[1:]}."
        return FileQuestion("unit", text, [Choice(unit[1:], ""), as_it_is])
    if unit == "°C" and usual > HOT:
        text = f"The file names no unit, and the usual value is {usual:g}; some services write tenths of a degree."
        return FileQuestion("unit", text, [as_it_is])
    return None
