// @ts-check

/**
 * Let the line between past and future, and the shade behind it, move on as time goes by.
 * @param {any} line
 * @param {any} shade
 */
export function keepTime(line, shade) {
  if (!line.visible || line.moves) return
  const behind = Date.now() - line.location
  line.moves = setInterval(() => {
    if (line.document == null) { clearInterval(line.moves); return }
    const now = Date.now() - behind
    line.setv({location: now}, {sync: false})
    shade.setv({left: now}, {sync: false})
  }, 20000)
}
