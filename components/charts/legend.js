// @ts-check

/**
 * Let the buttons of a legend hide and show what they name; two clicks show one line alone.
 * @param {any} heading model that holds the legend
 * @param {Object<string, any[]>} lines glyphs that belong to each button
 * @param {any} views of all models of the page
 */
export function hideOnClick(heading, lines, views) {
  const legend = views.find_one(heading)?.shadow_el
  if (legend == null || legend.hides) return
  legend.hides = true
  /** @param {any} button @param {boolean} shown */
  const show = (button, shown) => {
    button.setAttribute("aria-pressed", String(shown))
    for (const part of lines[button.dataset.line]) part.visible = shown
  }
  const buttons = () => [...legend.querySelectorAll("[data-line]")]
  legend.addEventListener("click", (/** @type {any} */ {target}) => {
    const button = target.closest("[data-line]"), all = target.closest("[data-all]")
    if (button != null) show(button, button.getAttribute("aria-pressed") !== "true")
    if (all != null) for (const each of buttons())
      if (!each.closest("li").hidden) show(each, all.dataset.all === "shown")
  })
  legend.addEventListener("dblclick", (/** @type {any} */ {target}) => {
    const button = target.closest("[data-line]")
    if (button != null) for (const each of buttons()) show(each, each === button)
  })
  keepChooser(legend)
}

/**
 * Let a chooser of many lines filter them by what is typed, and stay as it is when the legend is written anew.
 * @param {any} legend
 */
function keepChooser(legend) {
  let open = false, typed = ""
  const filter = () => {
    for (const item of legend.querySelectorAll("details li"))
      item.hidden = !item.textContent.toLowerCase().includes(typed.toLowerCase())
  }
  legend.addEventListener("input", (/** @type {any} */ {target}) => { typed = target.value; filter() })
  legend.addEventListener("toggle", (/** @type {any} */ {target}) => { open = target.open }, true)
  new MutationObserver(() => {
    const chooser = legend.querySelector("details")
    if (chooser == null || chooser.open === open) return
    chooser.open = open
    chooser.querySelector("input").value = typed
    filter()
  }).observe(legend, {childList: true, subtree: true})
}
