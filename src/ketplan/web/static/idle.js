// Warns before the session ends, keeps it alive while somebody works in any tab, and leaves the page when it
// has ended, so that nothing about a patient stays on an unattended screen.

import { saveAll } from "./unsent.js";

const box = document.getElementById("idle");
const once = 30000;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("ketplan") : null;
const milliseconds = (text) => Number(text) * 1000;
const warn = milliseconds(box.dataset.warn);
let idleEnd, latestEnd, lastUse, asked, said;

function learn({ idle, latest }) {
  idleEnd = Date.now() + milliseconds(idle);
  latestEnd = Date.now() + milliseconds(latest);
  if (remaining() > warn && box.open) box.close();
}

function remaining() {
  return Math.min(idleEnd, latestEnd) - Date.now();
}

async function ask(address, options) {
  try {
    const answer = await fetch(address, options);
    if (answer.ok) learn(await answer.json());
    else if (answer.status === 404) leave();
  } catch {
    // No network: the page's own clock goes on and ends it in time.
  }
}

function stay() {
  lastUse = Date.now();
  return ask(box.dataset.stay, { method: "POST", body: new URLSearchParams({ csrf: box.dataset.csrf }) });
}

function used() {
  if (Date.now() - lastUse < once) return;
  tabs?.postMessage("used");
  stay();
}

function leave() {
  document.body.hidden = true;
  location.replace(box.dataset.here);
}

function show() {
  const cannot = latestEnd - Date.now() <= warn;
  box.querySelector(".idle-unused").hidden = cannot;
  box.querySelector(".idle-over").hidden = !cannot;
  document.getElementById("idle-stay").textContent = cannot ? "Go on until then" : "Stay";
  said = null;
  box.showModal();
}

function count() {
  const seconds = Math.max(0, Math.ceil(remaining() / 1000));
  document.getElementById("idle-count").textContent = `${seconds} seconds left`;
  // A screen reader is told now and then, not every second.
  const step = [10, 30].find((limit) => seconds <= limit);
  if (step && step !== said) document.getElementById("idle-said").textContent = `${seconds} seconds left`;
  said = step ?? said;
}

async function tick() {
  const left = remaining();
  if (left > warn) {
    asked = false;
  } else if (!asked) {
    asked = true;
    await saveAll();
    await ask(box.dataset.left);
    if (remaining() <= warn) show();
  } else if (left <= 0) {
    await ask(box.dataset.left);
    if (remaining() <= 0) leave();
  }
  if (box.open) count();
}

// A page that is open goes on being readable; it says that nothing can be sent.
function network() {
  document.getElementById("offline").hidden = navigator.onLine;
  if (navigator.onLine) saveAll();
}

learn(box.dataset);
addEventListener("offline", network);
addEventListener("online", network);
lastUse = Date.now();
for (const kind of ["pointerdown", "keydown", "input", "wheel"]) addEventListener(kind, used, { passive: true });
tabs?.addEventListener("message", () => Date.now() - lastUse >= once && stay());
document.getElementById("idle-stay").addEventListener("click", async () => {
  box.close();
  await stay();
});
box.addEventListener("cancel", stay);
// A page that the browser kept aside and shows again may belong to a session that has ended meanwhile.
addEventListener("pageshow", (event) => event.persisted && ask(box.dataset.left));
setInterval(tick, 1000);
