// @ts-check
// Clock times and days of a heatmap; moments and lengths are in milliseconds on the clock of its zone.

/** @param {number} moment */
const isoText = (moment) => new Date(moment).toISOString()

/**
 * Day at which a row begins; none above the first.
 * @param {number} row
 * @param {number} first moment at which the first row begins
 * @param {number} length of a row
 */
export function rowLabel(row, first, length) {
  return row < 0 ? "" : isoText(first + Math.floor(row) * length).slice(0, 10)
}

/** @param {number} hour */
export function clockLabel(hour) {
  return `${String(hour).padStart(2, "0")}:00`
}

/** @param {number} hour of the week */
export function weekdayLabel(hour) {
  return "Mon Tue Wed Thu Fri Sat Sun".split(" ")[hour / 24] ?? ""
}

/**
 * Clock time under the pointer, to the minute.
 * @param {{x: number, y: number}} pointer hour and row
 * @param {number} first moment at which the first row begins
 * @param {number} length of a row
 */
export function clockTime({x, y}, first, length) {
  const moment = first + Math.floor(y) * length + x * 36e5
  return isoText(Math.floor(moment / 6e4) * 6e4).slice(0, 16).replace("T", " ")
}
