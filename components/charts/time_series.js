// @ts-check
// A stack of charts: it grows as a person comes near its end, and is drawn and saved as one picture.

/**
 * A stack as it is drawn: views of charts with their titles and tops, and the size of the whole, in pixels.
 * @typedef {{charts: {view: any, title: string, top: number}[], width: number, height: number, textColour: string,
 *   background: string}} Stack
 */

const HEADING = 30

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
  let height = 0
  const charts = drawn.map(({view, title}) => {
    const top = height
    height += HEADING + view.bbox.height
    return {view, title, top}
  })
  const width = Math.max(...drawn.map(({view}) => view.bbox.width))
  return {charts, width, height, textColour, background: r + g + b > 380 ? "#121212" : "#ffffff"}
}

/** @param {Stack} stack */
function svg({charts, width, height, textColour, background}) {
  /** @param {string} text */
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;")
  const parts = charts.map(({view, title, top}) =>
    `<text x="8" y="${top + 20}" font-family="sans-serif" font-size="14" fill="${textColour}">${plain(title)}</text>` +
    `<g transform="translate(0 ${top + HEADING})">${view.export("svg").ctx.get_serialized_svg(true)}</g>`)
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
  context.fillStyle = textColour
  context.font = "14px sans-serif"
  for (const {view, title, top} of charts) {
    context.fillText(title, 8, top + 20, width - 16)
    context.drawImage(view.export("png").canvas, 0, top + HEADING, view.bbox.width, view.bbox.height)
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
