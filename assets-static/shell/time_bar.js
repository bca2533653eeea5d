// @ts-check
// The time bar of a page: which time range it shows. Who shows it in place listens to "time:chosen", and to
// "time:refresh", which comes again and again while the bar is live, and prevents their default: the page is asked for
// anew. By "time:moved" the bar is told when people move otherwise, such as in a chart. All three have a `start`
// and an `end` [ms since 1970 UTC].

import {clockChanges, isoText, momentOf, namedSpan, nextSpan, onClock, spanText} from "./time_spans.js"

/** @typedef {[number, number]} Span */
const EVERY = 30e3, STILL = 500  // how often the page is brought up to date, and when a movement is over
let known = "", still = 0  // address without its time range, timer of a movement
const timeBar = () => /** @type {HTMLElement | null} */ (document.querySelector(".time-bar"))
/** @param {HTMLElement} bar @returns {Span} */
const spanOf = ({dataset}) => [Number(dataset.start), Number(dataset.end)]
/** @param {HTMLElement} bar @param {string} name @returns {any} */
const field = (bar, name) => bar.querySelector(`[name=${name}]`)
/** @param {HTMLElement} bar */
const isLive = (bar) => Boolean(field(bar, "live")?.checked)

/** The address without its time range. */
function elsewhere() {
  const search = new URLSearchParams(location.search)
  for (const name of ["start", "end", "live"]) search.delete(name)
  return `${location.pathname}?${search}`
}

/** @param {string} name @param {Span} span */
const tell = (name, [start, end]) =>
  document.dispatchEvent(new CustomEvent(name, {cancelable: true, detail: {start, end}}))

/** Show a time range in the bar. @param {HTMLElement} bar @param {Span} span */
function show(bar, span) {
  const zone = bar.dataset.zone ?? "UTC", language = document.documentElement.lang.replace(/^en$/, "en-GB")
  Object.assign(bar.dataset, {start: String(span[0]), end: String(span[1]), named: ""})
  const date = new Intl.DateTimeFormat(language, {timeZone: zone, day: "numeric", month: "short"})
  const changes = clockChanges(span, zone).map((moment) => date.format(moment))
  /** @param {string} place @param {string} text */
  const put = (place, text) => { /** @type {Element} */ (bar.querySelector(place)).textContent = text }
  put("output", spanText(span, zone, language))
  put(".clock-change b", changes.slice(0, 2).join(", ") + (changes.length > 2 ? " …" : ""))
  bar.querySelector(".clock-change")?.toggleAttribute("hidden", changes.length === 0)
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (bar.querySelectorAll("[data-span]"))) {
    const named = namedSpan(button.dataset.span ?? "", Date.now(), zone)
    const fits = named[0] === span[0] && named[1] === span[1]
    button.setAttribute("aria-pressed", String(fits))
    if (fits) bar.dataset.named = button.dataset.span
  }
  for (const at of [0, 1])
    field(bar, at ? "to" : "from").value = new Date(onClock(span[at], zone)).toISOString().slice(0, 16)
}

/** Write what the bar shows into the address. @param {HTMLElement} bar @param {boolean} push as a step of history */
function write(bar, push) {
  const address = new URL(location.href), zone = bar.dataset.zone ?? "UTC"
  const [start, end] = spanOf(bar)
  address.searchParams.set("start", isoText(start, zone))
  address.searchParams.set("end", isoText(end, zone))
  if (isLive(bar)) address.searchParams.set("live", "1")
  else address.searchParams.delete("live")
  if (push && address.href !== location.href) history.pushState({scroll: scrollY}, "", address)
  else history.replaceState(history.state, "", address)
}

/** @param {HTMLElement} bar @param {Span} span @param {{push?: boolean}} [how] */
function choose(bar, span, {push = true} = {}) {
  show(bar, span)
  write(bar, push)
  if (tell("time:chosen", span))
    document.dispatchEvent(new CustomEvent("page:again", {detail: {href: location.href}}))
}

/** Close the fields of the bar. @param {HTMLElement} bar */
function close(bar) {
  const [button, fields] = /** @type {HTMLElement[]} */ ([...bar.querySelectorAll(".opener, .time-fields")])
  if (fields.contains(document.activeElement)) button.focus()
  button.setAttribute("aria-expanded", "false")
  fields.hidden = true
}

document.addEventListener("time:moved", (event) => {
  const bar = timeBar(), {start, end} = /** @type {CustomEvent} */ (event).detail
  if (bar == null) return
  show(bar, [start, end])
  clearTimeout(still)
  still = setTimeout(() => write(bar, true), STILL)  // a step of history once a movement has come to its end
})
document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target), bar = /** @type {any} */ (target.closest(".time-bar"))
  const button = /** @type {HTMLElement | null} */ (target.closest("button"))
  if (bar == null || button == null) return
  const {span, step} = button.dataset, zone = bar.dataset.zone
  if (span) choose(bar, namedSpan(span, Date.now(), zone))
  if (step) choose(bar, nextSpan(spanOf(bar), Number(step), zone))
})
document.addEventListener("submit", (event) => {
  const bar = /** @type {HTMLElement} */ (event.target), zone = bar.dataset.zone ?? "UTC"
  if (!bar.matches(".time-bar")) return
  event.preventDefault()
  const [start, end] = ["from", "to"].map((name) => momentOf(Date.parse(`${field(bar, name).value}Z`), zone))
  field(bar, "to").setCustomValidity(start < end ? "" : field(bar, "to").dataset.wrong)
  if (!field(bar, "to").reportValidity()) return
  close(bar)
  choose(bar, [start, end])
})
document.addEventListener("input", (event) => {
  const input = /** @type {any} */ (event.target), bar = input.closest?.(".time-bar")
  if (bar == null) return
  field(bar, "to").setCustomValidity("")
  if (input.name === "live") { write(bar, false); if (input.checked) refresh() }
})
document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target), bar = /** @type {any} */ (target.closest(".time-bar"))
  if (bar == null || event.altKey || event.ctrlKey || event.metaKey) return
  if (event.key === "Escape") close(bar)
  const way = {ArrowLeft: -1, ArrowRight: 1}[event.key]
  if (way && !target.matches("input")) choose(bar, nextSpan(spanOf(bar), way, bar.dataset.zone))
})

/** Show what is new: a named time range moves on with the clock; nobody is disturbed while typing. */
function refresh() {
  const bar = timeBar()
  if (bar == null || !isLive(bar) || document.hidden) return
  const span = bar.dataset.named ? namedSpan(bar.dataset.named, Date.now(), bar.dataset.zone ?? "UTC") : spanOf(bar)
  if (span[0] !== spanOf(bar)[0] || span[1] !== spanOf(bar)[1]) return choose(bar, span, {push: false})
  const typing = document.activeElement?.matches("#page input:not([type=checkbox]), #page textarea, #page select")
  if (tell("time:refresh", span) && !typing)
    document.dispatchEvent(new CustomEvent("page:again", {detail: {href: location.href}}))
}
setInterval(refresh, EVERY)
document.addEventListener("visibilitychange", refresh)

// Back and Forward between time ranges of one page
document.addEventListener("page:back", (event) => {
  const bar = timeBar(), search = new URLSearchParams(location.search)
  const [start, end] = ["start", "end"].map((name) => Date.parse(search.get(name) ?? ""))
  if (bar == null || elsewhere() !== known || Number.isNaN(start + end)) return
  field(bar, "live").checked = search.has("live")
  show(bar, [start, end])
  if (!tell("time:chosen", [start, end])) event.preventDefault()
})
const begin = () => {
  const bar = timeBar()
  known = elsewhere()
  if (bar != null) show(bar, spanOf(bar))
}
document.addEventListener("htmx:afterSwap", begin)
begin()
