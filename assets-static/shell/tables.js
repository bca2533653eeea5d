// @ts-check
// Tables to search, sort and leaf through: those of notebooks, on rows that came with the page.

const settings = JSON.parse(document.body.dataset.settings ?? "{}")
const FILTERS = ["search", "sort"]

/**
 * A model as the table takes it from Panel: properties that tell when they change.
 * @param {Record<string, any>} values
 */
function modelOf(values) {
  /** @type {Map<string, (() => void)[]>} */
  const listeners = new Map()
  /** @type {(name: string, act: () => void) => void} */
  const on = (name, act) => { listeners.set(name, [...listeners.get(name) ?? [], act]) }
  return new Proxy({...values, on}, {
    set(model, name, value) {
      Reflect.set(model, name, value)
      if (values.remember && FILTERS.includes(String(name))) remember(String(name), value)
      for (const act of listeners.get(String(name)) ?? []) act()
      return true
    },
  })
}

/**
 * Write what is searched for into the address, to be reloaded and passed on.
 * @param {string} name
 * @param {string} text
 */
function remember(name, text) {
  const search = new URLSearchParams(location.search)
  if (text) search.set(name, text)
  else search.delete(name)
  history.replaceState(history.state, "", `${location.pathname}${search.size ? `?${search}` : ""}`)
}

/** @param {HTMLElement} place */
async function show(place) {
  const told = JSON.parse(place.dataset.table ?? "{}")
  place.dataset.table = ""
  const {render} = await import(settings.rowTable)
  const asked = new URLSearchParams(location.search)
  const colours = {good: "var(--good)", warn: "var(--warn)", bad: "var(--bad)"}
  const filters = Object.fromEntries(FILTERS.map((name) => [name, told.remember ? asked.get(name) ?? "" : ""]))
  place.replaceChildren(render({model: modelOf({page_size: 25, state_colours: colours, ...told, ...filters})}))
}

const showAll = () => {
  for (const place of document.querySelectorAll("[data-table]:not([data-table=''])")) {
    show(/** @type {HTMLElement} */ (place))
  }
}
document.addEventListener("htmx:afterSwap", showAll)
showAll()
