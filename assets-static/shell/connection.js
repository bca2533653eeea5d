// @ts-check
// What a person sees while the server cannot be reached, and how the page comes back by itself once it answers.

const settings = JSON.parse(document.body.dataset.settings ?? "{}")
const htmx = /** @type {any} */ (window).htmx
/** @type {Map<HTMLInputElement, string>} */
const typed = new Map()
/** @type {HTMLElement | undefined} */
let banner

document.addEventListener("focusin", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.composedPath()[0])
  if (typeof field.value === "string" && !typed.has(field)) typed.set(field, field.value)
})
document.addEventListener("htmx:afterSwap", () => typed.clear())

/** Whether something was typed that is still there. */
const unsaved = () => [...typed].some(([field, before]) => field.isConnected && field.value !== before)

/** Show the page anew: what a live part showed lived in the server. */
function showAnew() {
  banner?.remove()
  banner = undefined
  htmx.ajax("GET", location.pathname + location.search, {target: "#page", source: "#page", swap: "innerHTML"})
}

/** Say that the connection is lost, and show the page anew once the server answers. */
async function lose() {
  if (banner) return
  const note = banner = document.body.appendChild(document.createElement("div"))
  note.id = "connection-lost"
  note.setAttribute("role", "alert")
  note.textContent = "The connection to the server is lost. This page comes back by itself."
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const answer = await fetch(settings.health, {cache: "no-store"}).catch(() => null)
    if (answer?.ok) break
  }
  if (!unsaved()) return showAnew()
  note.textContent = "The server is back. Copy what you typed outside of forms, which keep it, then reload. "
  const button = note.appendChild(document.createElement("button"))
  button.textContent = "Reload"
  button.onclick = showAnew
}

document.addEventListener("live:lost", lose)
document.addEventListener("htmx:sendError", lose)
document.addEventListener("htmx:responseError", (event) => {
  const {status} = /** @type {any} */ (event).detail.xhr
  if (status >= 502) return lose()
  const text = `The server could not do this (error ${status}); its log has the details. Reload the page to try again.`
  document.dispatchEvent(new CustomEvent("toast", {detail: {text, kind: "warning"}}))
})
