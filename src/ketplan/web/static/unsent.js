// Keeps what is typed into a form on the server until it is sent, and puts it back after a reload or a new
// launch. Nothing of it is ever stored in the browser.

const PAUSE = 1500;
const OURS = new Set(["csrf", "keep", "unsent", "patient", "shown", "form", "about", "add", "seen"]);
const waiting = new Map();
const [, home] = location.pathname.match(/^(\/l\/[^/]+\/)/) ?? [];

const forms = !home ? [] : [...document.querySelectorAll("form[method=post]")].filter((form) => form.elements.csrf && !("unkept" in form.dataset) && editable(form).length);

function editable(form) {
  return [...form.elements].filter((field) => field.name && !["hidden", "submit", "button"].includes(field.type) && field.tagName !== "FIELDSET");
}

function key(form) {
  const address = new URL(form.action).pathname.slice(home.length);
  return `${address}|${form.elements.unsent?.value ?? ""}`;
}

function typed(form) {
  return [...new FormData(form)].filter(([name]) => !OURS.has(name));
}

function changed(form) {
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => save(form), PAUSE));
}

async function save(form) {
  if (!waiting.has(form)) return;
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  const body = new URLSearchParams({ csrf: form.elements.csrf.value, key: key(form), fields: JSON.stringify(typed(form)) });
  try {
    const answer = await fetch(`${home}unsent`, { method: "POST", body, keepalive: body.toString().length < 60000 });
    if (!answer.ok && answer.status < 500) return;
    if (!answer.ok) changed(form);
  } catch {
    changed(form);
  }
}

export function saveAll() {
  return Promise.all([...waiting.keys()].map(save));
}

function put(form, fields) {
  for (const field of editable(form)) {
    const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (["checkbox", "radio"].includes(field.type)) field.checked = values.includes(field.value);
    else if (values.length) field.value = values[0];
  }
}

function say(form, name, at) {
  const note = document.createElement("div");
  note.className = "note warn";
  note.setAttribute("role", "status");
  const words = document.createElement("p");
  words.textContent = `You typed this earlier (${at}) and did not send it. It stands in the form again. `;
  const discard = document.createElement("button");
  discard.type = "button";
  discard.className = "plain";
  discard.textContent = "Discard it";
  discard.addEventListener("click", async () => {
    clearTimeout(waiting.get(form));
    waiting.delete(form);
    await fetch(`${home}unsent/discard`, { method: "POST", redirect: "manual", body: new URLSearchParams({ csrf: form.elements.csrf.value, key: name }) });
    location.reload();
  });
  words.append(discard);
  note.append(words);
  form.prepend(note);
}

function differs(form, fields) {
  const now = typed(form).map(String).sort();
  const kept = fields.map(String).sort();
  return now.join("\n") !== kept.join("\n");
}

async function restore() {
  const answer = await fetch(`${home}unsent.json`);
  if (!answer.ok) return;
  const kept = await answer.json();
  for (const form of forms) {
    const name = key(form);
    if (!kept[name] || waiting.has(form)) continue;
    if (differs(form, kept[name].fields) || form.dataset.restored) {
      put(form, kept[name].fields);
      say(form, name, kept[name].at);
      const fold = form.closest("details");
      if (fold) fold.open = true;
    }
  }
}

for (const form of forms) {
  form.addEventListener("input", () => changed(form));
  form.addEventListener("focusout", () => save(form));
  form.addEventListener("submit", () => {
    clearTimeout(waiting.get(form));
    waiting.delete(form);
  });
}
if (forms.length) {
  addEventListener("pagehide", saveAll);
  document.addEventListener("visibilitychange", () => document.hidden && saveAll());
  // The answer to a form that came back with problems shows what was sent; that is newer than what is kept.
  if (!document.querySelector("[data-answer]")) restore();
}
