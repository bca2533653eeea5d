// @ts-check
// The tab Plan: a newer schedule is shown once it is there; a step is chosen in the chart or by keys, and asked about.

const htmx = /** @type {any} */ (window).htmx
const running = () => /** @type {HTMLElement | null} */ (document.querySelector(".run"))?.dataset.running === "yes"
let ran = running()

/** The panel that explains a step; it tells start and length of steps in milliseconds. */
const panel = () => /** @type {HTMLFormElement | null} */ (document.getElementById("why"))

// What was asked for here is shown at once; nobody who reads an answer is torn away from it by another one.
document.addEventListener("followed", (event) => {
  const part = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).querySelector(".run"))
  const newest = part?.dataset.newest, shown = document.getElementById("plan")?.dataset.schedule
  const reads = document.querySelector("#why-answer > *") !== null
  if (newest && newest !== shown && !running() && (ran || !reads)) {
    document.dispatchEvent(new CustomEvent("done", {detail: {text: "Schedule ready.", href: location.href}}))
  }
  ran = running()
})
document.addEventListener("htmx:afterSwap", (event) => {
  ran = running()
  const target = /** @type {HTMLElement} */ (event.target)
  if (target.id === "page" && panel()) mark()
  if (target.id === "why-answer") target.querySelector("h4")?.focus()
})

/** @param {HTMLFormElement} form */
function chosen(form) {
  const {start, step} = form.dataset, slider = /** @type {HTMLInputElement} */ (form.elements.namedItem("step"))
  const begin = Number(start) + Number(slider.value) * Number(step)
  return {slider, begin, end: begin + Number(step)}
}

/** Write the time of the step beside its slider, and mark it in the chart. */
function mark() {
  const form = panel()
  if (!form) return
  const {slider, begin, end} = chosen(form)
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = {timeZone: form.dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23"}
  const from = new Date(begin).toLocaleString("en-GB", {...clock, weekday: "short", day: "numeric", month: "short"})
  const text = `${from} to ${new Date(end).toLocaleString("en-GB", clock)}`
  slider.setAttribute("aria-valuetext", text)
  const output = form.querySelector("output")
  if (output) output.textContent = text
  document.dispatchEvent(new CustomEvent("schedule:mark", {detail: {start: begin, end}}))
}

/** Ask about the step that is chosen; device and time stand in the address, to be passed on. */
function ask() {
  const form = panel()
  if (!form) return
  const search = new URLSearchParams(location.search), {begin} = chosen(form)
  search.set("device", /** @type {HTMLSelectElement} */ (form.elements.namedItem("device")).value)
  search.set("at", new Date(begin).toISOString())
  history.replaceState(history.state, "", `${location.pathname}?${search}`)
  search.set("part", "plan-why")
  htmx.ajax("GET", `${location.pathname}?${search}`, {target: "#why-answer", source: "#why-answer", swap: "innerHTML"})
}

document.addEventListener("schedule:step", (event) => {
  const form = panel(), {device, at} = /** @type {CustomEvent} */ (event).detail
  if (!form) return
  const select = /** @type {HTMLSelectElement} */ (form.elements.namedItem("device")), {slider} = chosen(form)
  if ([...select.options].some((one) => one.value === device)) select.value = device
  const step = Math.floor((at - Number(form.dataset.start)) / Number(form.dataset.step))
  if (step < 0 || step > Number(slider.max)) return
  slider.value = String(step)
  mark()
  ask()
})
document.addEventListener("schedule:drawn", mark)
document.addEventListener("input", (event) => {
  if (/** @type {HTMLElement} */ (event.target).closest("#why")) mark()
})
document.addEventListener("change", (event) => {
  const goal = /** @type {HTMLSelectElement} */ (event.target), most = goal.form?.querySelector(".most")
  // Only of a cost or a peak there is a most to be told
  if (goal.name === "goal" && most) most.toggleAttribute("hidden", !["cost", "peak"].includes(goal.value))
})
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !/** @type {HTMLElement} */ (event.target).matches("#why [name=step]")) return
  event.preventDefault()
  ask()
})
document.addEventListener("submit", (event) => {
  if (/** @type {HTMLElement} */ (event.target).id !== "why") return
  event.preventDefault()
  ask()
})
if (panel()) mark()
