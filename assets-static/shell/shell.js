// @ts-check
// The frame of all pages: links that change what stands inside of it, Back and Forward, light and dark, the menu,
// short notices, and what is told while the server cannot be reached.

const settings = JSON.parse(document.body.dataset.settings ?? "{}")
const pages = new RegExp(`^${settings.path === "/" ? "" : settings.path}(?:${settings.pages})$`)
const inside = /** @type {HTMLElement} */ (document.querySelector("#page"))
const htmx = /** @type {any} */ (window).htmx
const root = document.documentElement
/** @param {string} name @returns {HTMLElement} */
const byId = (name) => /** @type {HTMLElement} */ (document.getElementById(name))

/**
 * Show another page in the frame.
 * @param {string} address
 * @param {{push?: boolean, scroll?: number, keep?: boolean}} [way] whether it is a new step of the history, where to
 *   scroll to, and whether scroll and focus stay as they are
 */
async function visit(address, {push = true, scroll = 0, keep = false} = {}) {
  const {pathname, search} = new URL(address, location.href)
  if (push) history.replaceState({...history.state, scroll: scrollY}, "")
  inside.dataset.asked = address
  await htmx.ajax("GET", pathname + search, {target: "#page", source: "#page", swap: "innerHTML"})
  if (inside.dataset.asked === address && !keep) {
    scrollTo(0, scroll)
    if (push) byId("heading")?.focus({preventScroll: true})
  }
}
let pushing = ""
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target !== inside) return
  // The address first: what is shown may stand on it
  const {pathname, search} = new URL(pushing || location.href, location.href)
  if (pushing === "" || pathname + search !== /** @type {any} */ (event).detail.pathInfo.requestPath) return
  if (pushing !== location.href) history.pushState({scroll: 0}, "", pushing)
  pushing = ""
})
document.addEventListener("htmx:afterSwap", (event) => event.target === inside && mark())

/** Mark the entry of the menu that the page belongs to, and say its name to those who do not see it. */
function mark() {
  const at = byId("content")?.dataset.at
  for (const link of document.querySelectorAll("#menu a")) {
    const here = link.getAttribute("href") === at
    if (here) link.setAttribute("aria-current", "page")
    else link.removeAttribute("aria-current")
  }
  byId("moved").textContent = byId("heading")?.textContent ?? ""
  root.classList.remove("menu-over")
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const isLink = (/** @type {EventTarget} */ one) => one instanceof HTMLAnchorElement && one.href !== ""
  const link = /** @type {HTMLAnchorElement | undefined} */ (event.composedPath().find(isLink))
  if (!link || (link.target && link.target !== "_self") || link.hasAttribute("download")) return
  if (link.origin !== location.origin || !pages.test(link.pathname)) return
  if (link.getAttribute("href")?.startsWith("#")) return
  event.preventDefault()
  const address = new URL(link.href), isTab = link.getAttribute("role") === "tab"
  const now = new URLSearchParams(location.search)
  // Tabs share the time range, which may have changed since they were drawn
  for (const name of isTab ? ["start", "end", "live"] : []) {
    if (now.has(name)) address.searchParams.set(name, now.get(name) ?? "")
  }
  pushing = address.href
  visit(address.href, {keep: isTab || link.dataset.keep !== undefined})
})
addEventListener("popstate", (event) => {
  if (document.dispatchEvent(new CustomEvent("page:back", {cancelable: true})))
    visit(location.href, {push: false, scroll: event.state?.scroll ?? 0})
})
document.addEventListener("page:again", (event) =>
  visit(/** @type {CustomEvent} */ (event).detail.href, {push: false, keep: true}))
history.scrollRestoration = "manual"

// What live parts tell
document.addEventListener("live:told", (event) => {
  const {heading, search, moved} = /** @type {CustomEvent} */ (event).detail
  const shown = byId("heading")
  if (heading && shown && shown.textContent !== heading) {
    shown.textContent = heading
    document.title = `${heading} · ${settings.name}`
    byId("moved").textContent = heading
  }
  if (moved && search !== location.search) history.pushState({scroll: scrollY}, "", location.pathname + search)
})
/** @param {string} href @param {{keep?: boolean}} [way] */
function open(href, way) {
  pushing = new URL(href, location.href).href
  visit(pushing, way)
}
document.addEventListener("visit", (event) => {
  const {href, keep} = /** @type {CustomEvent} */ (event).detail
  open(href, {keep})
})

// Short notices
/** @param {string} text @param {string} [kind] */
function toast(text, kind = "success") {
  const box = byId("toasts").appendChild(document.createElement("div"))
  box.setAttribute("role", "status")
  Object.assign(box, {className: `toast ${kind}`, textContent: text})
  setTimeout(() => box.remove(), 6000)
}
document.addEventListener("toast", (event) => {
  const {text, kind} = /** @type {CustomEvent} */ (event).detail
  toast(text, kind)
})
document.addEventListener("done", (event) => {
  const {text, href} = /** @type {CustomEvent} */ (event).detail
  if (text) toast(text)
  if (href) open(href)
})

// Light and dark; live parts follow the attribute
byId("theme").addEventListener("click", () => {
  const dark = root.dataset.theme !== "dark"
  root.dataset.theme = dark ? "dark" : "light"
  document.cookie = `${settings.cookie}=${Number(dark)}; path=${settings.path}; max-age=31536000; samesite=lax`
})

// The menu: beside the page in wide windows, over it in narrow ones
const drawer = byId("drawer")
const narrow = matchMedia("(max-width: 899px)")
const label = () => {
  const open = narrow.matches ? root.classList.contains("menu-over") : !root.classList.contains("menu-off")
  drawer.setAttribute("aria-label", open ? "Close drawer" : "Open drawer")
  drawer.setAttribute("aria-expanded", String(open))
}
drawer.addEventListener("click", () => {
  root.classList.toggle(narrow.matches ? "menu-over" : "menu-off")
  label()
})
narrow.addEventListener("change", label)
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && root.classList.contains("menu-over")) { drawer.click(); drawer.focus() }
})
document.addEventListener("htmx:afterSwap", label)
byId("user").addEventListener("click", () => byId("user").setAttribute("aria-expanded", "true"))
byId("user-menu").addEventListener("toggle", (event) => {
  byId("user").setAttribute("aria-expanded", String(/** @type {any} */ (event).newState === "open"))
})
mark()
label()
