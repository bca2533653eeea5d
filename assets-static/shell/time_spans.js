// @ts-check
// Time ranges in hours, days, months and years of a zone. Moments are in milliseconds since 1970 UTC; times on the
// clock of a zone are so as well, as if that clock showed UTC.

/** @typedef {[number, number]} Span first moment, and the one after the last */

const HOUR = 3600e3, DAY = 24 * HOUR
/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map()

/**
 * What the clock of a zone shows at a moment.
 * @param {number} moment
 * @param {string} zone
 */
export function onClock(moment, zone) {
  if (!clocks.has(zone)) clocks.set(zone, new Intl.DateTimeFormat("en", {timeZone: zone, hourCycle: "h23",
    year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric"}))
  const parts = /** @type {Intl.DateTimeFormat} */ (clocks.get(zone)).formatToParts(moment)
  /** @param {string} name */
  const of = (name) => Number(parts.find(({type}) => type === name)?.value)
  const seconds = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"))
  return seconds + ((moment % 1000) + 1000) % 1000
}

/**
 * The moment at which the clock of a zone shows a time: the first of two, or that time later where it is left out.
 * @param {number} local
 * @param {string} zone
 */
export function momentOf(local, zone) {
  const guesses = [local - DAY, local + DAY].map((near) => local - (onClock(near, zone) - near))
  return guesses.find((guess) => onClock(guess, zone) === local) ?? guesses[0]
}

/** @param {number} local */
const midnight = (local) => Math.floor(local / DAY) * DAY
/** First of the month that lies some months after that of a time on the clock. @param {number} local */
const month = (local, later = 0) => Date.UTC(new Date(local).getUTCFullYear(), new Date(local).getUTCMonth() + later)
/** @param {number} local */
const isMonth = (local) => local === month(local)

/** @type {Record<string, (local: number) => Span>} name of a time range → where it lies, on the clock */
const NAMED = {
  today: (local) => [midnight(local), midnight(local) + DAY],
  "two-days": (local) => [midnight(local), midnight(local) + 2 * DAY],
  yesterday: (local) => [midnight(local) - DAY, midnight(local)],
  "last-7-days": (local) => [midnight(local) - 6 * DAY, midnight(local) + DAY],
  "this-month": (local) => [month(local), month(local, 1)],
  "this-year": (local) => [0, 1].map((later) => Date.UTC(new Date(local).getUTCFullYear() + later, 0)),
}

/**
 * A time range by its name, as it lies now.
 * @param {string} name
 * @param {number} now
 * @param {string} zone
 * @returns {Span}
 */
export function namedSpan(name, now, zone) {
  if (name !== "next-24-h") {
    const [start, end] = NAMED[name](onClock(now, zone))
    return [momentOf(start, zone), momentOf(end, zone)]
  }
  const hour = Math.floor(now / HOUR) * HOUR  // hours that pass: by the clock there may be 23 or 25
  return [hour, hour + 24 * HOUR]
}

/**
 * The time range before (-1) or after (1) one: months after whole months, days after whole days, else as long a time.
 * @param {Span} span
 * @param {number} way
 * @param {string} zone
 * @returns {Span}
 */
export function nextSpan([start, end], way, zone) {
  const first = onClock(start, zone), last = onClock(end, zone)
  if (isMonth(first) && isMonth(last)) {
    const [from, to] = [first, last].map((local) => new Date(local))
    const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth()
    return [momentOf(month(first, way * months), zone), momentOf(month(last, way * months), zone)]
  }
  if (midnight(first) === first && midnight(last) === last) {
    const days = way * (last - first)
    return [momentOf(first + days, zone), momentOf(last + days, zone)]
  }
  return [start + way * (end - start), end + way * (end - start)]
}

/**
 * A moment as ISO 8601 with the offset of a zone, for addresses.
 * @param {number} moment
 * @param {string} zone
 */
export function isoText(moment, zone) {
  const minute = Math.round(moment / 60e3) * 60e3, local = onClock(minute, zone)
  const ahead = Math.round((local - minute) / 60e3), apart = Math.abs(ahead)
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0")
  const offset = `${ahead < 0 ? "-" : "+"}${two(Math.floor(apart / 60))}:${two(apart % 60)}`
  return new Date(local).toISOString().slice(0, 19) + offset
}

/**
 * A time range as people write it: whole days by their dates alone.
 * @param {Span} span
 * @param {string} zone
 * @param {string} language
 */
export function spanText([start, end], zone, language) {
  const first = onClock(start, zone), last = onClock(end, zone)
  /** @param {Intl.DateTimeFormatOptions} parts */
  const format = (parts) => new Intl.DateTimeFormat(language, {timeZone: "UTC", ...parts})
  if (isMonth(first) && last === month(first, 1)) return format({month: "long", year: "numeric"}).format(first)
  if (isMonth(first) && last === month(first, 12) && new Date(first).getUTCMonth() === 0)
    return String(new Date(first).getUTCFullYear())
  const date = /** @type {const} */ ({weekday: "short", day: "numeric", month: "short", year: "numeric"})
  if (midnight(first) === first && midnight(last) === last)
    return last - first === DAY ? format(date).format(first) : format(date).formatRange(first, last - DAY)
  const clock = /** @type {const} */ ({hour: "2-digit", minute: "2-digit", hourCycle: "h23"})
  return format({...date, ...clock}).formatRange(first, last)
}

/**
 * Moments within a time range at which the clock of a zone changes, to the hour.
 * @param {Span} span
 * @param {string} zone
 */
export function clockChanges([start, end], zone) {
  /** @param {number} moment */
  const offset = (moment) => onClock(moment, zone) - moment
  const changes = []
  const days = Math.min((end - start) / DAY, 800)
  for (let day = 0; day < days; day++) {
    const from = start + day * DAY, to = Math.min(from + DAY, end)
    if (offset(from) === offset(to)) continue
    let [low, high] = [from, to]
    while (high - low > 60e3) {
      const middle = (low + high) / 2
      if (offset(middle) === offset(low)) low = middle
      else high = middle
    }
    changes.push(Math.round(high / 60e3) * 60e3)
  }
  return changes
}
