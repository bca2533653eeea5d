// @ts-check
// The scripts of charts and live parts, each loaded once for as long as the document lives.

const settings = JSON.parse(document.body.dataset.settings ?? "{}")
const PLAIN = /\/bokeh(-widgets)?(\.min)?\.js/  // all that charts need which no server answers
/** @type {Promise<any> | undefined} */
let plain
/** @type {Promise<any> | undefined} */
let whole

/** Load a script or style sheet. @param {string} address */
export const load = (address) => new Promise((resolve, reject) => {
  const style = address.split("?")[0].endsWith(".css")
  const element = style ? document.createElement("link") : document.createElement("script")
  if (element instanceof HTMLLinkElement) Object.assign(element, {rel: "stylesheet", href: address})
  else Object.assign(element, {src: address, async: false})
  element.addEventListener("load", resolve)
  element.addEventListener("error", () => reject(new Error(`${address} cannot be loaded`)))
  document.head.append(element)
})

async function loadPlain() {
  await Promise.all(settings.library.filter((/** @type {string} */ one) => PLAIN.test(one)).map(load))
  const bokeh = /** @type {any} */ (window).Bokeh
  bokeh.set_log_level("warn")
  return bokeh
}

async function loadWhole() {
  const bokeh = /** @type {any} */ (window)
  bokeh.esmsInitOptions = {shimMode: true}
  await (plain ??= loadPlain())
  await Promise.all(settings.library.filter((/** @type {string} */ one) => !PLAIN.test(one)).map(load))
  // The browser keeps compiled what it imports itself; the shim would read and rewrite the whole library each time,
  // and is left to modules that need its map of names.
  const shim = bokeh.importShim
  /** @type {(address: string, ...more: any[]) => Promise<any>} */
  const direct = async (address, ...more) => {
    try {
      return await import(new URL(address, document.baseURI).href)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return shim(address, ...more)
    }
  }
  if (shim) bokeh.importShim = Object.assign(direct, shim)
}

/** The scripts of charts. @returns {Promise<any>} Bokeh */
export const charting = () => plain ??= loadPlain()
/** The scripts of live parts. */
export const living = () => whole ??= loadWhole()

// The first click on a chart should not wait for scripts that could have come while somebody read a table
requestIdleCallback(() => charting().then(living), {timeout: 3000})
