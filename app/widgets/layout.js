// @ts-check

/**
 * Show a page that has come: its name in the window, nothing in its place any more, and the Back button followed.
 *
 * The address changes with what is shown; what is shown must follow it when a person goes back.
 * @param {string} name
 */
export function showPage(name) {
  document.getElementById("first-paint")?.remove()
  document.title = name
  window.addEventListener("popstate", () => window.location.reload())
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
