// @ts-check

/**
 * Keep a metre east as long as a metre north, whatever the width of the screen.
 * @param {any} plot model of the map
 */
export function keepSquare(plot) {
  const [wide, high] = [plot.inner_width, plot.inner_height]
  const {x_range: x, y_range: y} = plot
  const middle = (x.start + x.end) / 2, half = (y.end - y.start) * wide / high / 2
  if (wide > 0 && high > 0 && Math.abs(x.end - x.start - 2 * half) > half / 1e3) {
    x.setv({start: middle - half, end: middle + half, reset_start: middle - half, reset_end: middle + half})
  }
}

/**
 * Follow the link of the marker that was pressed, as a link does: a page around the map may show it in place.
 * @param {any} source of the markers
 */
export function follow(source) {
  const href = source.data.href[source.selected.indices[0]]
  if (!href || href === "#") return
  const link = document.body.appendChild(document.createElement("a"))
  link.href = href
  link.click()
  link.remove()
}
