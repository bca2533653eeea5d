// @ts-check
// What-ifs: sliders ask for a plan while they are moved, one question at a time; scenarios stand in the address, so that
// a link makes them again; undo and redo go through them. flex.js asks the server and shows its answer.

/** @type {{past: string[], next: string[]}} */
const steps = {past: [], next: []}
let current = "", busy = false, acting = false, waiting = false, settled = false, table = 0, asked = 0
/** @type {(() => void)[]} what was pressed while the answer to another button was awaited */
const later = []
/** @type {Map<string, string>} id of a box → what was entered there while the answer to a button was awaited */
const entered = new Map()

const form = () => /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-knobs]"))
/** @param {string} id */
const byId = (id) => /** @type {HTMLInputElement & HTMLButtonElement & HTMLTextAreaElement} */ (document.getElementById(id))

/**
 * Ask for the plan as the sliders stand; while an answer is awaited the newest question waits. A button does not wait for
 * an answer about sliders, since its question holds their values too; but nothing overtakes the answer to a button.
 * @param {string} act
 */
function ask(act) {
  const sliders = form()
  if (!sliders) return
  if (acting && act) { later.push(() => ask(act)); return }
  if (busy && !act) { waiting = true; return }
  const mine = ++asked
  busy = true
  acting = act !== ""
  waiting = false
  const done = () => {
    if (mine !== asked) return
    busy = acting = false
    entered.clear()
    while (!busy && later.length) later.shift()?.()
    if (!busy && waiting) ask("")
  }
  document.dispatchEvent(new CustomEvent("flex:ask", {detail: {form: sliders, act, done}}))
}

/** @param {HTMLInputElement} range */
function follow(range) {
  const box = byId(range.dataset.of ?? ""), step = Number(range.dataset.step), base = Number(box.dataset.base)
  const near = Math.abs(range.valueAsNumber - base) < 2 * step
  const digits = Math.max(0, Math.round(-Math.log10(step)))
  box.value = near ? String(base) : (Math.round(range.valueAsNumber / step) * step).toFixed(digits)
}

document.addEventListener("input", (event) => {
  const moved = /** @type {HTMLInputElement} */ (event.target)
  if (!moved.closest("form[data-knobs]")) return
  const range = moved.type === "range", box = range ? byId(moved.dataset.of ?? "") : moved
  if (range) follow(moved)
  if (acting) entered.set(box.id, box.value)
  if (range) ask("")
})
document.addEventListener("flex:shown", () => {
  const sliders = form()
  if (!sliders) return
  const state = byId("what-if-state").value
  // The answer to a button shows all boxes anew: what was entered since belongs to what the button led to
  for (const [id, text] of entered) {
    const box = byId(id)
    if (!box) continue
    box.value = text
    waiting = true
  }
  for (const range of /** @type {NodeListOf<HTMLInputElement>} */ (sliders.querySelectorAll("input[type=range]"))) {
    const renewed = entered.has(range.dataset.of ?? "")
    if (renewed || range !== document.activeElement) range.value = byId(range.dataset.of ?? "").value.replace(",", ".")
  }
  if (settled && !waiting && state !== current) remember(state)
  keep(state)
})
// A step to undo is what somebody let go of, not each place that a slider passed
document.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target)
  if (!box.closest("form[data-knobs]")) return
  if (box.dataset.act === undefined) settled = true
  ask(box.dataset.act ?? "")
})

/** @param {string} state */
function remember(state) {
  steps.past.push(current)
  steps.next = []
  current = state
  settled = false
}

/**
 * Keep the scenarios in the address, in the links below and in the editor of fields.
 * @param {string} state
 */
function keep(state) {
  const address = new URL(location.href)
  if (state) address.searchParams.set("what-if", state)
  else address.searchParams.delete("what-if")
  if (address.href !== location.href) history.replaceState(history.state, "", address)
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-with-state]"))) {
    const to = new URL(link.href)
    if (state) to.searchParams.set("what-if", state)
    else to.searchParams.delete("what-if")
    link.href = to.href
  }
  for (const box of /** @type {NodeListOf<HTMLTextAreaElement>} */ (document.querySelectorAll("[data-state]"))) {
    box.value = state
  }
  byId("what-if-undo").disabled = !steps.past.length
  byId("what-if-redo").disabled = !steps.next.length
  clearTimeout(table)
  table = setTimeout(compare, 400)
}

/** Show all scenarios beside each other, once nothing moves. */
function compare() {
  const place = byId("what-if-table")
  if (!place || Number(place.dataset.tableOf) < 2) return
  const show = (/** @type {string | null} */ html) => { if (html !== null && place.isConnected) place.innerHTML = html }
  const values = {state: byId("what-if-state").value}
  document.dispatchEvent(new CustomEvent("flex:part", {detail: {part: "what_if_table", values, show}}))
}

/** @param {number} way -1 undoes, 1 does again */
function step(way) {
  if (acting) { later.push(() => step(way)); return }
  const from = way < 0 ? steps.past : steps.next, to = way < 0 ? steps.next : steps.past
  const state = from.pop()
  if (state === undefined || !form()) return
  to.push(current)
  current = state
  byId("what-if-state").value = state
  ask("state")
}

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("button"))
  if (button?.dataset.act && button.closest("form[data-knobs]")) {
    settled = true
    ask(button.dataset.act)
  }
  if (button?.dataset.history && form()) step(Number(button.dataset.history))
  if (button?.dataset.link === undefined) return
  const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false)
  const text = copied ? "Link copied." : "Copy the address of this page: it holds the scenarios."
  document.dispatchEvent(new CustomEvent("toast", {detail: {text, kind: "success"}}))
})
document.addEventListener("keydown", (event) => {
  const at = /** @type {HTMLInputElement} */ (event.target)
  if (event.key === "Enter" && at.matches("form[data-knobs] input")) {
    event.preventDefault()  // else it would save
    at.dispatchEvent(new Event("change", {bubbles: true}))
  }
  if (!form() || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return
  if (at.matches("input:not([type=range]), textarea") && at.value !== at.defaultValue) return
  event.preventDefault()
  step(event.shiftKey ? 1 : -1)
})
/** Begin anew with each page. */
function begin() {
  if (!form()) return
  Object.assign(steps, {past: [], next: []})
  current = byId("what-if-state").value
  keep(current)
}
document.addEventListener("htmx:afterSwap", begin)
begin()
