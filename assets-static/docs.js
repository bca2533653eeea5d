"use strict";
// Shows openapi.json of this server and sends requests to it; nothing comes from elsewhere.

function made(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function resolved(schema, spec) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.slice(2).split("/").reduce((place, key) => place[key], spec);
}

function kind(schema) {
  if (!schema) return "";
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return schema.anyOf.map(kind).filter((name) => name !== "null").join(" or ");
  return schema.format || (Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type) || "any";
}

function example(schema, spec) {
  const fields = Object.entries(resolved(schema, spec).properties || {});
  const needed = new Set(resolved(schema, spec).required || []);
  const some = { "date-time": "2026-03-01T00:00:00+01:00", duration: "PT1H", number: 1, integer: 1, boolean: false, array: [], object: {} };
  const value = (field) => (kind(field).includes("number") && kind(field).includes("array") ? [1, 2] : some[kind(field).split(" or ")[0]] ?? "");
  return Object.fromEntries(fields.filter(([name]) => needed.has(name)).map(([name, field]) => [name, value(field)]));
}

function fieldTable(schema, spec) {
  const needed = new Set(resolved(schema, spec).required || []);
  const rows = Object.entries(resolved(schema, spec).properties || {}).map(([name, field]) =>
    made("tr", {}, made("td", {}, made("code", { textContent: name + (needed.has(name) ? " *" : "") })),
      made("td", { textContent: kind(field) }), made("td", { textContent: field.description || "" })));
  return made("table", {}, ...rows);
}

function parameterRow(parameter, inputs) {
  const field = made("input", { ariaLabel: parameter.name, required: parameter.required });
  inputs.push([parameter, field]);
  return made("tr", {}, made("td", {}, made("code", { textContent: parameter.name + (parameter.required ? " *" : "") })),
    made("td", { textContent: `${kind(parameter.schema)} (${parameter.in})` }),
    made("td", { textContent: parameter.description || "" }), made("td", {}, field));
}

async function send(path, method, inputs, body, shown) {
  let address = path;
  const query = new URLSearchParams();
  for (const [parameter, field] of inputs) {
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(field.value));
    else if (field.value !== "") query.set(parameter.name, field.value);
  }
  const headers = { "Content-Type": "application/json" };
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = token;
  const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
  if (xsrf) headers["X-Xsrftoken"] = decodeURIComponent(xsrf[1]);
  const root = new URL("../../", location.href).pathname.replace(/\/$/, "");
  const answer = await fetch(root + address + (query.size ? `?${query}` : ""), { method: method.toUpperCase(), headers, body: body ? body.value : undefined });
  const text = await answer.text();
  let told = text;
  try { told = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON: shown as it came */ }
  shown.textContent = `${answer.status} ${answer.statusText}\n\n${told.slice(0, 20000)}`;
}

function operation(path, method, told, spec) {
  const inputs = [];
  const content = made("div", {}, made("p", { className: "soft", textContent: told.description || "" }));
  if (told.parameters.length) content.append(made("table", {}, ...told.parameters.map((parameter) => parameterRow(parameter, inputs))));
  const json = told.requestBody?.content["application/json"];
  const body = json ? made("textarea", { ariaLabel: "Body", value: JSON.stringify(example(json.schema, spec), null, 2) }) : null;
  if (json) content.append(made("h3", { textContent: "Body" }), fieldTable(json.schema, spec), body);
  const shown = made("pre", { textContent: Object.entries(told.responses).map(([code, one]) => `${code}  ${one.description}`).join("\n") });
  const button = made("button", { textContent: "Send", type: "button" });
  button.addEventListener("click", () => send(path, method, inputs, body, shown).catch((error) => { shown.textContent = String(error); }));
  content.append(button, shown);
  const head = made("summary", {}, made("span", { className: "method", textContent: method.toUpperCase() }),
    made("code", { textContent: path }), made("span", { className: "soft", textContent: ` ${told.summary}` }));
  return made("details", {}, head, content);
}

async function show() {
  const spec = await (await fetch("openapi.json")).json();
  document.getElementById("about").textContent = `Version ${spec.info.version}. ${spec.info.description}`;
  const groups = new Map();
  for (const [path, methods] of Object.entries(spec.paths))
    for (const [method, told] of Object.entries(methods)) {
      if (!groups.has(told.tags[0])) groups.set(told.tags[0], []);
      groups.get(told.tags[0]).push(operation(path, method, told, spec));
    }
  const main = document.getElementById("operations");
  for (const [name, entries] of groups) main.append(made("section", {}, made("h2", { textContent: name }), ...entries));
  document.getElementById("search").addEventListener("input", (event) => {
    const word = event.target.value.toLowerCase();
    for (const entry of main.querySelectorAll("details")) entry.hidden = !entry.querySelector("summary").textContent.toLowerCase().includes(word);
    for (const section of main.querySelectorAll("section")) section.hidden = !section.querySelector("details:not([hidden])");
  });
}

show().catch((error) => { document.getElementById("about").textContent = `The specification cannot be read: ${error}`; });
