// @ts-check
// Parts of a page that change: asked for again and again while they are shown, and replaced where they have changed.

/** @type {Set<Element>} */
const followed = new Set()

/** @param {HTMLElement} part */
async function ask(part) {
  const {at} = part.dataset  // of another page; empty: of this one
  const search = new URLSearchParams(at ? "" : location.search)
  search.set("part", part.dataset.part ?? "")
  search.set("seen", part.dataset.seen ?? "")
  const headers = {"HX-Request": "true"}
  const answer = await fetch(`${at ?? location.pathname}?${search}`, {headers}).catch(() => null)
  if (!answer) return document.dispatchEvent(new CustomEvent("live:lost"))
  if (answer.headers.has("HX-Redirect")) return location.assign(answer.headers.get("HX-Redirect") ?? "/")
  if (answer.status !== 200 || !part.isConnected) return
  const html = await answer.text()
  const focused = document.activeElement?.id
  part.innerHTML = html
  part.dataset.seen = answer.headers.get("X-Seen") ?? ""
  part.dataset.every = /** @type {HTMLElement | null} */ (part.querySelector("[data-every]"))?.dataset.every ?? part.dataset.every
  part.dispatchEvent(new CustomEvent("followed", {bubbles: true}))
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus()
}

/** @param {HTMLElement} part */
async function follow(part) {
  if (followed.has(part)) return
  followed.add(part)
  if (part.dataset.seen === "?") await ask(part)
  while (part.isConnected) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(part.dataset.every)))
    if (part.isConnected && !document.hidden) await ask(part)
  }
  followed.delete(part)
}

document.addEventListener("part", (event) => {
  const part = document.getElementById(`part-${/** @type {CustomEvent} */ (event).detail}`)
  if (part) ask(part)
})
const followAll = () => {
  for (const part of document.querySelectorAll(".following")) follow(/** @type {HTMLElement} */ (part))
}
document.addEventListener("htmx:afterSwap", followAll)
followAll()
