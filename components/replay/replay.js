// @ts-check

/**
 * Let keys move a player, in the browser that plays, while the replay is visible and nobody is writing.
 * @param {any} player its model; the one of a page's own look keeps its state in data
 * @param {any} plot model of the first chart
 * @param {any} views of all models of the page
 */
export function followKeys(player, plot, views) {
  const view = views.find_one(plot)
  if (view == null || view.el.keyed) return
  view.el.keyed = true
  const state = player.data ?? player
  const acts = actions(state)
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    if (!view.el.isConnected) return document.removeEventListener("keydown", pressed)
    const other = event.ctrlKey || event.metaKey || event.altKey || !(event.key in acts)
    const taken = event.composedPath().some(event.key.length > 1 || event.key === " " ? isMovedBy : isWrittenIn)
    if (other || state.disabled || !view.el.checkVisibility() || taken) return
    event.preventDefault()
    acts[event.key]()
  }
  document.addEventListener("keydown", pressed)
}

/** @param {any} part */
const isWrittenIn = (part) => part.isContentEditable || part.matches?.("input:not([type=range]), textarea, select")

/** Whether space and arrows have a meaning of their own there. @param {any} part */
const isMovedBy = (part) =>
  isWrittenIn(part) || part.matches?.("input, button, summary, [role=slider], [role=combobox]")

/**
 * What each key does.
 * @param {any} state
 * @returns {Object<string, () => void>}
 */
function actions(state) {
  /** @param {() => void} then */
  const stopFirst = (then) => {
    if (state.direction === 0) return then()
    state.direction = 0
    setTimeout(then, state.interval)  // a step that is on its way comes first
  }
  const play = () => {
    if (state.direction === 0 && state.value >= state.end) state.value = state.start
    state.direction = state.direction === 0 ? 1 : 0
  }
  const next = () => stopFirst(() => { state.value = Math.min(state.value + 1, state.end) })
  return {
    p: play, " ": play, n: next, ArrowRight: next,
    ArrowLeft: () => stopFirst(() => { state.value = Math.max(state.value - 1, state.start) }),
    s: () => stopFirst(() => { state.value = state.end }),
  }
}
