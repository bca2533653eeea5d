// @ts-check

/**
 * Keep a metre east as long as a metre north, whatever the width of the screen. The first time all places are in view:
 * a narrow screen shows more of the north and south, not less of the east and west.
 * @param {any} plot model of the map
 * @param {[number, number]} room width and height that all places need [m]
 */
export function keepSquare(plot, room) {
  const [wide, high] = [plot.inner_width, plot.inner_height]
  if (!(wide > 0 && high > 0)) return
  const {x_range: x, y_range: y} = plot, [east, north] = [(x.start + x.end) / 2, (y.start + y.end) / 2]
  const scale = Math.max((y.end - y.start) / high, ...(plot.fitted ? [] : [room[0] / wide, room[1] / high]))
  plot.fitted = true
  const [across, along] = [scale * wide / 2, scale * high / 2]
  if (Math.abs(x.end - x.start - 2 * across) + Math.abs(y.end - y.start - 2 * along) < along / 1e3) return
  for (const [range, middle, half] of [[y, north, along], [x, east, across]])
    range.setv({start: middle - half, end: middle + half, reset_start: middle - half, reset_end: middle + half})
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
