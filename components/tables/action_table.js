// @ts-check
// Rows that change: only those that are not as they were are drawn anew, so that focus and selection stay.

/** @typedef {{html: string, element: HTMLElement}} Row */

/**
 * @param {string} tag
 * @param {string} html
 */
const filled = (tag, html) => Object.assign(document.createElement(tag), {innerHTML: html})

/**
 * @param {string} key
 * @param {string} html
 * @returns {Row}
 */
function newRow(key, html) {
  const element = filled("tr", html)
  element.dataset.key = key
  return {html, element}
}

/**
 * Let the body of a table hold rows in an order, and move only what stands elsewhere.
 * @param {Element} body
 * @param {HTMLElement[]} wanted
 */
function arrange(body, wanted) {
  for (const row of [...body.children]) if (!wanted.includes(/** @type {HTMLElement} */ (row))) row.remove()
  wanted.forEach((row, at) => body.children[at] === row || body.insertBefore(row, body.children[at] ?? null))
}

/** @param {{model: any, el: HTMLElement}} component */
export function render({model, el}) {
  const root = filled("div", "")
  root.className = "facts"
  el.append(root)
  /** @type {Map<string, Row>} */
  let known = new Map()
  /** @type {string | null} */
  let head = null

  function draw() {
    if (model.lines.length === 0) {
      known = new Map(), head = null
      root.innerHTML = model.nothing
      return
    }
    if (head !== model.head) {
      known = new Map(), head = model.head
      root.innerHTML = `<table><thead>${head}</thead><tbody></tbody></table>`
    }
    /** @type {Map<string, Row>} */
    const next = new Map()
    for (const [key, html] of model.lines) {
      const before = known.get(key)
      next.set(key, before !== undefined && before.html === html ? before : newRow(key, html))
    }
    arrange(/** @type {Element} */ (root.querySelector("tbody")), [...next.values()].map((row) => row.element))
    known = next
  }

  root.addEventListener("click", (/** @type {any} */ event) => {
    const button = event.target.closest("button")
    if (button === null) return
    button.disabled = true
    setTimeout(() => { button.disabled = false }, 1500)
    model.send_msg({key: button.closest("tr").dataset.key, word: button.dataset.word})
  })
  model.on(["lines", "head", "nothing"], draw)
  draw()
}
