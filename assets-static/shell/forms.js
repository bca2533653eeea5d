// @ts-check
// Forms and buttons that do something: values are sent as JSON, and what is wrong is said at its field; what was typed
// stays. Forms that upload a file send it as it is.

const htmx = /** @type {any} */ (window).htmx
/** @type {HTMLElement | null} the form whose answer is awaited */
let sent = null
/** @type {{word: string, values: Record<string, any>}} what was asked for last */
let last = {word: "", values: {}}

/**
 * Value of a field, now or as it was shown.
 * @param {HTMLElement} field
 * @param {boolean} [before]
 */
function value(field, before = false) {
  /** @type {(box: HTMLInputElement) => boolean} */
  const ticked = (box) => before ? box.defaultChecked : box.checked
  const boxes = /** @type {HTMLInputElement[]} */ ([...field.querySelectorAll("input[type=checkbox]")])
  if (field.dataset.kind === "flag") return ticked(boxes[0])
  if (field.dataset.kind === "choices") return boxes.filter(ticked).map((box) => JSON.parse(box.value))
  const select = field.querySelector("select")
  if (!select) {
    const input = /** @type {HTMLInputElement} */ (field.querySelector("input, textarea"))
    return before ? input.defaultValue : input.value
  }
  const options = [...select.options]
  const chosen = before ? options.find((one) => one.defaultSelected) ?? options[0] : select.selectedOptions[0]
  return chosen ? JSON.parse(chosen.value) : null
}

/** @param {Element} form */
const fields = (form) => /** @type {HTMLElement[]} */ ([...form.querySelectorAll(".field")])

/**
 * Ask the server to do something; it answers with the page as it is then, or with a question.
 * @param {string} word
 * @param {Record<string, any>} values
 * @param {boolean} [agreed] whether the question was answered
 */
async function send(word, values, agreed = false) {
  last = {word, values}
  const search = new URLSearchParams(location.search)
  search.set("do", word)
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? ""
  await htmx.ajax("POST", `${location.pathname}?${search}`, {
    target: "#page", source: "#page", swap: "innerHTML",
    values: {values: JSON.stringify(values), ...agreed ? {agreed: "yes"} : {}},
    headers: {"X-XSRFToken": decodeURIComponent(token)},
  })
}

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target)
  if (!form.dataset.do) return
  event.preventDefault()
  const changed = form.dataset.flex ? [] : fields(form).filter((one) => form.dataset.whole ||
    JSON.stringify(value(one)) !== JSON.stringify(value(one, true)))
  const values = form.dataset.flex ? Object.fromEntries(new FormData(form))
    : Object.fromEntries(changed.map((one) => [one.dataset.name, value(one)]))
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"))
  button.disabled = true  // a second click would save twice
  sent = form
  form.dataset.sent = "yes"
  try {
    await send(form.dataset.do, values)
  } finally {  // what did not reach the server is still only typed
    button.disabled = false
    delete form.dataset.sent
  }
})

document.addEventListener("refused", (event) => {
  const {text, fields: wrong} = /** @type {CustomEvent} */ (event).detail
  if (!sent?.isConnected) return show(text)
  const labels = []
  for (const field of fields(sent)) {
    const problem = wrong[field.dataset.name ?? ""]
    const help = /** @type {HTMLElement} */ (field.querySelector(".help"))
    help.textContent = problem ?? help.dataset.help ?? ""
    field.classList.toggle("wrong", problem !== undefined)
    for (const input of field.querySelectorAll("input, select, textarea")) {
      input.toggleAttribute("aria-invalid", problem !== undefined)
    }
    if (problem !== undefined) labels.push(field.querySelector("label, legend")?.textContent?.trim())
  }
  const all = labels.length > 0 && labels.length === Object.keys(wrong).length
  const message = /** @type {HTMLElement} */ (sent.querySelector(".message"))
  message.textContent = all ? `Not saved: check ${labels.join(", ")}.` : text
  if (all) /** @type {HTMLElement} */ (sent.querySelector("[aria-invalid]")).focus()
})

/** @param {string} text */
const show = (text) => document.dispatchEvent(new CustomEvent("toast", {detail: {text, kind: "warning"}}))

document.addEventListener("click", async (event) => {
  const pressed = /** @type {Element} */ (event.target)
  const opener = pressed.closest(".opener")
  if (opener) {
    const panel = /** @type {HTMLElement} */ (document.getElementById(opener.getAttribute("aria-controls") ?? ""))
    panel.hidden = !panel.hidden
    opener.setAttribute("aria-expanded", String(!panel.hidden))
  }
  const button = /** @type {HTMLButtonElement | null} */ (pressed.closest("button[data-do]"))
  if (!button) return
  const {do: word = "", key = "", question, agree = "Yes", typed = ""} = button.dataset
  if (question && !await agreed({text: question, agree, typed})) return
  sent = null
  button.disabled = true
  await send(word, key ? {key} : {})
  button.disabled = false
})

document.addEventListener("asked", async (event) => {
  const {word, values} = last
  if (await agreed(/** @type {CustomEvent} */ (event).detail)) await send(word, values, true)
})

/**
 * Ask before something that cannot be undone.
 * @param {{text: string, agree: string, typed: string}} question
 * @returns {Promise<boolean>}
 */
const agreed = (question) => new Promise((resolve) => {
  document.dispatchEvent(new CustomEvent("question", {detail: {...question, resolve}}))
})
