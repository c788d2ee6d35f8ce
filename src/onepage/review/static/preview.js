// Only in the preview: follows the build, loads the page again at the same place, shows what went wrong.
"use strict";
{
  const { page, version } = document.currentScript.dataset, place = `onepage:${location.pathname}`;
  const sheet = new CSSStyleSheet(); // the page's policy admits no style of ours, but this is none that was written
  sheet.replaceSync(`
    .onepage-news { position: fixed; right: 1rem; bottom: 1rem; z-index: 99; max-width: min(60rem, calc(100vw - 2rem)); max-height: 60vh; overflow: auto;
      font: .875rem/1.45 system-ui, sans-serif; background: #1c1e22; color: #f4f2ec; border-radius: 8px; padding: .5rem .9rem; box-shadow: 0 4px 24px #0006; }
    .onepage-news.failed { left: 1rem; border-top: 4px solid #f0968a; }
    .onepage-news pre { margin: .4rem 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .8125rem/1.45 ui-monospace, Menlo, Consolas, monospace; }
    .onepage-news button { float: right; font: inherit; color: inherit; background: none; border: 1px solid #8b8f97; border-radius: 5px; padding: .1rem .6rem; cursor: pointer; }
    @media print { .onepage-news { display: none; } }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const box = document.createElement("div");
  box.hidden = true;
  document.body.append(box);

  // Where the reader is: the first thing with a name that is in sight, and how far down; and what is unfolded
  const here = () => {
    const named = [...document.querySelectorAll("main [id]")].find((element) => element.getBoundingClientRect().top >= 0);
    const open = [...document.querySelectorAll("details[id][open]")].map((fold) => fold.id);
    return { y: scrollY, id: named?.id, top: named?.getBoundingClientRect().top, open };
  };
  const kept = JSON.parse(sessionStorage.getItem(place) ?? "null");
  sessionStorage.removeItem(place);
  let reached = NaN; // how far down the page went; before its pictures have come it may be too short
  const there = () => {
    const named = kept.id && document.getElementById(kept.id);
    const top = named ? scrollY + named.getBoundingClientRect().top - kept.top : kept.y;
    scrollTo({ top: Math.abs(top - kept.y) < innerHeight ? top : kept.y, behavior: "instant" });
    reached = scrollY;
  };
  if (kept) {
    history.scrollRestoration = "manual"; // until the page is left: the browser knows of an older place
    for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
    there();
    addEventListener("load", () => { if (scrollY === reached) there(); reached = NaN; });
  }
  let again = false; // whether the page is left in order to be loaded again
  addEventListener("pagehide", () => { // not before: whoever scrolls until then has scrolled
    history.scrollRestoration = "auto";
    if (again) sessionStorage.setItem(place, JSON.stringify(scrollY === reached ? kept : here()));
  });

  let slow = 0;
  const show = (kind, heading, text) => {
    clearTimeout(slow);
    box.replaceChildren();
    box.className = `onepage-news ${kind}`;
    box.hidden = false;
    box.setAttribute("role", kind === "failed" ? "alert" : "status");
    if (text) {
      const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Hide" });
      close.addEventListener("click", () => { box.hidden = true; });
      box.append(close);
    }
    box.append(Object.assign(document.createElement("b"), { textContent: heading }));
    if (text) box.append(Object.assign(document.createElement("pre"), { textContent: text, tabIndex: 0 }));
  };
  const hide = () => { clearTimeout(slow); box.hidden = true; };

  // The map: what is in execution, what waits, what has failed
  let looking = 0;
  const look = async () => {
    const states = await (await fetch("/_onepage/states")).json();
    for (const box of document.querySelectorAll(".map .node, .listed li")) {
      const names = box.dataset.target.split(" ").filter(Boolean), of = names.map((name) => states[name] ?? "fresh");
      const state = names.length ? ["failed", "running", "stale", "fresh"].find((each) => of.includes(each)) : Object.keys(states).length ? "stale" : "fresh";
      const count = of.filter((each) => each === state).length;
      const shown = box.querySelector(".is"), before = shown.textContent;
      const now = state !== "fresh" && count < names.length ? `${count} of ${names.length} ${state}` : state;
      shown.textContent = now;
      const title = box.querySelector("title"); // what is read aloud says the same
      if (title) {
        title.textContent = title.textContent.replace(new RegExp(`${before}(?=; reads |$)`), now);
        box.setAttribute("aria-label", title.textContent);
      }
      box.classList.remove("failed", "running", "stale", "fresh");
      box.classList.add(state);
    }
  };
  const follow = (building) => {
    clearInterval(looking);
    if (!document.querySelector(".map")) return;
    look().catch(() => {});
    if (building) looking = setInterval(() => look().catch(() => {}), 1000);
  };

  const news = new EventSource("/_onepage/news");
  news.addEventListener("message", (event) => {
    const { state, message, versions } = JSON.parse(event.data);
    if ((state === "ready" || page) && (versions[page] ?? 0) !== Number(version)) { again = true; news.close(); location.reload(); return; }
    document.documentElement.dataset.build = state;
    follow(state === "building");
    if (state === "failed") show("failed", "The build failed. This page is the last good one.", message);
    else if (state === "building") { clearTimeout(slow); slow = setTimeout(() => show("building", "Building …"), 400); }
    else hide();
  });
  news.addEventListener("error", () => show("building", "The preview has ended."));
  news.addEventListener("open", hide);
  addEventListener("pagehide", () => { clearInterval(looking); news.close(); });
}
