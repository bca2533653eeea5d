// @ts-check
// One box beside the pointer that tells what all lines of a stack of charts have at its time; times in milliseconds.

/**
 * What is told of a line beside its values. A step of 0: values hold at a moment.
 * @typedef {{label: string, unit: string, role: string, source: string, step: number, band: string}} Line
 * @typedef {{line: Line, colour: string, value: number, low?: number, high?: number, begin: number, end: number,
 *   known: number, thinned: boolean}} Reading
 * @typedef {{here: boolean, readings: Reading[]}} Told readings of a chart, and whether the pointer is over it
 */

/** @param {number} value */
const written = (value) => value.toLocaleString("en", {maximumSignificantDigits: 4})

/**
 * Tell what the lines have at the time under the pointer; once for each picture that the browser draws.
 * @param {any} event move of the pointer over a chart, or a tap
 * @param {{figures: any[], zone: string, style: string}} stack
 * @param {any} views of all models of the page
 */
export function tell(event, {figures, zone, style}, views) {
  const chart = views.find_one(event.origin), box = readoutBox(style)
  cancelAnimationFrame(box.turn)
  box.stays = event.event_name === "tap"
  if (chart != null) box.turn = requestAnimationFrame(() => {
    const charts = figures.map((figure) => ({
      here: figure.id === event.origin.id, readings: readingsAt(figure, event.x),
    })).filter(({readings}) => readings.length > 0)
    box.table.hidden = charts.length === 0
    if (box.table.hidden) return
    fill(box.table, charts, zone)
    place(box.table, chart.el, event)
  })
}

/** Hide the box when the pointer leaves; a finger that is lifted leaves too, but only to let its owner read. */
export function hide() {
  const box = readoutBox()
  if (box.stays) return
  cancelAnimationFrame(box.turn)
  box.table.hidden = true
}

/**
 * The box, which all charts of a window share, the turn in which it is filled, and whether a tap keeps it open.
 * @param {string} style
 * @returns {{table: HTMLTableElement, turn: number, stays: boolean}}
 */
function readoutBox(style = "") {
  const shared = /** @type {any} */ (window)
  if (shared.flexscopeReadout != null) return shared.flexscopeReadout
  const table = document.createElement("table")
  table.className = "flexscope-readout"
  table.hidden = true
  document.head.append(make("style", style))
  document.body.append(table)
  const away = () => { table.hidden = true }
  for (const move of ["wheel", "scroll", "pointerdown"]) addEventListener(move, away, {capture: true, passive: true})
  return shared.flexscopeReadout = {table, turn: 0, stays: false}
}

/**
 * What the lines of a chart that are shown have at a moment; those without a value there are left out.
 * @param {any} figure
 * @param {number} moment
 * @returns {Reading[]}
 */
function readingsAt(figure, moment) {
  return figure.renderers.filter((/** @type {any} */ part) => part.visible && part.tags[0]?.label != null)
    .flatMap((/** @type {any} */ part) => {
      const line = part.tags[0], {data, tags} = part.data_source
      const reading = valueAt(data, line, moment, tags.includes("thinned"))
      return reading == null ? [] : [{...reading, line, colour: part.glyph.line_color.value}]
    })
}

/**
 * The value of a line at a moment: that of the step around it, or of the nearest instant.
 * @param {any} data columns of the line
 * @param {Line} line
 * @param {number} moment
 * @param {boolean} thinned whether each point stands for many values
 */
function valueAt({x, y, low, high, known}, {step, band}, moment, thinned) {
  let first = 0, after = x.length  // the first point after the moment lies between
  while (first < after) {
    const middle = (first + after) >> 1
    if (x[middle] <= moment) first = middle + 1
    else after = middle
  }
  const instants = step === 0 && !thinned
  const follows = instants && first < x.length && (first === 0 || x[first] - moment < moment - x[first - 1])
  const i = follows ? first : first - 1
  if (i < 0 || (!instants && i === x.length - 1) || Number.isNaN(y[i])) return null
  const end = instants ? x[i] : thinned ? x[i + 1] : x[i] + step
  const edges = low != null && (thinned || band !== "") ? {low: low[i], high: high[i]} : {}
  return {value: y[i], begin: x[i], end, known: known[i], thinned, ...edges}
}

/**
 * @param {HTMLTableElement} table
 * @param {Told[]} charts
 * @param {string} zone
 */
function fill(table, charts, zone) {
  const parts = /** @type {const} */ ({hour: "2-digit", minute: "2-digit", hourCycle: "h23"})
  /** @param {Intl.DateTimeFormatOptions} options */
  const format = (options) => new Intl.DateTimeFormat("en-GB", {timeZone: zone, ...options})
  const date = /** @type {const} */ ({day: "numeric", month: "short"})
  const day = format({...date, weekday: "short", year: "numeric"}), recorded = format({...parts, ...date})
  const clock = format(parts), zoned = format({...parts, timeZoneName: "short"})
  const {begin, end} = (charts.find(({here}) => here) ?? charts[0]).readings[0]
  const last = day.format(Math.max(begin, end - 1)), later = last === day.format(begin) ? "" : `${last}, `
  const from = end > begin ? `${clock.format(begin)} to ${later}` : ""
  const head = make("th", `${day.format(begin)}, ${from}${zoned.format(end)}`)
  table.replaceChildren()
  table.createTHead().insertRow().append(Object.assign(head, {colSpan: 2}))
  for (const {here, readings} of charts) for (const {line, colour, ...at} of readings) {
    const row = table.insertRow(), name = row.insertCell(), mark = make("i")
    const ahead = Math.round((at.begin - at.known) / 360e3) / 10
    row.className = here ? "" : "other"
    mark.style.background = colour
    const since = here && at.known > -1e15 && !at.thinned ? `, recorded ${recorded.format(at.known)}` : ""
    const early = since !== "" && ahead > 0 ? `, ${written(ahead)} h ahead` : ""
    const origin = here && line.source !== "" ? ` by ${line.source}` : ""
    name.append(mark, line.label, make(here ? "div" : "small", `${line.role}${origin}${since}${early}`))
    const spread = at.low == null || at.high == null ? "" : ` (${written(at.low)} to ${written(at.high)})`
    const value = `${at.thinned ? "mean " : ""}${written(at.value)}${spread}`
    row.insertCell().textContent = `${value} ${line.unit.replace(/^-$/, "")}`
  }
}

/** @type {(tag: string, text?: string) => any} */
const make = (tag, text = "") => Object.assign(document.createElement(tag), {textContent: text})

/**
 * Put the box beside the pointer, on the side where there is room, in the colours of the chart.
 * @param {HTMLElement} box
 * @param {HTMLElement} chart
 * @param {{sx: number, sy: number}} pointer
 */
function place(box, chart, {sx, sy}) {
  const colour = getComputedStyle(chart).color, bounds = chart.getBoundingClientRect()
  const [r, g, b] = (colour.match(/[\d.]+/g) ?? []).map(Number)
  Object.assign(box.style, {color: colour, background: r + g + b > 380 ? "#1e1e1ef2" : "#fffffff2"})
  const {width, height} = box.getBoundingClientRect(), x = bounds.left + sx, y = bounds.top + sy
  box.style.left = `${Math.max(4, x + 18 + width > innerWidth ? x - 18 - width : x + 18)}px`
  box.style.top = `${Math.max(4, Math.min(y + 12, innerHeight - height - 8))}px`
}
