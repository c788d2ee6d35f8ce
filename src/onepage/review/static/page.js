// Every page: folded code, figures under a lens, tables that sort. The page is whole without this.
"use strict";
document.documentElement.classList.add("js");

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// c: all code at once; n and p: from result to result
const typing = (event) => event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog[open]");
document.addEventListener("keydown", (event) => {
  if (typing(event)) return;
  if (event.key === "c") {
    const folds = [...document.querySelectorAll("details.code")];
    const open = !folds.some((fold) => fold.open);
    folds.forEach((fold) => { fold.open = open; });
  } else if (event.key === "n" || event.key === "p") {
    const results = [...document.querySelectorAll("figure[id], .value[id], .claim[id], .answer[id]")].filter((r) => r.offsetParent);
    const tops = results.map((result) => Math.round(result.getBoundingClientRect().top));
    const at = event.key === "n" ? tops.findIndex((top) => top > 40) : tops.findLastIndex((top) => top < 0);
    if (at >= 0) results[at].scrollIntoView({ block: "start" });
  }
});

// A link into folded code opens it
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}
addEventListener("hashchange", reveal);
reveal();

// On a narrow screen the contents start folded
const contents = document.querySelector(".side .contents");
if (contents && !matchMedia("(min-width: 68rem)").matches) contents.open = false;

// The lens: a figure as large as the window; a click goes nearer
const lens = make("dialog", { className: "lens" });
const closer = make("button", { type: "button", textContent: "Close" });
const enlarged = make("img");
lens.append(closer, enlarged);
document.body.append(lens);
closer.addEventListener("click", () => lens.close());
enlarged.addEventListener("click", () => lens.classList.toggle("near"));
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.zoom");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const image = link.querySelector("img");
  enlarged.src = link.href;
  enlarged.alt = image.alt;
  lens.setAttribute("aria-label", image.alt);
  lens.classList.remove("near");
  lens.showModal();
});

// Tables sort by a click on a heading; numbers by their value
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
function sortKey(cell) {
  const given = cell.dataset.sort;
  return given === undefined ? cell.textContent.trim() : given === "" || isNaN(given) ? given : Number(given);
}
function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
}
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  if (!body || body.rows.length < 2) continue;
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    if (!heading.textContent.trim()) return;
    const button = make("button", { type: "button" }, ...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(sortKey(a.cells[column]), sortKey(b.cells[column])));
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}
