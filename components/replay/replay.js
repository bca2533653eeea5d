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
    if (other || state.disabled || !view.el.checkVisibility() || event.composedPath().some(isWrittenIn)) return
    acts[event.key]()
  }
  document.addEventListener("keydown", pressed)
}

/** @param {any} part */
const isWrittenIn = (part) => part.isContentEditable || part.matches?.("input:not([type=range]), textarea, select")

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
  return {
    p: () => { state.direction = state.direction === 0 ? 1 : 0 },
    n: () => stopFirst(() => { state.value = Math.min(state.value + 1, state.end) }),
    s: () => stopFirst(() => { state.value = state.end }),
  }
}
