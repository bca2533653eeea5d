// @ts-check
// The editor of the charts of an asset: rows with a title and sensors, previewed at once in the charts below.

const SOON = 300
let turn = 0

/** @param {Element} editor */
const rows = (editor) => /** @type {HTMLElement[]} */ ([...editor.querySelectorAll(".chart-rows > .chart-row")])

/** What the editor says: charts as they were, and their titles and sensors as they are now. @param {Element} editor */
const edited = (editor) => JSON.stringify(rows(editor).map((row) => ({
  entry: JSON.parse(row.dataset.entry ?? "[]"),
  title: /** @type {HTMLInputElement} */ (row.querySelector("[name=title]")).value,
  sensors: [...row.querySelectorAll("li")].map((chip) => Number(chip.dataset.sensor)),
})))

/** Number the rows, keep what is to be saved, and let the charts show it. @param {Element} editor */
function change(editor, shown = true) {
  rows(editor).forEach((row, at, all) => {
    row.querySelector("legend")?.replaceChildren(`Chart ${at + 1}`)
    row.querySelector("[name=title]")?.setAttribute("aria-label", `Title of chart ${at + 1}`)
    row.querySelector("[name=add]")?.setAttribute("aria-label", `Add a sensor to chart ${at + 1}`)
    const [up, down, away] = /** @type {HTMLButtonElement[]} */ ([...row.querySelectorAll("[data-move], [data-away]")])
    up.disabled = at === 0
    down.disabled = at === all.length - 1
    up.setAttribute("aria-label", `Move chart ${at + 1} up`)
    down.setAttribute("aria-label", `Move chart ${at + 1} down`)
    away.setAttribute("aria-label", `Remove chart ${at + 1}`)
  })
  const text = edited(editor)
  const kept = /** @type {HTMLInputElement} */ (editor.querySelector("[data-name=entries] input"))
  kept.value = text
  clearTimeout(turn)
  const preview = () => document.dispatchEvent(new CustomEvent("charts:preview", {detail: {plan: text}}))
  if (shown) turn = setTimeout(preview, SOON)
}

/** @param {HTMLElement} row @param {string} name of a sensor that is offered */
function addSensor(row, name) {
  const options = /** @type {HTMLOptionElement[]} */ ([...document.querySelectorAll("#offered option")])
  const key = options.find((option) => option.value === name)?.dataset.sensor
  if (key === undefined || row.querySelector(`li[data-sensor="${key}"]`)) return key !== undefined
  const chip = document.createElement("li"), button = document.createElement("button")
  chip.dataset.sensor = key
  Object.assign(button, {type: "button", textContent: "×"})
  button.dataset.remove = ""
  button.setAttribute("aria-label", `Remove ${name}`)
  chip.append(`${name} `, button)
  row.querySelector("ul")?.append(chip)
  return true
}

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target), editor = target.closest(".graph-editor")
  const row = /** @type {HTMLElement | null} */ (target.closest(".chart-row"))
  if (editor == null || !target.matches("button:not([type=submit])")) return
  const {move} = target.dataset
  if (target.matches("[data-remove]")) target.closest("li")?.remove()
  if (target.matches("[data-away]")) row?.remove()
  if (move === "-1") row?.previousElementSibling?.before(row)
  if (move === "1") row?.nextElementSibling?.after(row)
  if (target.matches("[data-add]")) {
    const fresh = /** @type {HTMLTemplateElement} */ (editor.querySelector("template")).content.cloneNode(true)
    editor.querySelector(".chart-rows")?.append(fresh)
    const title = /** @type {HTMLElement} */ (rows(editor).at(-1)?.querySelector("[name=title]"))
    title.focus()
  }
  if (move) target.focus()
  change(editor, !target.matches("[data-add]"))
})
document.addEventListener("input", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target), editor = input.closest(".graph-editor")
  const row = /** @type {HTMLElement | null} */ (input.closest(".chart-row"))
  if (editor == null || row == null) return
  if (input.name === "add" && addSensor(row, input.value)) input.value = ""
  else if (input.name === "add") return
  change(editor)
})
document.addEventListener("keydown", (event) => {
  const input = /** @type {HTMLElement} */ (event.target)
  if (event.key === "Enter" && input.matches(".chart-row input")) event.preventDefault()  // it would save too early
})
const begin = () => {
  const editor = document.querySelector(".graph-editor")
  if (editor != null) change(editor, false)
}
document.addEventListener("htmx:afterSwap", begin)
begin()
