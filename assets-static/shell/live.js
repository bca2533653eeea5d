// @ts-check
// Live parts: Bokeh documents that Python answers, mounted where a page has room for one, and taken down with it.

import {living, load} from "./library.js"

/**
 * @typedef {{session: any, views: any, document: any}} Mounted
 * @type {Map<HTMLElement, Mounted>}
 */
const mounted = new Map()
const SOON = 2000  // components that have just been mounted still do something with their models
const settings = JSON.parse(document.body.dataset.settings ?? "{}")
/** @type {Promise<any> | undefined} */
let styles

/**
 * Follow what a live part tells the page around it: its heading, and a search of the address.
 * @param {any} model
 */
function follow(model) {
  /** @param {string} name */
  const say = (name) => model.data[name]?.[0] ?? ""
  let search = say("search")
  const tell = () => {
    const detail = {heading: say("heading"), search: say("search"), moved: say("search") !== search}
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
  await Promise.all([living(), styles ??= Promise.all(settings.styles.map(load))])
  if (!host.isConnected) return
  const bokeh = /** @type {any} */ (window).Bokeh
  const {pull_session} = bokeh.require("client/connection")
  const {add_document_standalone} = bokeh.require("embed/standalone")
  const at = `${location.origin.replace("http", "ws")}${path.replace(/\/$/, "")}/ws`
  const session = await pull_session(at, token, location.search.slice(1))
  if (!host.isConnected) { session.close(); return forget(session.document) }
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
  /** @type {Mounted} */
  const part = {session, views: null, document: session.document}
  mounted.set(host, part)
  part.views = await add_document_standalone(session.document, room, [], false)
  if (!mounted.has(host)) return clear(part)
  host.querySelector(".skeleton")?.remove()
  open()
  if (model) follow(model)
}

/**
 * Leave nothing behind: no socket, no view with its listeners, and no document.
 * @param {HTMLElement} host
 */
function takeDown(host) {
  const part = mounted.get(host)
  if (!part) return
  mounted.delete(host)
  part.session.close()
  forget(part.document)
  if (part.views) clear(part)  // who leaves while it is mounted leaves it to whoever mounts it
}

/** Take a document from the list that Bokeh keeps of all it has made. @param {any} document */
function forget(document) {
  const {documents} = /** @type {any} */ (window).Bokeh, at = documents.indexOf(document)
  if (at >= 0) documents.splice(at, 1)
}

/** @param {Mounted} part */
const clear = ({views, document}) => setTimeout(() => {
  views.clear()
  document.clear({sync: false})
}, SOON)

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
