// @ts-check
// What was typed stays: one form is saved and the page shown anew, and what others hold is put back into them.

/** @typedef {HTMLInputElement & HTMLSelectElement} Box */
const inside = /** @type {HTMLElement} */ (document.querySelector("#page"))
/** @type {{values: Map<string, string | boolean>, open: string[]}} */
let kept = {values: new Map(), open: []}

/** @param {Box} box */
const held = (box) => box.type === "checkbox" ? box.checked : box.value

/** @param {Box} box */
function before(box) {
  if (box.type === "checkbox") return box.defaultChecked
  const chosen = box.options && ([...box.options].find((one) => one.defaultSelected) ?? box.options[0])
  return box.options ? chosen?.value : box.defaultValue
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target !== inside) return
  const {requestConfig: {path}, shouldSwap} = /** @type {any} */ (event).detail
  kept = {values: new Map(), open: []}
  if (!shouldSwap || new URL(path, location.href).pathname !== location.pathname) return
  for (const form of inside.querySelectorAll("form:not([data-sent])")) {
    for (const box of /** @type {NodeListOf<Box>} */ (form.querySelectorAll("[id]:is(input, select, textarea)"))) {
      if (box.type !== "file" && held(box) !== before(box)) kept.values.set(box.id, held(box))
    }
    if (form.id && !(/** @type {HTMLElement} */ (form)).hidden) kept.open.push(form.id)
  }
})

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== inside) return
  for (const [id, value] of kept.values) {
    const box = /** @type {Box | null} */ (document.getElementById(id))
    if (typeof value === "boolean" && box) box.checked = value
    else if (box) box.value = String(value)
  }
  for (const id of kept.open) {
    const form = document.getElementById(id)
    if (!form?.hidden) continue
    form.hidden = false
    document.querySelector(`.opener[aria-controls="${id}"]`)?.setAttribute("aria-expanded", "true")
  }
})
