// @ts-check

/**
 * A value with the unit that stands in the name of its line, as in "power [kW]".
 * @param {number} value
 * @param {string} name
 */
export function withUnit(value, name) {
  const unit = /\[([^\]]*)\]/.exec(name)?.[1] ?? "-"
  const text = value.toLocaleString("en", {maximumFractionDigits: 4})
  return unit === "-" ? text : `${text} ${unit}`
}
