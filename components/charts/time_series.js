// @ts-check
// A stack of charts: it grows as a person comes near its end, and is drawn and saved as one picture.

/**
 * A chart as it is drawn: its title, the lines shown, its top and that of its figure, in pixels.
 * @typedef {{view: any, title: string, entries: Entry[], top: number, figureTop: number}} Chart
 * @typedef {{text: string, colour: string, x: number, y: number}} Entry of the legend of a picture
 * @typedef {{charts: Chart[], width: number, height: number, textColour: string, background: string}} Stack
 */

const HEADING = 30, ENTRY = 18, FONT = "12px sans-serif"

/**
 * Save all charts of a stack as one picture; charts that nobody came near may be on their way, for up to five seconds.
 * @param {"png" | "svg" | undefined} kind nothing is saved without one
 * @param {{figures: any[], titles: string[], file: string}} stack
 * @param {any} views of all models of the page
 */
export function savePicture(kind, {figures, titles, file}, views, tries = 100) {
  if (kind === undefined) return
  if (tries > 0 && figures.some((model) => model.properties.inner_width.is_unset)) {
    setTimeout(() => savePicture(kind, {figures, titles, file}, views, tries - 1), 50)
    return
  }
  const drawn = figures.map((model, i) => ({view: views.find_one(model), title: titles[i]}))
    .filter(({view}) => view != null && view.bbox.width > 0)
  if (drawn.length === 0) return
  const stack = stacked(drawn)
  /** @param {Blob | null} blob */
  const keep = (blob) => { if (blob !== null) download(blob, `${file}.${kind}`) }
  if (kind === "svg") keep(new Blob([svg(stack)], {type: "image/svg+xml"}))
  else canvas(stack).toBlob(keep)
}

/**
 * @param {{view: any, title: string}[]} drawn
 * @returns {Stack}
 */
function stacked(drawn) {
  const textColour = getComputedStyle(drawn[0].view.el).color
  const [r, g, b] = (textColour.match(/[\d.]+/g) ?? []).map(Number)
  const width = Math.max(...drawn.map(({view}) => view.bbox.width))
  let height = 0
  const charts = drawn.map(({view, title}) => {
    const top = height, entries = legendEntries(view.model, top + HEADING + 8, width)
    const figureTop = (entries.at(-1)?.y ?? top + HEADING - 10) + 10
    height = figureTop + view.bbox.height
    return {view, title, entries, top, figureTop}
  })
  return {charts, width, height, textColour, background: r + g + b > 380 ? "#121212" : "#ffffff"}
}

/**
 * The lines of a chart that are shown, side by side in as many rows as they need.
 * @param {any} figure
 * @param {number} top of the first row [px]
 * @param {number} width of the picture [px]
 * @returns {Entry[]}
 */
function legendEntries(figure, top, width) {
  const measuring = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"))
  measuring.font = FONT
  let x = 8, y = top
  return figure.renderers.filter((/** @type {any} */ part) => part.visible && part.tags[0]?.label != null)
    .map((/** @type {any} */ part) => {
      const {label, unit, role, source} = part.tags[0]
      const text = `${label} [${unit || "-"}] ${role}${source === "" ? "" : ` by ${source}`}`
      const wide = measuring.measureText(text).width + 40
      if (x > 8 && x + wide > width) { x = 8; y += ENTRY }
      const entry = {text, colour: part.glyph.line_color.value, x, y}
      x += wide
      return entry
    })
}

/** @param {Stack} stack */
function svg({charts, width, height, textColour, background}) {
  /** @param {string} text */
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;")
  /** @param {number} x @param {number} y @param {number} size @param {string} text */
  const word = (x, y, size, text) =>
    `<text x="${x}" y="${y}" font-family="sans-serif" font-size="${size}" fill="${textColour}">${plain(text)}</text>`
  const parts = charts.map(({view, title, entries, top, figureTop}) => word(8, top + 20, 14, title) +
    entries.map(({text, colour, x, y}) =>
      `<rect x="${x}" y="${y - 6}" width="16" height="4" fill="${colour}"/>${word(x + 22, y, 12, text)}`).join("") +
    `<g transform="translate(0 ${figureTop})">${view.export("svg").ctx.get_serialized_svg(true)}</g>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="${width}" height="${height}" fill="${background}"/>${parts.join("")}</svg>`
}

/** @param {Stack} stack */
function canvas({charts, width, height, textColour, background}) {
  const made = document.createElement("canvas"), ratio = window.devicePixelRatio || 1
  made.width = width * ratio
  made.height = height * ratio
  const context = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"))
  context.scale(ratio, ratio)
  context.fillStyle = background
  context.fillRect(0, 0, width, height)
  for (const {view, title, entries, top, figureTop} of charts) {
    context.fillStyle = textColour
    context.font = "14px sans-serif"
    context.fillText(title, 8, top + 20, width - 16)
    context.font = FONT
    for (const {text, colour, x, y} of entries) {
      context.fillStyle = colour
      context.fillRect(x, y - 6, 16, 4)
      context.fillStyle = textColour
      context.fillText(text, x + 22, y)
    }
    context.drawImage(view.export("png").canvas, 0, figureTop, view.bbox.width, view.bbox.height)
  }
  return made
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

/**
 * Ask for more charts, by the tags of their stack, once the last one or the room below it is close to the window.
 *
 * What a person has scrolled past counts as seen: who jumps to the end wants all that comes before it as well. The room
 * is watched for browsers that know no scrollMargin: where a part of the page scrolls, only what is in the window.
 * @param {{stack: any, last: any, room: any}} models
 * @param {any} views of all models of the page
 */
export function askNearEnd({stack, last, room}, views) {
  const [chart, space] = [last, room].map((model) => views.find_one(model)?.el)
  if (chart == null || chart.asks) return
  const margin = "1000000px 0px 150px 0px"
  const options = {rootMargin: margin, scrollMargin: margin}
  chart.asks = new IntersectionObserver((seen) => {
    if (!seen.some((part) => part.isIntersecting)) return
    chart.asks.disconnect()
    stack.tags = [last.id]
  }, options)
  for (const part of [chart, space]) if (part != null) chart.asks.observe(part)
}
