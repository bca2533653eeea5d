// @ts-check
// Charts that no session of the server answers: their document comes once for each kind, the values of the time range
// in view by fetch. They follow the time bar and tell it when people drag or zoom them.

import {colour, describe, fill, unpacked} from "./charts_drawing.js"
import {charting} from "./library.js"

/**
 * @typedef {{host: HTMLElement, document: any, views: any, digest: string, etag: string, span: [number, number],
 *   busy: boolean, again: boolean, annotations: any[], late: number}} Stack
 */

/** @type {Map<HTMLElement, Stack>} */
const stacks = new Map()
/** @type {Map<string, string>} documents by their digest: one comes once */
const documents = new Map()
/** @param {string} name @param {any} detail */
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, {detail}))

/** Ask for the values in view until they are those that people look at: one question at a time. @param {Stack} stack */
async function follow(stack) {
  stack.again = stack.busy
  if (stack.busy) return
  stack.busy = true
  do {
    stack.again = false
    await show(stack).catch((error) => { console.warn("Charts cannot be shown", error); tell("live:lost", null) })
  } while (stack.again && stack.host.isConnected)
  stack.busy = false
}

/** @param {Stack} stack */
async function show(stack) {
  const {host, span: [first, last]} = stack, from = host.dataset.charts ?? ""
  const search = new URLSearchParams({first: String(Math.floor(first)), last: String(Math.ceil(last))})
  if (stack.digest) search.set("have", stack.digest)
  if (host.dataset.plan) search.set("plan", host.dataset.plan)
  const [answer] = await Promise.all([fetch(`${from}&${search}`, {headers: {"HX-Request": "true"}}), charting()])
  if (answer.headers.has("HX-Redirect")) return location.assign(answer.headers.get("HX-Redirect") ?? "/")
  if (!answer.ok) throw new Error(`${answer.status}`)
  const etag = `${answer.headers.get("ETag")} ${search}`
  const values = unpacked(await answer.arrayBuffer())
  if (!host.isConnected || etag === stack.etag) return
  stack.etag = etag
  refuse(stack, values.problem ?? "")
  if (values.problem) return
  if (values.document) documents.set(values.digest, values.document)
  stack.annotations = values.annotations
  if (values.digest !== stack.digest) await draw(stack, values)
  else fill(stack.document, values)
  if (stack.document == null) return
  colour(stack.document, host, stack.annotations)
  describe(stack.document, stack.views, values)
  tell("charts:shown", {list: values.list, span: stack.span})
}

/** Make the document of charts, fill it and show it in place of the one before. */
async function draw(/** @type {Stack} */ stack, /** @type {import("./charts_drawing.js").Answer} */ values) {
  const text = documents.get(values.digest)
  if (text === undefined) { stack.digest = ""; stack.etag = ""; stack.again = true; return }
  const bokeh = await charting(), {host} = stack
  const made = bokeh.require("document").Document.from_json(JSON.parse(text))
  fill(made, values)
  const room = document.createElement("div"), before = {...stack}
  Object.assign(stack, {document: made, digest: values.digest})
  place(stack)
  const now = Date.now() + stack.late
  made.get_model_by_name("now").location = now
  made.get_model_by_name("future").left = now
  colour(made, host, values.annotations)
  host.append(room)
  stack.views = await bokeh.require("embed/standalone").add_document_standalone(made, room, [], false)
  takeDown(before)
  for (const other of [...host.children]) if (other !== room) other.remove()
  const time = made.get_model_by_name("time")
  time.change.connect(() => moved(stack, time))
  if (!host.isConnected) takeDown(stack)
}

/** Show the time range of a stack. @param {Stack} stack */
const place = ({document, span: [start, end]}) =>
  document?.get_model_by_name("time").setv({start, end, reset_start: start, reset_end: end})

/** @param {Stack} stack @param {{start: number, end: number}} time */
function moved(stack, {start, end}) {
  if (start === stack.span[0] && end === stack.span[1]) return
  stack.span = [start, end]
  if (!stack.busy) tell("time:moved", {start, end})
  follow(stack)
}

/** Say above the charts why they cannot be shown. @param {Stack} stack @param {string} text */
function refuse({host}, text) {
  host.querySelector(".note")?.remove()
  host.classList.toggle("refused", text !== "")
  if (text === "") return
  host.querySelector(".skeleton")?.remove()
  const note = host.insertBefore(document.createElement("div"), host.firstChild)
  Object.assign(note, {className: "note warning", role: "alert", textContent: text})
}

/** Leave nothing behind: no view with its listeners, and no document. @param {Partial<Stack>} stack */
function takeDown({document: shown, views}) {
  if (shown == null) return
  const bokeh = /** @type {any} */ (window).Bokeh
  views?.clear()
  shown.clear({sync: false})
  const at = bokeh.documents.indexOf(shown)
  if (at >= 0) bokeh.documents.splice(at, 1)
}

function mountAll() {
  const bar = /** @type {HTMLElement | null} */ (document.querySelector(".time-bar"))
  for (const host of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-charts]"))) {
    if (stacks.has(host) || bar == null) continue
    /** @type {Stack} */
    const stack = {host, document: null, views: null, digest: "", etag: "", busy: false, again: false, annotations: [],
      span: [Number(bar.dataset.start), Number(bar.dataset.end)], late: Number(host.dataset.now) - Date.now()}
    stacks.set(host, stack)
    follow(stack)
  }
}
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  const stack = stacks.get(/** @type {HTMLElement} */ (event.target))
  if (stack == null) return
  stacks.delete(stack.host)
  takeDown(stack)
})
for (const [name, renewed] of /** @type {const} */ ([["time:chosen", true], ["time:refresh", false]])) {
  document.addEventListener(name, (event) => {
    const {start, end} = /** @type {CustomEvent} */ (event).detail
    for (const stack of stacks.values()) {
      event.preventDefault()
      if (renewed) { stack.span = [start, end]; place(stack) }
      follow(stack)
    }
  })
}
document.addEventListener("done", () => { for (const stack of stacks.values()) follow(stack) })
new MutationObserver(() => {
  for (const stack of stacks.values()) if (stack.document) colour(stack.document, stack.host, stack.annotations)
}).observe(document.documentElement, {attributeFilter: ["data-theme"]})
document.addEventListener("charts:preview", (event) => {
  for (const stack of stacks.values()) {
    stack.host.dataset.plan = /** @type {CustomEvent} */ (event).detail.plan
    follow(stack)
  }
})
document.addEventListener("htmx:afterSwap", mountAll)
mountAll()
