// @ts-check
// Before the page is drawn: dark where the system is, until the visitor chooses by the button of the frame.

const own = /** @type {HTMLScriptElement} */ (document.currentScript)
const {cookie = "", path = "/"} = own.dataset
const kept = document.cookie.split("; ").find((each) => each.startsWith(`${cookie}=`))?.slice(cookie.length + 1)
if (!kept || kept.endsWith("s")) {
  // With an s, as the system has it: without an end, and read anew with each document. Live parts learn it by the cookie.
  const dark = matchMedia("(prefers-color-scheme: dark)").matches
  document.documentElement.dataset.theme = dark ? "dark" : "light"
  document.cookie = `${cookie}=${Number(dark)}s; path=${path}; samesite=lax`
}
