// @ts-check
// Filters above a table: what is chosen goes into the address, and the page is shown anew.

const PAUSE = 300  // between two keys [ms]
/** @type {number | undefined} */
let typing

/**
 * Value that stands in the address for what a field shows; null: it is none of those offered.
 * @param {HTMLInputElement} field
 */
function chosen(field) {
  if (!field.list || !field.value) return field.value
  const option = [...field.list.options].find((one) => one.value === field.value)
  return option ? option.dataset.key ?? option.value : null
}

/** @param {HTMLInputElement} field */
function choose(field) {
  const search = new URLSearchParams(location.search), value = chosen(field)
  field.setCustomValidity(value === null ? "Choose one from the list, or leave this empty." : "")
  if (value === null) return field.reportValidity()
  if ((search.get(field.name) ?? "") === value) return
  if (value) search.set(field.name, value)
  else search.delete(field.name)
  for (const name of ["page", "log-page"]) search.delete(name)  // another choice begins at its first page
  lead(`${location.pathname}${search.size ? `?${search}` : ""}`, field.form?.dataset.filter)
}

/**
 * Show what an address says: in one part of the page, or in all of it.
 * @param {string} href
 * @param {string | undefined} part
 */
function lead(href, part) {
  if (!part) return document.dispatchEvent(new CustomEvent("visit", {detail: {href, keep: true}}))
  history.replaceState(history.state, "", href)
  document.dispatchEvent(new CustomEvent("part", {detail: part}))
}

// Links to other pages of a table change the part that they stand in
document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest?.("a[data-keep]")
  const part = /** @type {HTMLElement | null | undefined} */ (link?.closest(".following"))?.dataset.part
  if (!part || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  lead(/** @type {HTMLAnchorElement} */ (link).href, part)
})

/** @param {Event} event */
const filter = (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target)
  return field.closest?.("form[data-filter]") ? field : null
}

document.addEventListener("change", (event) => {
  const field = filter(event)
  clearTimeout(typing)
  if (field) choose(field)
})
document.addEventListener("input", (event) => {
  const field = filter(event)
  if (!field || field.type !== "search") return
  clearTimeout(typing)
  typing = setTimeout(() => choose(field), PAUSE)
})
document.addEventListener("submit", (event) => { if (filter(event)) event.preventDefault() })

// A long list comes when somebody comes to its field; browsers know the time zones themselves
document.addEventListener("focusin", async (event) => {
  const {list, dataset} = /** @type {HTMLInputElement} */ (event.target)
  if (!list || list.options.length) return
  if (list.id === "zones") return list.append(...Intl.supportedValuesOf("timeZone").map((name) => new Option(name, name)))
  const search = new URLSearchParams({part: dataset.part ?? ""})
  const answer = await fetch(`${location.pathname}?${search}`, {headers: {"HX-Request": "true"}}).catch(() => null)
  if (answer?.ok) list.innerHTML = await answer.text()
})
