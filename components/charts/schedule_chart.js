// @ts-check
// What a chart of a schedule and the page around it tell each other: the step that is asked about.

/**
 * Tell the page which step of which device was clicked.
 * @param {any} event a tap on a chart
 * @param {string} device
 */
export function tellStep(event, device) {
  document.dispatchEvent(new CustomEvent("schedule:step", {detail: {device, at: event.x}}))
}

/**
 * Let a mark stand where the page asks about a step; it is told again and again, until the chart is gone.
 * @param {any} mark
 */
export function followMark(mark) {
  if (mark.follows) return
  /** @param {Event} event */
  mark.follows = (event) => {
    const {start, end} = /** @type {CustomEvent} */ (event).detail
    if (mark.document == null) return document.removeEventListener("schedule:mark", mark.follows)
    mark.setv({left: start, right: end, visible: true}, {sync: false})
  }
  document.addEventListener("schedule:mark", mark.follows)
  document.dispatchEvent(new CustomEvent("schedule:drawn"))
}
