// Run times, from timing.js: kept apart because they differ from build to build.
"use strict";
{
  const seconds = globalThis.onepageSeconds ?? {};
  const told = (s) => (s < 90 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : `${Math.round(s / 60)} min`);
  for (const box of document.querySelectorAll("[data-target]")) {
    const time = box.querySelector(".time"), taken = seconds[box.dataset.target];
    if (!time || taken === undefined) continue;
    time.textContent = told(taken);
    time.dataset.sort = taken;
  }
  const every = Object.values(seconds);
  if (every.length) {
    document.querySelectorAll(".timed").forEach((cell) => { cell.hidden = false; });
    const took = document.querySelector(".took");
    took.querySelector("code").textContent = told(every.reduce((sum, s) => sum + s, 0));
    took.hidden = false;
  }
}
