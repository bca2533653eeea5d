// @ts-check
// Live parts: Bokeh documents that Python answers, mounted where a page has room for one, and taken down with it.

/**
 * @typedef {{session: any, views: any, document: any}} Mounted
 * @type {Map<HTMLElement, Mounted>}
 */
const mounted = new Map()
const settings = JSON.parse(document.body.dataset.settings ?? "{}")
/** @type {Promise<any> | undefined} */
let library
/** @type {Promise<any> | undefined} */
let styles

/** @param {string} address */
const load = (address) => new Promise((resolve, reject) => {
  const style = address.split("?")[0].endsWith(".css")
  const element = style ? document.createElement("link") : document.createElement("script")
  if (element instanceof HTMLLinkElement) Object.assign(element, {rel: "stylesheet", href: address})
  else Object.assign(element, {src: address, async: false})
  element.addEventListener("load", resolve)
  element.addEventListener("error", () => reject(new Error(`${address} cannot be loaded`)))
  document.head.append(element)
})

/** Load the scripts of live parts, once for as long as the document lives. */
async function loadLibrary() {
  const bokeh = /** @type {any} */ (window)
  bokeh.esmsInitOptions = {shimMode: true}
  await Promise.all(settings.library.map(load))
  bokeh.Bokeh.set_log_level("warn")
  // The browser keeps compiled what it imports itself; the shim would read and rewrite the whole library each time,
  // and is left to modules that need its map of names.
  const shim = bokeh.importShim
  /** @type {(address: string, ...more: any[]) => Promise<any>} */
  const direct = async (address, ...more) => {
    try {
      return await import(new URL(address, document.baseURI).href)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return shim(address, ...more)
    }
  }
  if (shim) bokeh.importShim = Object.assign(direct, shim)
}

/**
 * Follow what a live part tells the page around it: its heading, a search of the address, where to go.
 * @param {any} model
 */
function follow(model) {
  /** @param {string} name */
  const say = (name) => model.data[name]?.[0] ?? ""
  let search = say("search")
  const tell = () => {
    const detail = {heading: say("heading"), href: say("href"), search: say("search"), moved: say("search") !== search}
    search = detail.search
    document.dispatchEvent(new CustomEvent("live:told", {detail}))
  }
  model.connect(model.properties.data.change, tell)
  tell()
}

/**
 * @param {HTMLElement} host element with token and path of a session
 */
async function mount(host) {
  const {token, path} = JSON.parse(host.dataset.live ?? "{}")
  host.dataset.live = ""  // it is mounted once
  await Promise.all([library ??= loadLibrary(), styles ??= Promise.all(settings.styles.map(load))])
  if (!host.isConnected) return
  const bokeh = /** @type {any} */ (window).Bokeh
  const {pull_session} = bokeh.require("client/connection")
  const {add_document_standalone} = bokeh.require("embed/standalone")
  const at = `${location.origin.replace("http", "ws")}${path.replace(/\/$/, "")}/ws`
  const session = await pull_session(at, token, location.search.slice(1))
  if (!host.isConnected) return session.close()
  const model = session.document.get_model_by_name("page")
  session.document.config.setv({reconnect_session: false, notify_connection_status: false}, {sync: false})
  session.document.on_event("connection_lost", () => {
    if (mounted.has(host)) document.dispatchEvent(new CustomEvent("live:lost"))
  })
  const room = document.createElement("div")
  // Python forgets what is changed before it hears that all is drawn: nothing can be pressed until then
  room.inert = true
  const open = () => { if (session.document.is_idle) room.inert = false }
  session.document.idle.connect(open)
  host.prepend(room)
  const views = await add_document_standalone(session.document, room, [], false)
  mounted.set(host, {session, views, document: session.document})
  if (!host.isConnected) return takeDown(host)
  host.querySelector(".skeleton")?.remove()
  open()
  if (model) follow(model)
}

/**
 * Leave nothing behind: no socket, no view with its listeners, and no document.
 * @param {HTMLElement} host
 */
function takeDown(host) {
  const parts = mounted.get(host)
  if (!parts) return
  mounted.delete(host)
  const bokeh = /** @type {any} */ (window).Bokeh
  parts.session.close()
  parts.views.clear()
  parts.document.clear({sync: false})
  bokeh.documents.splice(bokeh.documents.indexOf(parts.document), 1)
}

/** @param {Element} within */
function mountAll(within) {
  for (const host of within.querySelectorAll("[data-live]:not([data-live=''])")) {
    mount(/** @type {HTMLElement} */ (host)).catch((error) => {
      console.warn("A live part cannot be mounted", error)
      document.dispatchEvent(new CustomEvent("live:lost"))
    })
  }
}

document.addEventListener("htmx:beforeCleanupElement", (event) => {
  takeDown(/** @type {HTMLElement} */ (event.target))
})
document.addEventListener("htmx:afterSwap", (event) => mountAll(/** @type {Element} */ (event.target)))
mountAll(document.body)
// The first click on a chart should not wait for scripts that could have come while somebody read a table
if (!library) requestIdleCallback(() => { library ??= loadLibrary() }, {timeout: 3000})
