// @ts-check
// A table to search, sort and leaf through; everything happens in the browser, on rows it was given once.

/**
 * What stands in one cell: a text, and what it links to, a state, whether it is code, or the number it stands for.
 * @typedef {{text?: string, href?: string, state?: string, code?: boolean, value?: number}} Cell
 */
/**
 * @typedef {{columns: string[], rows: Cell[][], search: string, sort: string, page_size: number, empty: string,
 *   file: string, state_colours: Object<string, string>, on: (name: string, act: () => void) => void}} Model
 */

/** @type {Object<string, string>} */
const SHAPES = {good: "●", warn: "▲", bad: "■", none: "○"}

/**
 * @param {string} name
 * @param {Object<string, string | boolean | null>} attributes
 * @param {(string | Node)[]} children
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "")
    else if (value !== false && value !== null) made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

/**
 * @param {Cell} cell
 * @param {Object<string, string>} stateColours
 */
function shown(cell, stateColours) {
  const text = cell.text ?? ""
  if (cell.href) return element("a", {href: cell.href}, text)
  if (cell.state) {
    const colour = stateColours[cell.state]
    const shape = element("span", {"aria-hidden": "true", style: colour ? `color:${colour}` : null}, SHAPES[cell.state])
    return element("span", {class: "light"}, shape, ` ${text}`)
  }
  return cell.code ? element("code", {}, text) : document.createTextNode(text)
}

/** @param {Cell} cell */
const key = (cell) => cell.value ?? (cell.text ?? "").toLowerCase()

/**
 * Rows that have every word that is searched for, in the order wanted.
 * @param {Model} model
 */
function found(model) {
  const words = model.search.toLowerCase().split(/\s+/).filter(Boolean)
  /** @param {Cell[]} row */
  const matches = (row) => words.every((word) => row.some((cell) => (cell.text ?? "").toLowerCase().includes(word)))
  const rows = model.rows.filter(matches)
  const down = model.sort.startsWith("-")
  const at = model.columns.indexOf(model.sort.replace(/^-/, ""))
  if (at < 0) return rows
  /** @type {(one: Cell[], other: Cell[]) => number} */
  const order = (one, other) => {
    const [a, b] = [key(one[at]), key(other[at])]
    if (typeof a === "number" && typeof b === "number") return a - b
    return `${a}`.localeCompare(`${b}`, undefined, {numeric: true})
  }
  rows.sort((one, other) => (down ? -1 : 1) * order(one, other))
  return rows
}

// Spreadsheets take a text that begins like a formula for one: an apostrophe keeps it a text, see texts.py.
const BLANKS = "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u0020\"'`\\u0085\\u00a0\\u00ad\\u1680\\u2000-\\u200f" +
  "\\u2028\\u2029\\u202f\\u205f-\\u2064\\u3000\\ufeff]*"
const SIGNS = "[=+\\-@\\uff1d\\uff0b\\uff0d\\uff20]"
const BEGINS = new RegExp(`^(?='*[\\t\\r\\n]|${BLANKS}${SIGNS})|(?<=[;\\t\\r\\n])(?=${BLANKS}${SIGNS})`, "g")
const PLAIN = /^-?$|^[+-]?\d[\d,]*(\.\d+)?$/  // a dash that stands for nothing, and numbers

/** @param {string} text */
export const quoted = (text) => {
  const safe = PLAIN.test(text) ? text : text.replace(BEGINS, "'")
  return `"${safe.replaceAll('"', '""')}"`
}

/** @param {Model} model */
function save(model) {
  const rows = found(model).map((row) => row.map((cell) => quoted(`${cell.text ?? ""}`)))
  const lines = [model.columns.map(quoted), ...rows]
  const url = URL.createObjectURL(new Blob([lines.map((line) => line.join(",")).join("\r\n")], {type: "text/csv"}))
  const link = /** @type {HTMLElement} */ (element("a", {href: url, download: model.file}))
  link.click()
  URL.revokeObjectURL(url)
}

/** @param {{model: Model}} component */
export function render({model}) {
  const field = {type: "search", "aria-label": "Search", placeholder: "Search", value: model.search}
  const search = /** @type {HTMLInputElement} */ (element("input", field))
  const count = element("span", {role: "status"})
  const bar = element("div", {class: "bar"}, search, count)
  const frame = element("div", {class: "frame", tabindex: "0"})
  const foot = element("div", {class: "bar"})
  const root = element("div", {class: "rows"}, bar, frame, foot)
  let page = 0

  /** @type {(text: string, label: string | null, act: () => void, off: boolean) => Element} */
  const button = (text, label, act, off) => {
    const made = element("button", {type: "button", "aria-label": label, disabled: off}, text)
    made.addEventListener("click", act)
    return made
  }

  /** @param {string} name */
  function head(name) {
    const down = model.sort === `-${name}`
    const sorted = down || model.sort === name
    const made = button(`${name}${sorted ? (down ? " ▼" : " ▲") : ""}`, null, () => {
      model.sort = model.sort === name ? `-${name}` : name
    }, false)
    return element("th", {scope: "col", "aria-sort": sorted ? (down ? "descending" : "ascending") : null}, made)
  }

  function draw() {
    const rows = found(model)
    const last = Math.max(Math.ceil(rows.length / model.page_size) - 1, 0)
    page = Math.min(page, last)
    const part = rows.slice(page * model.page_size, (page + 1) * model.page_size)
    /** @param {Cell[]} row */
    const line = (row) => element("tr", {}, ...row.map((cell) => element("td", {}, shown(cell, model.state_colours))))
    const body = element("tbody", {}, ...part.map(line))
    const top = element("thead", {}, element("tr", {}, ...model.columns.map(head)))
    const none = element("p", {}, model.rows.length ? "Nothing matches; search for less." : model.empty)
    frame.replaceChildren(part.length ? element("table", {}, top, body) : none)
    count.textContent = `${rows.length} of ${model.rows.length}`
    bar.style.display = model.rows.length ? "" : "none"
    /** @param {number} way */
    const leaf = (way) => () => { page += way; draw() }
    const where = element("span", {}, `Page ${page + 1} of ${last + 1}`)
    const back = button("‹", "Earlier page", leaf(-1), page === 0)
    const on = button("›", "Later page", leaf(1), page === last)
    foot.replaceChildren(back, where, on)
    foot.style.display = last ? "" : "none"
  }

  if (model.file) bar.append(button("CSV", "Save these rows as CSV", () => save(model), false))
  search.addEventListener("input", () => { page = 0; model.search = search.value })
  model.on("search", () => { if (search.value !== model.search) search.value = model.search })
  for (const name of ["rows", "columns", "search", "sort", "state_colours"]) model.on(name, draw)
  draw()
  return root
}
