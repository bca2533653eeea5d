// @ts-check

/**
 * Tell the page which time range a person selected in a chart.
 * @param {any} event
 */
export function tellChosen({geometry, final}) {
  if (!final || geometry?.type !== "rect") return
  const detail = {start: geometry.x0, end: geometry.x1}
  document.dispatchEvent(new CustomEvent("charts:chosen", {detail}))
}
