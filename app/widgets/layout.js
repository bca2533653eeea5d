// @ts-check

/**
 * Show a page that has come: its name in the window, nothing in its place any more, and the Back button followed.
 *
 * The address changes with what is shown; what is shown must follow it when a person goes back.
 * @param {string} name
 * @param {string} health address that answers once the server can serve pages
 */
export function showPage(name, health) {
  document.getElementById("first-paint")?.remove()
  document.title = name
  window.addEventListener("popstate", () => window.location.reload())
  watchConnection(health)
}

/**
 * Say when the connection to the server is lost, and load the page anew once the server answers again.
 *
 * What a page shows lives in the server: after a restart Bokeh would connect to an empty session and show nothing. The
 * address keeps what was chosen; what was typed and is still there is left for its writer to take along.
 * @param {string} health
 */
function watchConnection(health) {
  /** @type {Map<HTMLInputElement, string>} */
  const typed = new Map()
  const unsaved = () => [...typed].some(([field, before]) => field.isConnected && field.value !== before)
  document.addEventListener("focusin", (event) => {
    const field = /** @type {HTMLInputElement} */ (event.composedPath()[0])
    if (typeof field.value === "string" && !typed.has(field)) typed.set(field, field.value)
  })
  const bokeh = /** @type {any} */ (window).Bokeh?.documents[0]
  if (!bokeh) return
  bokeh.config.setv({ reconnect_session: false, notify_connection_status: false })
  bokeh.on_event("connection_lost", () => {
    const note = showLoss("The connection to the server is lost. This page comes back by itself.")
    const wait = setInterval(async () => {
      const answer = await fetch(health, { cache: "no-store" }).catch(() => null)
      if (!answer?.ok) return
      clearInterval(wait)
      if (!unsaved()) return window.location.reload()
      note.textContent = "The server is back. Copy what you typed and still need, then reload. "
      const button = note.appendChild(document.createElement("button"))
      button.textContent = "Reload"
      button.onclick = () => window.location.reload()
    }, 1000)
  })
}

/**
 * Show a line above everything else on the page.
 * @param {string} text
 * @returns {HTMLElement}
 */
function showLoss(text) {
  const note = document.body.appendChild(document.createElement("div"))
  note.id = "connection-lost"
  note.setAttribute("role", "alert")
  note.style.cssText = `position: fixed; z-index: 10000; left: 50%; bottom: 24px; transform: translateX(-50%);
    max-width: 90vw; padding: 12px 20px; border-radius: 4px; background: #323232; color: #ffffff;
    font: 16px Roboto, sans-serif; box-shadow: 0 3px 8px rgb(0 0 0 / 40%)`
  note.textContent = text
  return note
}

/**
 * Name the window after a heading, which arrives as escaped HTML.
 * @param {string} heading
 * @param {string} platform
 */
export function nameWindow(heading, platform) {
  /** @param {string} html */
  const read = (html) => (new DOMParser().parseFromString(html, "text/html").body.textContent ?? "").trim()
  document.title = `${read(read(heading))} · ${platform}`
}

/**
 * Close the menu in narrow windows, where it lies over the page.
 * @param {any} page model of the page
 */
export function closeMenu(page) {
  if (window.innerWidth < 900) page.data.sidebar_open = false
}

/**
 * Keep a choice in a cookie for a year.
 * @param {string} name
 * @param {boolean} chosen
 * @param {string} path
 */
export function keepChoice(name, chosen, path) {
  document.cookie = `${name}=${Number(chosen)}; path=${path}; max-age=31536000; samesite=lax`
}
