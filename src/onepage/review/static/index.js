// Run times, from timing.js: kept apart because they differ from build to build.
"use strict";
{
  const seconds = globalThis.onepageSeconds ?? {};
  const told = (s) => (s < 90 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : `${Math.round(s / 60)} min`);
  for (const box of document.querySelectorAll("[data-target]")) {
    const time = box.querySelector(".time"), known = box.dataset.target.split(" ").filter((name) => name in seconds);
    if (!time || !known.length) continue;
    const taken = known.reduce((sum, name) => sum + seconds[name], 0);
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
  // What a box of the map reads, and what reads it
  const map = document.querySelector(".map");
  const light = (event) => {
    const node = event.target.closest?.("[data-node]")?.dataset.node;
    for (const edge of map.querySelectorAll(".edge"))
      edge.classList.toggle("lit", event.type !== "focusout" && event.type !== "pointerleave" && edge.dataset.ends.split(" ").includes(node));
  };
  for (const kind of ["pointerover", "pointerleave", "focusin", "focusout"]) map.addEventListener(kind, light);
}
