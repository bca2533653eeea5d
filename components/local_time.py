"""Clock time of a zone on axes and in hover boxes, true on the days the clocks change.

Bokeh draws moments in UTC. The data stay in UTC here as well; what turns them into clock time is the list of the
zone's clock changes, sent along to the browser.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

from bokeh.models import CustomJSHover, CustomJSTicker, CustomJSTickFormatter, Plot

from engine.iso_time import MICROSECOND, from_us, to_us, zone

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
MILLISECOND = 1000
"""Microseconds of one millisecond, the unit of Bokeh's time axes."""


@cache
def changes(name: str) -> list[tuple[int, int]]:
    """Return when a zone's offset from UTC changed or will, as (moment, offset from then on) in microseconds.

    The first entry is the offset before the year 2000.
    """
    local = zone(name)

    def offset(moment: datetime) -> int:
        return (moment.astimezone(local).utcoffset() or timedelta()) // MICROSECOND

    found = [(to_us(FIRST), offset(FIRST))]
    day = FIRST
    while day < LAST:
        following = day + timedelta(days=7)
        if offset(day) != offset(following):
            low, high = to_us(day), to_us(following)
            while high - low > 60_000_000:
                middle = (low + high) // 2
                low, high = (low, middle) if offset(from_us(middle)) != offset(day) else (middle, high)
            found.append((high - high % 60_000_000, offset(from_us(high))))
        day = following
    return found


def changes_between(name: str, start_us: int, end_us: int) -> list[int]:
    """Return the moments within a span at which clocks of a zone change [microseconds since 1970 UTC]."""
    return [moment for moment, _ in changes(name)[1:] if start_us < moment < end_us]


def _args(name: str) -> dict[str, list[float]]:
    moments, offsets = zip(*changes(name), strict=True)
    return {"moments": [m / MILLISECOND for m in moments[1:]], "offsets": [o / MILLISECOND for o in offsets]}


OFFSET = """
function offset(t) { let k = 0; while (k < moments.length && t >= moments[k]) k++; return offsets[k] }
"""

TICKS = (
    OFFSET
    + """
const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR
const {start, end} = cb_data
const width = plot.properties.inner_width.is_unset ? 600 : plot.inner_width
const wanted = Math.max(2, Math.floor(width / 85))
const rough = (end - start) / wanted
const steps = [1, 2, 5, 10, 15, 30].map((m) => m * MINUTE).concat([1, 2, 3, 6, 12].map((h) => h * HOUR),
                                                                   [1, 2, 7, 14].map((d) => d * DAY))
const step = steps.find((s) => s >= rough)
const found = []
function add(local) {
  for (const guess of new Set([local - offset(local), local - offset(local - offset(local))])) {
    if (guess + offset(guess) === local && guess >= start && guess <= end) { found.push(guess); return }
  }
}
if (step !== undefined) {
  const origin = step >= 7 * DAY ? 4 * DAY : 0
  let local = Math.floor((start + offset(start) - origin) / step) * step + origin
  for (; local - offset(local) <= end + DAY; local += step) add(local)
} else {
  const months = [1, 3, 6, 12, 24, 60, 120].find((m) => m * 30 * DAY >= rough) || 240
  const first = new Date(start + offset(start))
  let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months
  for (;; month += months) {
    const local = Date.UTC(Math.floor(month / 12), month % 12)
    if (local - offset(local) > end) break
    add(local)
  }
}
return found
"""
)

LABEL = (
    OFFSET
    + """
const local = new Date(tick + offset(tick))
const two = (n) => String(n).padStart(2, "0")
const names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")
const days = "Sun Mon Tue Wed Thu Fri Sat".split(" ")
const gap = ticks.length > 1 ? ticks[1] - ticks[0] : 0
const clock = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`
const day = `${local.getUTCDate()} ${names[local.getUTCMonth()]}`
if (gap > 25 * 864e5) return `${names[local.getUTCMonth()]} ${local.getUTCFullYear()}`
if (gap > 22 * 36e5) return index === 0 ? `${day}\\n${local.getUTCFullYear()}` : day
const dated = `${days[local.getUTCDay()]} ${day}`
if (clock === "00:00") return `${clock}\\n${dated}`
const midnight = ticks.some((t) => new Date(t + offset(t)).toISOString().endsWith("T00:00:00.000Z"))
return index === 0 && !midnight ? `${clock}\\n${dated}` : clock
"""
)

HOVER = (
    OFFSET
    + """
if (!(value > -1e15)) return "not recorded"
const text = new Date(value + offset(value)).toISOString()
const minutes = offset(value) / 60e3, whole = Math.abs(minutes)
const two = (n) => String(n).padStart(2, "0")
const zone = `${minutes < 0 ? "-" : "+"}${two(Math.floor(whole / 60))}:${two(whole % 60)}`
return `${text.slice(0, 10)} ${text.slice(11, 16)} ${zone}`
"""
)


def ticker(name: str, plot: Plot) -> CustomJSTicker:
    """Return the ticks of a time axis: round clock times of a zone, as many as the plot has room for."""
    return CustomJSTicker(major_code=TICKS, args={**_args(name), "plot": plot})


def formatter(name: str) -> CustomJSTickFormatter:
    """Return the labels of a time axis in the clock time of a zone."""
    return CustomJSTickFormatter(code=LABEL, args=_args(name))


def hover(name: str) -> CustomJSHover:
    """Return what writes a moment in a hover box, in the clock time of a zone with its offset."""
    return CustomJSHover(code=HOVER, args=_args(name))
