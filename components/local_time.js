// @ts-check
// Clock time of a zone at axes and in hover boxes; moments and durations are in milliseconds, as in Bokeh's time axes.

/**
 * When the offset of a zone from UTC changes, and its offsets before the first change, after it, and so on.
 * @typedef {{moments: number[], offsets: number[]}} Zone
 */

const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")
const DAYS = "Sun Mon Tue Wed Thu Fri Sat".split(" ")

/** @param {number} number */
const twoDigits = (number) => String(number).padStart(2, "0")

/**
 * Offset of a zone from UTC at a moment.
 * @param {number} moment
 * @param {Zone} zone
 */
function offsetAt(moment, {moments, offsets}) {
  let k = 0
  while (k < moments.length && moment >= moments[k]) k++
  return offsets[k]
}

/**
 * The moment at which clocks of a zone show a time, in a list; none where they never do so, or not within the range.
 * @param {number} local
 * @param {{start: number, end: number}} range
 * @param {Zone} zone
 */
function momentsOf(local, {start, end}, zone) {
  const first = local - offsetAt(local, zone)
  const guesses = [...new Set([first, local - offsetAt(first, zone)])]
  const moment = guesses.find((guess) => guess + offsetAt(guess, zone) === local && guess >= start && guess <= end)
  return moment === undefined ? [] : [moment]
}

/**
 * Ticks of a time axis at round clock times of a zone, as many as a width has room for.
 * @param {{start: number, end: number}} range
 * @param {number} width in pixels
 * @param {Zone} zone
 */
export function ticks({start, end}, width, zone) {
  const rough = (end - start) / Math.max(2, Math.floor(width / 85))
  const steps = [1, 2, 5, 10, 15, 30].map((m) => m * MINUTE)
    .concat([1, 2, 3, 6, 12].map((h) => h * HOUR), [1, 2, 7, 14].map((d) => d * DAY))
  const step = steps.find((s) => s >= rough)
  if (step === undefined) return monthTicks({start, end}, rough, zone)
  const found = []
  const origin = step >= 7 * DAY ? 4 * DAY : 0  // weeks begin on Mondays
  let local = Math.floor((start + offsetAt(start, zone) - origin) / step) * step + origin
  for (; local - offsetAt(local, zone) <= end + DAY; local += step) found.push(...momentsOf(local, {start, end}, zone))
  return found
}

/**
 * Ticks at the beginnings of months, of quarters or of years.
 * @param {{start: number, end: number}} range
 * @param {number} rough least distance
 * @param {Zone} zone
 */
function monthTicks({start, end}, rough, zone) {
  const months = [1, 3, 6, 12, 24, 60, 120].find((m) => m * 31 * DAY >= rough * 0.85) || 240
  const first = new Date(start + offsetAt(start, zone))
  const found = []
  let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months
  for (;; month += months) {
    const local = Date.UTC(Math.floor(month / 12), month % 12)
    if (local - offsetAt(local, zone) > end) return found
    found.push(...momentsOf(local, {start, end}, zone))
  }
}

/**
 * Label of a tick: its clock time, or its date where ticks are far apart; the day is written where it begins.
 * @param {number} tick
 * @param {number} index
 * @param {number[]} all ticks of the axis
 * @param {Zone} zone
 */
export function label(tick, index, all, zone) {
  const local = new Date(tick + offsetAt(tick, zone))
  const gap = all.length > 1 ? all[1] - all[0] : 0
  const clock = `${twoDigits(local.getUTCHours())}:${twoDigits(local.getUTCMinutes())}`
  const month = MONTHS[local.getUTCMonth()], year = local.getUTCFullYear()
  const day = `${local.getUTCDate()} ${month}`
  if (gap > 25 * DAY) return `${month} ${year}`
  if (gap > 22 * HOUR) return index === 0 ? `${day}\n${year}` : day
  const dated = `${clock}\n${DAYS[local.getUTCDay()]} ${day}`
  if (clock === "00:00") return dated
  const midnight = all.some((t) => new Date(t + offsetAt(t, zone)).toISOString().endsWith("T00:00:00.000Z"))
  return index === 0 && !midnight ? dated : clock
}
