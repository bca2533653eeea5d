// @ts-check

/**
 * Let a chart that is out of sight not be painted while the time range moves: each is a canvas of its own.
 * @param {any} plot model of the chart
 * @param {any} views of all models of the page
 */
export function restOutOfSight(plot, views) {
  const view = views.find_one(plot)
  if (view == null || view.el.rests) return
  const options = {rootMargin: "120px", scrollMargin: "120px"}
  view.el.rests = new IntersectionObserver((seen) => {
    plot.setv({hold_render: !seen[seen.length - 1].isIntersecting}, {sync: false})
  }, options)
  view.el.rests.observe(view.el)
}
