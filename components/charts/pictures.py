"""All charts of a stack as one picture to keep, made in the browser: what is in view, with its headings."""

from collections.abc import Sequence

from bokeh.models import CustomJS
from bokeh.plotting import figure

SAVE = """
const [kind] = cb_obj.tags
if (kind === undefined) return
const drawn = () => figures.every((model) => !model.properties.inner_width.is_unset)
const draw = (tries) => drawn() || tries === 0 ? keepAll() : setTimeout(() => draw(tries - 1), 50)
draw(100)  // charts that nobody came near may be on their way
function keepAll() {
const shown = figures.map((model, i) => [cb_context.index.find_one(model), titles[i]])
  .filter(([view]) => view != null && view.bbox.width > 0)
if (shown.length === 0) return
const HEAD = 30, ink = getComputedStyle(shown[0][0].el).color
const [r, g, b] = ink.match(/[\\d.]+/g).map(Number)
const paper = r + g + b > 380 ? "#121212" : "#ffffff"
const width = Math.max(...shown.map(([view]) => view.bbox.width))
const tops = shown.reduce((all, [view]) => [...all, all[all.length - 1] + HEAD + view.bbox.height], [0])
const height = tops.pop()
function keep(blob) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = `${file}.${kind}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}
if (kind === "svg") {
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;")
  const parts = shown.map(([view, title], i) =>
    `<text x="8" y="${tops[i] + 20}" font-family="sans-serif" font-size="14" fill="${ink}">${plain(title)}</text>` +
    `<g transform="translate(0 ${tops[i] + HEAD})">${view.export("svg").ctx.get_serialized_svg(true)}</g>`)
  keep(new Blob([`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="${width}" height="${height}" fill="${paper}"/>${parts.join("")}</svg>`], {type: "image/svg+xml"}))
} else {
  const canvas = document.createElement("canvas"), ratio = window.devicePixelRatio || 1
  canvas.width = width * ratio
  canvas.height = height * ratio
  const ctx = canvas.getContext("2d")
  ctx.scale(ratio, ratio)
  ctx.fillStyle = paper
  ctx.fillRect(0, 0, width, height)
  ctx.fillStyle = ink
  ctx.font = "14px sans-serif"
  shown.forEach(([view, title], i) => {
    ctx.fillText(title, 8, tops[i] + 20, width - 16)
    ctx.drawImage(view.export("png").canvas, 0, tops[i] + HEAD, view.bbox.width, view.bbox.height)
  })
  canvas.toBlob(keep)
}
}
"""


def saver(figures: Sequence[figure], titles: Sequence[str], file: str) -> CustomJS:
    """Return what saves a picture when ``tags`` of the model it listens to become ``[kind, …]``: png or svg.

    Args:
        figures: The charts, from top to bottom.
        titles: What stands above each.
        file: Name of the file without its ending.
    """
    return CustomJS(code=SAVE, args={"figures": list(figures), "titles": list(titles), "file": file})
