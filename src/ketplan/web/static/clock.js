// The clock of a dose, running on from what the server said. Without scripts the page says the minute it was
// made at; the device's own time of day plays no part in either.

const box = document.getElementById("dose-clock");
const start = Date.now() - Number(box.dataset.seconds) * 1000;
const due = box.dataset.due === undefined ? null : Number(box.dataset.due);
const time = document.getElementById("clock-time");
const until = document.getElementById("clock-due");

function waiting(minutes) {
  if (minutes > 0) return `in ${minutes} min`;
  return minutes === 0 ? "due now" : `${-minutes} ${minutes === -1 ? "minute" : "minutes"} late`;
}

function tick() {
  const seconds = Math.floor((Date.now() - start) / 1000);
  const minute = Math.floor(seconds / 60);
  time.textContent = `${minute}:${String(seconds % 60).padStart(2, "0")}`;
  if (due === null) return;
  const said = waiting(due - minute);
  // Said aloud once, when it becomes due, and not with every second.
  if (said === "due now" && until.textContent !== said) document.getElementById("clock-said").textContent = `The set of minute ${due} is due.`;
  until.textContent = said;
  box.classList.toggle("late", minute >= due);
}

tick();
setInterval(tick, 1000);
