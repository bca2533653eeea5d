// @ts-check
// What people do with charts beside looking at them: annotate a time range, save pictures and values, move by keyboard.

import {isoText, onClock} from "./time_spans.js"

const QUARTER = 0.25, ZOOM = 1.5
/** @type {[number, number]} time range in view [ms] */
let view = [0, 0]
let pointer = {x: 0, y: 0}, listed = ""
const zone = () => /** @type {HTMLElement | null} */ (document.querySelector(".time-bar"))?.dataset.zone ?? "UTC"
const chartStack = () => /** @type {any} */ (window).Bokeh.documents
  .map((/** @type {any} */ one) => one.get_model_by_name("stack")).find(Boolean)
/** @returns {any} */
const dialog = () => document.querySelector("dialog.annotation")

document.addEventListener("charts:shown", (event) => {
  const {list, span} = /** @type {CustomEvent} */ (event).detail, place = document.querySelector("#annotations")
  view = span
  // Only what has changed, so that no button loses the focus
  if (place != null && listed !== list) place.innerHTML = list
  listed = list
  const start = isoText(span[0], zone()), duration = `PT${Math.round((span[1] - span[0]) / 1000)}S`
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-export]"))) {
    const {sensors = "", export: format = "", at} = link.dataset
    link.href = `${at}?${new URLSearchParams({sensors, format, start, duration})}`
  }
})

/**
 * Open the form of an annotation near the pointer.
 * @param {[number, number]} span
 * @param {{id?: string, text?: string, kind?: string}} [annotation]
 */
function open([start, end], {id = "", text = "", kind = "label"} = {}) {
  const box = dialog()
  if (box == null) return
  const values = {id, content: text, start: local(start), end: local(end)}
  for (const [name, value] of Object.entries(values)) box.querySelector(`[data-name=${name}] input`).value = value
  box.querySelector("[data-name=type] select").value = JSON.stringify(kind)
  for (const wrong of box.querySelectorAll(".wrong")) wrong.classList.remove("wrong")
  if (!box.open) box.show()
  const {width, height} = box.getBoundingClientRect()
  box.style.left = `${Math.max(8, Math.min(pointer.x + 12, innerWidth - width - 8))}px`
  box.style.top = `${Math.max(8, Math.min(pointer.y + 12, innerHeight - height - 8))}px`
  box.querySelector("[data-name=content] input").focus()
}
/** @param {number} moment */
const local = (moment) => new Date(onClock(moment, zone())).toISOString().slice(0, 16)

addEventListener("pointerup", ({clientX: x, clientY: y}) => { pointer = {x, y} }, {capture: true})
document.addEventListener("charts:chosen", (event) => {
  const {start, end} = /** @type {CustomEvent} */ (event).detail
  open([start, end])
})
document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target)
  const button = /** @type {HTMLElement | null} */ (target.closest("[data-annotate]"))
  const picture = /** @type {HTMLElement | null} */ (target.closest("[data-picture]"))
  // The charts save themselves when the tags of their stack change, which a number of its own makes sure of
  if (picture) chartStack().tags = [picture.dataset.picture, Date.now()]
  if (target.closest("dialog.annotation [data-close]")) dialog().close()
  if (target.closest(".menu button, .menu a")) target.closest("details")?.removeAttribute("open")
  if (button == null) return
  const {left, bottom} = button.getBoundingClientRect(), {annotate: id, start, end, text, kind} = button.dataset
  pointer = {x: left, y: bottom}
  const [first, last] = view, length = last - first, step = length > 8 * 36e5 ? 36e5 : 6e4
  const middle = [first + 0.375 * length, first + 0.625 * length].map((moment) => Math.round(moment / step) * step)
  open(start ? [Number(start), Number(end)] : [middle[0], middle[1]], {id, text, kind})
})
document.addEventListener("done", () => { if (dialog()?.open) dialog().close() })
document.addEventListener("keydown", (event) => {
  const box = dialog()
  if (event.key === "Escape" && box?.open) box.close()
  const target = /** @type {HTMLElement} */ (event.target)
  if (!target.matches("[data-charts]") || event.altKey || event.ctrlKey || event.metaKey) return
  const [start, end] = view, length = end - start, middle = (start + end) / 2
  /** @type {Record<string, [number, number]>} */
  const ways = {ArrowLeft: [start - QUARTER * length, end - QUARTER * length],
    ArrowRight: [start + QUARTER * length, end + QUARTER * length],
    "+": [middle - length / ZOOM / 2, middle + length / ZOOM / 2], "-": [middle - length * ZOOM / 2,
      middle + length * ZOOM / 2]}
  const span = ways[event.key]
  if (span === undefined) return
  event.preventDefault()
  const detail = {start: span[0], end: span[1]}
  document.dispatchEvent(new CustomEvent("time:moved", {detail}))
  document.dispatchEvent(new CustomEvent("time:chosen", {cancelable: true, detail}))
  view = span
})
