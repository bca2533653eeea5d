"""The grammar of texts of times: where the digits of year, month, day, clock and offset stand in texts of a shape."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

Span: TypeAlias = tuple[int, int]
"""From one position in a text to before another."""

MONTHS = {
    name: 1 + place
    for place, names in enumerate(
        (
            "jan january januar januari janvier enero gennaio janv",
            "feb february februar februari février fév fevrier febrero",
            "mar march mär märz maart mars marzo mrz mrt",
            "apr april avril abril aprile avr abr",
            "may mai mei maggio mayo",
            "jun june juni juin junio giugno",
            "jul july juli juillet julio luglio juil",
            "aug august augustus août aout agosto",
            "sep september septembre septiembre settembre sept",
            "oct october oktober octobre octubre ottobre okt",
            "nov november novembre noviembre",
            "dec december dezember décembre diciembre dicembre dez déc",
        )
    )
    for name in names.split()
}
ZONES = {
    **dict.fromkeys(("z", "utc", "gmt", "wet"), 0),
    **dict.fromkeys(("cet", "mez", "bst", "west", "wat"), 60),
    **dict.fromkeys(("cest", "mesz", "eet"), 120),
    **dict.fromkeys(("eest", "msk"), 180),
    "est": -300,
    "edt": -240,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
}
"""Words of zones and how far their clocks are ahead of UTC [min]; CST is left out, as China and Chicago both use it."""
SEPARATORS = (" - ", "\u00a0-\u00a0", " – ", " — ", " to ", " bis ", " tot ", " à ", "/", "–", "-")
"""What stands between the two times of an interval."""
WEEKDAY = r"(?:[^\W\d_]{2,10}[.,]?\s+)?"
NAME = r"(?P<name>[^\W\d_]{3,10})\.?"
WEEK = r"(?i:KW|CW|W|wk|week|semaine|sem|uge)"
QUARTER = r"(?i:Q|T|quarter|quartal|quartaal|kwartaal|trimestre|trim|kvartal)"
"""Of a year, as words or a letter."""
DATES = [
    re.compile(WEEKDAY + pattern)
    for pattern in (
        r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)",
        r"(?P<a>\d{1,2})(?P<sign>[-/.])(?P<b>\d{1,2})(?P=sign)(?P<y>\d{4}|\d\d)(?!\d)",
        r"(?P<d>\d{1,2})[-/. ]*" + NAME + r"[-/., ]*(?P<y>\d{4}|\d\d)(?!\d)",
        NAME + r"[-/. ]*(?P<d>\d{1,2})(?:st|nd|rd|th)?,?[-/ ]+(?P<y>\d{4})(?!\d)",
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?!\d)(?![.,]\d)",
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?=\d{4}(?:\d\d)?$)",
        rf"(?P<y>\d{{4}})[-/. ]?{WEEK}[ .]*(?P<w>\d\d?)(?:-(?P<v>[0-7]))?(?![-\d])",
        rf"{WEEK}[ .]*(?P<w>\d\d?)[ /.-]+(?P<y>\d{{4}})$",
        rf"(?P<y>\d{{4}})[-/. ]?{QUARTER}[ .]*(?P<q>\d)$",
        rf"{QUARTER}[ .]*(?P<q>\d)[ /.-]+(?P<y>\d{{4}})$",
        rf"(?P<q>\d)(?:st|nd|rd|th|er|e|\.)?[ -]*{QUARTER}[ /.-]*(?P<y>\d{{4}})$",
        r"(?P<y>\d{4})-(?P<j>\d{3})(?![-\d])",
        r"(?P<y>\d{4})[-/](?P<m>\d\d)(?![-/\d])",
        r"year (?P<y>\d{4})$",
        r"(?P<m>\d\d)/(?P<y>\d{4})$",
        NAME + r"[-/ ]*(?P<y>\d{4})$",
    )
]
CLOCK = re.compile(
    r"(?P<H>\d{1,2})(?P<mark>[ABab])?(?:(?P<sep>[:h.])(?P<M>\d\d)(?:[:.](?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)?)"
    r"(?P<late>[AB])?(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
COMPACT = re.compile(r"(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)?(?:\.(?P<f>\d{1,9}))?|(?P<H2>\d{1,2})(?=$|\s|Z)")
HOUR = re.compile(r"(?P<H>\d{1,2})(?:(?P<mark>[ABab])(?![Mm])|\s?(?P<half>[AaPp])\.?[Mm]\.?)")
"""An hour alone, such as 3A or 5 PM."""
ZONE = re.compile(
    r"\s*(?:(?P<sign>[+\-\u2212])(?P<oh>\d\d)(?::?(?P<om>\d\d)(?::\d\d)?)?"
    r"|\(?(?:UTC|GMT)(?P<sign2>[+-])(?P<oh2>\d{1,2})(?::?(?P<om2>\d\d))?\)?"
    r"|[(\[]?(?P<word>[A-Za-z]{1,4}(?:/[A-Za-z]{2,4})?)[)\]]?)\s*$"
)
GAP = re.compile(r"\s*[T_,:]?\s*")
"""Between a day and its time."""
WORDS = {"sign", "name"}
"""Parts of a date that are no digits."""
EPOCHS = {10: 1_000_000, 13: 1_000, 16: 1, 19: 1}
"""Digits of a count since 1970 UTC, and how many microseconds one is; of 19 digits, nanoseconds, the first 16 count."""
CALENDAR = 10
"""Digits of a count of seconds that may as well be a day and an hour, such as 2026051113."""
SERIAL = re.compile(r"\d{10}\.\d{1,6}")


@dataclass(frozen=True)
class TimeForm:
    """Where the parts of a time stand in every text of one shape; what is None is not written."""

    spans: Mapping[str, Span]
    """Of year y, month m, day d; of week w and its day v; of quarter q, day of the year j; of a and b, if either may be
    the day; of H, M, S, fraction f; of offset oh, om."""
    month: int | None = None
    """Written as a word."""
    offset: int | None = None
    """Of a zone written as a word [min]."""
    sign: int = 1
    """Of the offset in digits."""
    fold: int | None = None
    """0 before, 1 after the clocks are put back, for a mark such as 2A or 2B."""
    half: int | None = None
    """Hours that AM (0) or PM (12) adds."""
    epoch: int | None = None
    """Microseconds of one count of a plain number."""

    @property
    def has_date(self) -> bool:
        """Whether it says the day."""
        return "y" in self.spans or self.epoch is not None

    @property
    def period(self) -> str:
        """What it names if that is longer than a day: weeks, months, quarters or years; else nothing."""
        if "y" not in self.spans or self.has_clock or self.spans.keys() & {"d", "v", "j", "a"}:
            return ""
        named = {"w": "weeks", "q": "quarters", "m": "months"}
        is_month = self.month is not None
        return next((word for part, word in named.items() if part in self.spans), "months" if is_month else "years")

    @property
    def has_clock(self) -> bool:
        """Whether it says the time of day."""
        return "H" in self.spans or self.epoch is not None

    @property
    def is_aware(self) -> bool:
        """Whether it says how far its clock is off UTC."""
        return "oh" in self.spans or self.offset is not None or self.epoch is not None


@lru_cache(maxsize=4096)
def time_form(shape: str) -> TimeForm | None:
    """Where the parts of a date, a moment or a time of day stand in texts of a shape; None if it is none of them."""
    begin = len(shape) - len(shape.lstrip())
    shape = shape.rstrip()
    text = shape[begin:]
    if text.isdecimal() and len(text) in EPOCHS:
        return TimeForm({"epoch": (begin, begin + min(len(text), 16))}, epoch=EPOCHS[len(text)])
    if SERIAL.fullmatch(text):
        return TimeForm({"epoch": (begin, begin + 10), "f": (begin + 11, len(shape))}, epoch=1_000_000)
    for form in _forms(shape, begin):
        return form
    return None


def _forms(shape: str, begin: int) -> Iterator[TimeForm]:
    for pattern in DATES:
        found = pattern.match(shape, begin)
        if found is None:
            continue
        parts = {name: found.span(name) for name, text in found.groupdict().items() if text and name not in WORDS}
        month = MONTHS.get(found.groupdict().get("name", "").lower())
        if "name" in found.groupdict() and month is None:
            continue
        if found.end() == len(shape):
            yield TimeForm(parts, month=month)
            continue
        gap = GAP.match(shape, found.end())
        at = gap.end() if gap else found.end()
        for clock in (CLOCK, HOUR, COMPACT):
            form = _with_clock(shape, clock.match(shape, at), parts, month)
            if form is not None:
                yield form
    clock_only = CLOCK.match(shape, begin)
    # Of 12.30 alone nothing tells that it is a time.
    if clock_only and clock_only["sep"] in (":", "h"):
        form = _with_clock(shape, clock_only, {}, None)
        if form is not None and not form.is_aware:
            yield form


def _with_clock(
    shape: str, clock: re.Match[str] | None, parts: Mapping[str, Span], month: int | None
) -> TimeForm | None:
    """Return the form with the time of day and the zone behind it; None if more follows that is no zone."""
    if clock is None:
        return None
    named = clock.groupdict()
    spans = dict(parts) | {name[0]: clock.span(name) for name in named if name[0] in "HMSf" and named[name]}
    mark = (named.get("mark") or named.get("late") or "").upper()
    form: dict[str, Any] = {"month": month, "fold": "AB".index(mark) if mark else None}
    half = named.get("half")
    form["half"] = None if not half else 12 if half in "pP" else 0
    if clock.end() == len(shape):
        return TimeForm(spans, **form)
    zone = ZONE.match(shape, clock.end())
    if zone is None:
        return None
    if zone["word"]:
        words = zone["word"].lower().split("/")
        if len(words) == 2 and all(word in ZONES for word in words):
            return TimeForm(spans, **form)  # CET/CEST: as the clock shows it
        if words == ["dst"]:
            return TimeForm(spans, **form | {"fold": 0})  # as FusionSolar marks summer time
        offset = ZONES.get(zone["word"].lower())
        return None if offset is None else TimeForm(spans, **form, offset=offset)
    suffix = "2" if zone["oh2"] else ""
    spans["oh"] = zone.span(f"oh{suffix}")
    if zone[f"om{suffix}"]:
        spans["om"] = zone.span(f"om{suffix}")
    return TimeForm(spans, **form, sign=1 if zone[f"sign{suffix}"] == "+" else -1)


@lru_cache(maxsize=4096)
def interval_forms(shape: str) -> tuple[TimeForm, TimeForm, int] | None:
    """Forms of both times in a text such as ``11/05/2026 00:00 - 11/05/2026 00:15``, and where the second one begins.

    The second may be a time of day alone: its day is that of the first one.
    """
    for separator in SEPARATORS:
        first, found, second = shape.partition(separator)
        if not found or separator in second:
            continue
        both = (_hour_form(first) or time_form(first)), (_hour_form(second) or time_form(second))
        if both[0] is not None and both[1] is not None and both[0].has_date >= both[1].has_date:
            return both[0], both[1], len(first) + len(separator)
    return None


def _hour_form(shape: str) -> TimeForm | None:
    """Return the form of a bare hour of two digits, as in ``00 - 01``."""
    return TimeForm({"H": (0, 2)}) if shape == "00" else None


def calendar_form(form: TimeForm) -> TimeForm | None:
    """Return the form of days with an hour, of as many digits as a count has; None if that has more or fewer."""
    begin, end = form.spans.get("epoch", (0, 0))
    if end - begin != CALENDAR or "f" in form.spans:
        return None
    cuts = {"y": (0, 4), "m": (4, 6), "d": (6, 8), "H": (8, 10)}
    return TimeForm({name: (begin + first, begin + last) for name, (first, last) in cuts.items()})


@lru_cache(maxsize=4096)
def shape_of(text: str) -> str:
    """Return a text with every digit as 0."""
    return re.sub(r"[0-9]", "0", text)


def is_time(text: str) -> bool:
    """Return whether a text is a date with or without a time of day, a count since 1970, or an interval of those.

    >>> [is_time(text) for text in ("2026-05-11 00:00:00+02", "11.05.2026", "1.250", "Summe")]
    [True, True, False, False]
    """
    shape = shape_of(text[:90].strip())
    form = time_form(shape)
    if form is not None and form.has_date:
        return True
    both = interval_forms(shape)
    return both is not None and both[0].has_date


def is_clock(text: str) -> bool:
    """Return whether a text is a time of day, or an interval of two."""
    shape = shape_of(text[:90].strip())
    form = time_form(shape)
    if form is not None:
        return not form.has_date
    both = interval_forms(shape)
    return both is not None and not both[0].has_date
