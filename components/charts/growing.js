// @ts-check

/**
 * Ask for more charts, by the tags of their stack, once the last one or the room below it is close to the window.
 *
 * What a person has scrolled past counts as seen: who jumps to the end wants all that comes before it as well. The room
 * is watched for browsers that know no scrollMargin: where a part of the page scrolls, only what is in the window.
 * @param {{stack: any, last: any, room: any}} models
 * @param {any} views of all models of the page
 */
export function askNearEnd({stack, last, room}, views) {
  const [chart, space] = [last, room].map((model) => views.find_one(model)?.el)
  if (chart == null || chart.asks) return
  const margin = "1000000px 0px 150px 0px"
  const options = {rootMargin: margin, scrollMargin: margin}
  chart.asks = new IntersectionObserver((seen) => {
    if (!seen.some((part) => part.isIntersecting)) return
    chart.asks.disconnect()
    stack.tags = [last.id]
  }, options)
  for (const part of [chart, space]) if (part != null) chart.asks.observe(part)
}
