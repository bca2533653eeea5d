// @ts-check

/**
 * Let the buttons of a legend hide and show what they name.
 * @param {any} heading model that holds the legend
 * @param {Object<string, any[]>} lines glyphs that belong to each button
 * @param {any} views of all models of the page
 */
export function hideOnClick(heading, lines, views) {
  const legend = views.find_one(heading)?.shadow_el
  if (legend == null || legend.hides) return
  legend.hides = true
  legend.addEventListener("click", (/** @type {any} */ event) => {
    const button = event.target.closest("[data-line]")
    if (button == null) return
    const shown = button.getAttribute("aria-pressed") !== "true"
    button.setAttribute("aria-pressed", shown)
    for (const part of lines[button.dataset.line]) part.visible = shown
  })
}
