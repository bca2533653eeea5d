// @ts-check
// Editors of flexibility: after each change the server checks all fields. Words, charts and JSON are put in beside what
// is typed; where fields or rows come and go, the editor is shown anew.

/** @typedef {HTMLInputElement & HTMLTextAreaElement} Box */
/** @type {Map<string, number>} part → number of its last question */
const asked = new Map()

/**
 * Ask the server for a part of the page in view of some values.
 * @param {string} part
 * @param {Record<string, any>} values
 * @returns {Promise<string | null>} its HTML; null: a later question was asked meanwhile, or there is no answer
 */
async function askPart(part, values) {
  const mine = (asked.get(part) ?? 0) + 1
  asked.set(part, mine)
  const search = new URLSearchParams(location.search)
  search.set("part", part)
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? ""
  const answer = await fetch(`${location.pathname}?${search}`, {
    method: "POST", body: new URLSearchParams({values: JSON.stringify(values)}),
    headers: {"X-XSRFToken": decodeURIComponent(token), "HX-Request": "true"},
  }).catch(() => null)
  if (mine !== asked.get(part) || !answer) return null
  if (answer.ok) return answer.text()
  const told = answer.headers.get("HX-Trigger")
  const text = told ? JSON.parse(told).refused.text : "The server does not answer; try again."
  document.dispatchEvent(new CustomEvent("toast", {detail: {text, kind: "warning"}}))
  return null
}

/**
 * @param {HTMLFormElement} form
 * @param {string} act what is to be done, as the server knows it
 */
async function ask(form, act) {
  const html = await askPart(form.dataset.flex ?? "", {...Object.fromEntries(new FormData(form)), act})
  if (html === null || !form.isConnected) return
  const fresh = new DOMParser().parseFromString(html, "text/html")
  if (act) renew(form, fresh)
  else for (const shown of form.querySelectorAll("[data-shown]")) take(shown, fresh.getElementById(shown.id))
  document.dispatchEvent(new CustomEvent("flex:shown"))
}

/**
 * Show the editor anew; the focus, what is open and what is searched for stay.
 * @param {HTMLFormElement} form
 * @param {Document} fresh
 */
function renew(form, fresh) {
  const focus = document.activeElement?.id ?? "", {name} = /** @type {Box} */ (document.activeElement)
  const open = form.querySelector("details")?.open ?? false
  const words = /** @type {Box | null} */ (form.querySelector("[data-find]"))?.value ?? ""
  const next = /** @type {HTMLFormElement} */ (fresh.querySelector("form"))
  const before = new Set([...form.querySelectorAll("[id]")].map((one) => one.id))
  form.replaceWith(next)
  const details = next.querySelector("details")
  if (details) details.open = open
  const find = /** @type {Box | null} */ (next.querySelector("[data-find]"))
  if (find) {
    find.value = words
    search(next, words)
  }
  const boxes = next.querySelectorAll("[id][name]:not(.mode, .unit, [type=hidden])")
  const first = [...boxes].find((one) => !before.has(one.id))
  const same = document.getElementById(focus)
  const target = /** @type {HTMLElement | null} */ (name || !first ? same ?? first : first)
  target?.focus({preventScroll: same === target})
}

/**
 * Take over what an element shows, but never what somebody is typing.
 * @param {Element} shown
 * @param {Element | null} fresh
 */
function take(shown, fresh) {
  if (!fresh || shown === document.activeElement) return
  if (shown instanceof HTMLTextAreaElement) {
    shown.value = /** @type {HTMLTextAreaElement} */ (fresh).value
    return
  }
  shown.innerHTML = fresh.innerHTML
  const wrong = fresh.parentElement?.classList.contains("wrong") ?? false
  shown.closest(".field")?.classList.toggle("wrong", fresh.closest(".field")?.classList.contains("wrong") ?? wrong)
}

/**
 * Leave in view what has some words in its name.
 * @param {HTMLFormElement} form
 * @param {string} words
 */
function search(form, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-words]"))) {
    one.hidden = !wanted.every((word) => one.dataset.words?.includes(word))
  }
  for (const group of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll(".flex-group"))) {
    group.hidden = ![...group.querySelectorAll("[data-words]")].some((one) => !(/** @type {HTMLElement} */ (one)).hidden)
  }
}

// Sliders and what stands beside them ask in turn, see what_if.js
/** @param {Event} event @returns {HTMLFormElement | null} */
const editor = (event) => /** @type {Element} */ (event.target).closest("form[data-flex]:not([data-knobs])")

document.addEventListener("change", (event) => {
  const form = editor(event), box = /** @type {Box} */ (event.target)
  if (!form || box.dataset.find !== undefined) return
  const put = box.dataset.put
  ask(form, put === undefined ? box.dataset.act ?? "" : put + box.value)
})
document.addEventListener("click", (event) => {
  const form = editor(event), button = /** @type {Element} */ (event.target).closest("button[data-act]")
  if (form && button) ask(form, /** @type {HTMLElement} */ (button).dataset.act ?? "")
})
document.addEventListener("input", (event) => {
  const form = editor(event), box = /** @type {Box} */ (event.target)
  if (form && box.dataset.find !== undefined) search(form, box.value)
})
document.addEventListener("flex:ask", async (event) => {
  const {form, act, done} = /** @type {CustomEvent} */ (event).detail
  await ask(form, act)
  done()
})
document.addEventListener("flex:part", async (event) => {
  const {part, values, show} = /** @type {CustomEvent} */ (event).detail
  show(await askPart(part, values))
})
