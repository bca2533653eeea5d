"""Clock time of a zone on axes and in hover boxes, correct on the days the clocks change.

Bokeh draws moments in UTC. The data stay in UTC here as well; the browser turns them into clock time with the list of
the zone's clock changes, which is sent along.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

from bokeh.models import CustomJSTicker, CustomJSTickFormatter, Plot

from components.scripts import Script
from engine.series.iso_time import MICROSECOND, from_us, to_us, zone

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
MILLISECOND = 1000
"""Microseconds of one millisecond, the unit of Bokeh's time axes."""
SCRIPT = Script(__file__)
WIDTH = "plot.properties.inner_width.is_unset ? 600 : plot.inner_width"
ZONE = "{moments, offsets}"


@cache
def changes(name: str) -> list[tuple[int, int]]:
    """Clock changes of a zone, as (moment, offset from UTC from then on) in microseconds.

    The first entry is the offset before the year 2000.
    """
    local = zone(name)

    def offset(moment: datetime) -> int:
        return (moment.astimezone(local).utcoffset() or timedelta()) // MICROSECOND

    changed = [(to_us(FIRST), offset(FIRST))]
    day = FIRST
    while day < LAST:
        following = day + timedelta(days=7)
        if offset(day) != offset(following):
            low, high = to_us(day), to_us(following)
            while high - low > 60_000_000:  # to the minute: no clock changes at a fraction of one
                middle = (low + high) // 2
                low, high = (low, middle) if offset(from_us(middle)) != offset(day) else (middle, high)
            changed.append((high - high % 60_000_000, offset(from_us(high))))
        day = following
    return changed


def changes_between(name: str, start_us: int, end_us: int) -> list[int]:
    """Moments within a time range at which clocks of a zone change [microseconds since 1970 UTC]."""
    return [moment for moment, _ in changes(name)[1:] if start_us < moment < end_us]


def _args(name: str) -> dict[str, list[float]]:
    moments, offsets = zip(*changes(name), strict=True)
    return {"moments": [m / MILLISECOND for m in moments[1:]], "offsets": [o / MILLISECOND for o in offsets]}


def ticker(name: str, plot: Plot) -> CustomJSTicker:
    """Ticks of a time axis: round clock times of a zone, as many as the plot has room for."""
    code = SCRIPT.call("ticks", "cb_data", WIDTH, ZONE)
    return CustomJSTicker(major_code=code, args={**_args(name), "plot": plot})


def formatter(name: str) -> CustomJSTickFormatter:
    """Labels of a time axis in the clock time of a zone."""
    return CustomJSTickFormatter(code=SCRIPT.call("label", "tick", "index", "ticks", ZONE), args=_args(name))
