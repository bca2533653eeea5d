// @ts-check
// Questions before something that cannot be undone, and secrets that are shown once.

/**
 * @param {string} label of the dialog
 * @param {string} text
 */
function dialogOf(label, text) {
  const dialog = document.body.appendChild(document.createElement("dialog"))
  dialog.appendChild(document.createElement("p")).textContent = text
  dialog.setAttribute("aria-label", label)
  return dialog
}

/**
 * @param {HTMLElement} within
 * @param {string} label
 * @param {Partial<HTMLInputElement>} [look]
 */
function field(within, label, look = {}) {
  const around = within.appendChild(document.createElement("label"))
  around.textContent = label
  return Object.assign(around.appendChild(document.createElement("input")), look)
}

/**
 * @param {HTMLElement} within
 * @param {string} text
 * @param {() => void} act
 */
function button(within, text, act) {
  const made = within.appendChild(document.createElement("button"))
  return Object.assign(made, {type: "button", textContent: text, onclick: act})
}

document.addEventListener("question", (event) => {
  const {text, agree, typed, resolve} = /** @type {CustomEvent} */ (event).detail
  const dialog = dialogOf(agree, text)
  const word = typed ? field(dialog, `Type ${typed} to confirm`) : null
  const yes = button(dialog, agree, () => { resolve(true); dialog.close() })
  yes.className = "danger"
  button(dialog, "Go back", () => dialog.close())
  const allow = () => { yes.disabled = word !== null && word.value.trim() !== typed }
  word?.addEventListener("input", allow)
  allow()
  dialog.addEventListener("close", () => { resolve(false); dialog.remove() })
  dialog.showModal()
})

document.addEventListener("done", (event) => {
  const {secret} = /** @type {CustomEvent} */ (event).detail
  if (!secret) return
  const [name, text] = secret
  const dialog = dialogOf("Shown once", "Copy this now. It will not be shown again.")
  const shown = field(dialog, name, {value: text, readOnly: true})
  button(dialog, "Copy", async () => {
    shown.select()
    await navigator.clipboard.writeText(text).catch(() => document.execCommand("copy"))
  })
  button(dialog, "Close", () => dialog.close())
  dialog.addEventListener("close", () => dialog.remove())
  dialog.showModal()
  shown.select()
})
