// @ts-check
// What a document of charts is filled with: values, figures of what is in view, colours.

/**
 * @typedef {{columns: Record<string, number>, thinned: boolean}} Line
 * @typedef {{axis: [number, number] | null, figures: string[], empty: string, lines: Line[]}} Chart
 * @typedef {{problem?: string, digest: string, document?: string, charts: Chart[], changes: any, annotations: any[],
 *   list: string, arrays: (Float64Array | Float32Array)[]}} Answer
 */

const SPARSE = 900  // points up to which a line is bold and in its stroke; closer ones leave room for neither
const STROKES = {forecast: [6], setting: [2, 4]}

/**
 * Read an answer: the length of its head, the head as JSON, and arrays of numbers.
 * @param {ArrayBuffer} buffer
 * @returns {Answer}
 */
export function unpacked(buffer) {
  const size = new DataView(buffer).getUint32(0, true)
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)))
  /** @param {[number, number, number]} place */
  const array = ([at, length, bytes]) => new (bytes === 8 ? Float64Array : Float32Array)(buffer, 4 + size + at, length)
  return {...head, arrays: head.arrays.map(array)}
}

/**
 * Columns of a line as its document has them; those that repeat others are not sent.
 * @param {Line} line
 * @param {(Float64Array | Float32Array)[]} arrays
 */
function columnsOf({columns}, arrays) {
  const [x, y, lead, low, high] = ["x", "y", "lead", "low", "high"].map((name) => arrays[columns[name]])
  const known = new Float64Array(x.length).fill(NaN)
  if (lead != null) for (let at = 0; at < x.length; at++) known[at] = x[at] - 1000 * lead[at]
  return {x, y, low: low ?? y, high: high ?? y, known, top: y.map((value) => Number.isNaN(value) ? 0 : value)}
}

/**
 * Put the values of an answer into a document.
 * @param {any} document of Bokeh
 * @param {Answer} answer
 */
export function fill(document, {charts, arrays, changes}) {
  document.get_model_by_name("changes").data = changes
  charts.forEach((chart, at) => {
    const figure = document.get_model_by_name(`figure ${at}`)
    if (chart.axis != null) {
      const [start, end] = chart.axis
      figure.y_range.setv({start, end, reset_start: start, reset_end: end})
    }
    const glyphs = figure.renderers.filter((/** @type {any} */ part) => part.tags[0]?.label != null)
    chart.lines.forEach((line, number) => {
      const source = document.get_model_by_name(`line ${at} ${number}`), {glyph, tags} = glyphs[number]
      const columns = columnsOf(line, arrays), sparse = columns.x.length <= SPARSE
      source.tags = line.thinned ? ["thinned"] : []
      source.data = columns
      const stroke = (sparse && /** @type {any} */ (STROKES)[tags[0].role]) || []
      glyph.setv({line_width: {value: sparse ? 2 : 1}, line_dash: {value: stroke}})
    })
  })
}

/**
 * Write what is in view of each line beside its name, and what to do where there is nothing.
 * @param {any} document of Bokeh
 * @param {any} views of its models
 * @param {Answer} answer
 */
export function describe(document, views, {charts}) {
  charts.forEach((chart, at) => {
    const heading = views.find_one(document.get_model_by_name(`heading ${at}`))?.shadow_el
    if (heading == null) return
    for (const place of heading.querySelectorAll("[data-of]")) place.textContent = chart.figures[place.dataset.of]
    heading.querySelector("[role=status]").textContent = chart.figures.some(Boolean) ? "" : chart.empty
  })
}

/** Figures of a document, from top to bottom. @param {any} document of Bokeh */
const figures = (document) => {
  const all = []
  for (let figure; (figure = document.get_model_by_name(`figure ${all.length}`)) != null;) all.push(figure)
  return all
}

/**
 * Draw in the colours of the page, which may be light or dark.
 * @param {any} document of Bokeh
 * @param {HTMLElement} host
 * @param {any[]} annotations columns of the bands, light and dark
 */
export function colour(document, host, annotations) {
  const dark = host.ownerDocument.documentElement.dataset.theme === "dark", text = getComputedStyle(host).color
  const soft = dark ? "#4a525b" : "#c3cad1", faint = dark ? "#2b3137" : "#e5e9ed"
  document.get_model_by_name("annotations").data = annotations[Number(dark)]
  for (const figure of figures(document)) {
    figure.setv({background_fill_color: null, border_fill_color: null, outline_line_color: faint})
    for (const axis of [...figure.below, ...figure.left])
      axis.setv({axis_label_text_color: text, major_label_text_color: text, axis_line_color: soft,
        major_tick_line_color: soft, minor_tick_line_color: null})
    for (const grid of figure.center) if (grid.type === "Grid") grid.grid_line_color = faint
    const lines = figure.renderers.filter((/** @type {any} */ part) => part.tags[0]?.label != null)
    for (const {tags, data_source} of lines) {
      const value = tags[0].colours[Number(dark)]
      for (const {glyph} of figure.renderers.filter((/** @type {any} */ one) => one.data_source === data_source)) {
        if (glyph.type === "Line") glyph.line_color = {value}
        else glyph.fill_color = {value}
      }
    }
  }
}
