// Sound: players over their strips, lists of clips that sort and filter, matrices and plots that lead into them.
"use strict";
const SVG = "http://www.w3.org/2000/svg";
const ICONS = { play: "M3 1.5v13l11-6.5z", pause: "M3 2h3.6v12H3zM9.4 2H13v12H9.4z" };
let playing = null; // one sound at a time

function icon() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "path"));
  svg.firstChild.setAttribute("d", ICONS.play);
  return svg;
}

// The strip becomes the player: it plays on a click, and from where it is clicked
function player(box) {
  const audio = box.querySelector("audio"), strip = box.querySelector("img");
  if (!audio || !strip) return;
  const length = () => (Number.isFinite(audio.duration) ? audio.duration : Number(audio.closest("[data-s]")?.dataset.s)) || 1;
  const picture = icon();
  const button = make("button", { type: "button", className: "play" }, picture);
  const line = make("span", { className: "head-line", hidden: true });
  const clock = make("span", { className: "clock", hidden: true });
  button.setAttribute("aria-label", `Play: ${audio.getAttribute("aria-label")}`);
  button.setAttribute("aria-pressed", "false");
  box.append(button, line, clock);
  box.classList.add("ready");

  const show = () => {
    line.style.left = `${100 * Math.min(1, audio.currentTime / length())}%`;
    clock.textContent = `${audio.currentTime.toFixed(1)} / ${length().toFixed(1)} s`;
    if (!audio.paused) requestAnimationFrame(show);
  };
  const start = (from) => {
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    if (from !== undefined) audio.currentTime = from;
    audio.play();
  };
  button.addEventListener("click", (event) => {
    const { left, width } = strip.getBoundingClientRect();
    const pointed = event.detail > 0 && !event.target.closest("svg");
    if (pointed) start(length() * Math.min(1, Math.max(0, (event.clientX - left) / width)));
    else if (audio.paused) start();
    else audio.pause();
  });
  button.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.5, ArrowRight: 0.5 }[event.key];
    if (!step) return;
    event.preventDefault();
    audio.currentTime = Math.min(length(), Math.max(0, audio.currentTime + step));
    line.hidden = clock.hidden = false;
    show();
  });
  for (const [name, path, pressed] of [["play", ICONS.pause, "true"], ["pause", ICONS.play, "false"]]) {
    audio.addEventListener(name, () => {
      picture.firstChild.setAttribute("d", path);
      button.setAttribute("aria-pressed", pressed);
      line.hidden = clock.hidden = false;
      show();
    });
  }
  audio.addEventListener("error", () => { box.classList.remove("ready"); });
}
document.querySelectorAll(".player").forEach(player);

// A list of clips: every text column filters, every column sorts; unfiltered, it begins with its first few
class ClipList {
  static few = 9;
  constructor(figure) {
    this.whole = false;
    this.list = figure.querySelector(".cliplist");
    this.keys = this.list.dataset.columns.split(" ");
    this.items = [...this.list.children].map((element) => {
      const cells = [...element.querySelectorAll("dd")];
      const values = Object.fromEntries(this.keys.map((key, i) => [key, sortKey(cells[i])]));
      return { element, values, texts: Object.fromEntries(this.keys.map((key, i) => [key, cells[i].textContent.trim()])) };
    });
    const headings = this.items.length ? [...this.items[0].element.querySelectorAll("dt")].map((dt) => dt.textContent) : [];
    this.tools = make("div", { className: "tools" });
    this.filters = {};
    this.keys.forEach((key, i) => {
      if (this.items.length && this.items.every((item) => typeof item.values[key] === "string")) {
        const found = [...new Set(this.items.map((item) => item.texts[key]))].sort(collator.compare);
        this.filters[key] = this.select(headings[i], [["", "all"], ...found.map((text) => [text, text])]);
      }
    });
    const orders = this.keys.flatMap((key, i) => typeof this.items[0]?.values[key] === "number"
      ? [[`-${key}`, `${headings[i]}, falling`], [key, `${headings[i]}, rising`]] : [[key, headings[i]]]);
    this.order = this.select("Sorted by", orders);
    if (figure.dataset.order) this.order.value = figure.dataset.order;
    this.tools.append(this.all = make("button", { type: "button", textContent: "Show all" }), this.count = make("output"));
    this.all.addEventListener("click", () => this.everything());
    this.list.before(this.tools);
    this.listeners = [];
    this.update();
  }
  select(label, options) {
    const select = make("select", {}, ...options.map(([value, text]) => make("option", { value, textContent: text })));
    select.addEventListener("change", () => this.update());
    this.tools.append(make("label", {}, label, select));
    return select;
  }
  filter(wanted) {
    for (const [key, select] of Object.entries(this.filters)) {
      select.value = wanted[key] ?? "";
      if (select.selectedIndex < 0) select.value = "";
    }
    this.update();
  }
  everything() {
    this.whole = true;
    this.filter({});
  }
  update() {
    const wanted = Object.entries(this.filters).filter(([, select]) => select.value);
    const key = this.order.value.replace(/^-/, ""), sign = this.order.value.startsWith("-") ? -1 : 1;
    const sorted = [...this.items].sort((a, b) => sign * compare(a.values[key], b.values[key]));
    const most = this.whole || wanted.length ? Infinity : ClipList.few;
    let shown = 0;
    for (const item of sorted) {
      item.element.hidden = shown >= most || !wanted.every(([name, select]) => item.texts[name] === select.value);
      shown += !item.element.hidden;
    }
    this.list.append(...sorted.map((item) => item.element));
    this.count.textContent = shown === this.items.length ? `${shown} clips` : `${shown} of ${this.items.length} clips`;
    this.all.disabled = shown === this.items.length;
    this.listeners.forEach((listener) => listener(Object.fromEntries(wanted.map(([k, select]) => [k, select.value]))));
  }
  reveal(id) {
    const item = this.items.find(({ element }) => element.id === id);
    if (item?.element.hidden) this.everything();
    return item?.element;
  }
}
const lists = new Map([...document.querySelectorAll("figure.clips")].map((figure) => [figure.id, new ClipList(figure)]));

// A cell of a matrix filters its list to exactly its clips
for (const figure of document.querySelectorAll(".matrix[data-list]")) {
  const list = lists.get(figure.dataset.list);
  if (!list) continue;
  const { row, column } = figure.dataset;
  figure.addEventListener("click", (event) => {
    const link = event.target.closest("td a");
    if (!link) return;
    event.preventDefault();
    list.filter({ [row]: link.dataset.row, [column]: link.dataset.column });
    list.tools.scrollIntoView({ block: "start" });
    list.list.querySelector("li:not([hidden]) .play")?.focus({ preventScroll: true });
  });
  const mark = (wanted) => {
    for (const link of figure.querySelectorAll("td a")) {
      const chosen = wanted[row] === link.dataset.row && wanted[column] === link.dataset.column;
      if (chosen) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  };
  list.listeners.push(mark);
}

// A link to a clip shows it even if it is filtered away
function findClip() {
  const id = decodeURIComponent(location.hash.slice(1));
  for (const list of lists.values()) list.reveal(id)?.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", findClip);
if (location.hash) findClip();

// A scatter plot: the nearest point tells what it is; a point with a clip plays it
for (const figure of document.querySelectorAll("figure.scatter")) {
  const plot = figure.querySelector(".plot"), svg = plot.querySelector("svg");
  const texts = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const points = [];
  for (const path of svg.querySelectorAll(".cloud")) {
    const places = [...path.getAttribute("d").matchAll(/M(-?\d+) (-?\d+)h0/g)];
    path.dataset.index.split(" ").forEach((index, i) => {
      if (places[i]) points.push({ index: Number(index), x: Number(places[i][1]), y: Number(places[i][2]) });
    });
  }
  const links = new Map([...svg.querySelectorAll("a")].map((link) => [Number(link.dataset.index), link]));
  const ring = document.createElementNS(SVG, "circle");
  ring.setAttribute("class", "found");
  ring.setAttribute("r", "9");
  const tip = make("div", { className: "tip", hidden: true });
  plot.append(tip);
  const show = (point) => {
    tip.hidden = !point;
    if (!point) return ring.remove();
    svg.append(ring);
    ring.setAttribute("cx", point.x);
    ring.setAttribute("cy", point.y);
    tip.textContent = texts[point.index] + (links.has(point.index) ? " · click to listen" : "");
    const view = svg.viewBox.baseVal, half = tip.offsetWidth / 2, width = plot.clientWidth;
    tip.style.left = `${Math.min(width - half, Math.max(half, (point.x / view.width) * width))}px`;
    tip.style.top = `${(point.y / view.height) * plot.clientHeight}px`;
  };
  const nearest = (event) => {
    const box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    const x = ((event.clientX - box.left) / box.width) * view.width, y = ((event.clientY - box.top) / box.height) * view.height;
    let best = null, least = 22 ** 2;
    for (const point of points) {
      const distance = (point.x - x) ** 2 + (point.y - y) ** 2 - (links.has(point.index) ? 30 : 0);
      if (distance < least) [best, least] = [point, distance];
    }
    return best;
  };
  const go = (link) => {
    const id = decodeURIComponent(link.getAttribute("href").slice(1));
    for (const list of lists.values()) {
      const element = list.reveal(id);
      if (!element) continue;
      element.scrollIntoView({ block: "center" });
      const play = element.querySelector(".play");
      play?.focus({ preventScroll: true });
      play?.click();
    }
  };
  plot.addEventListener("pointermove", (event) => show(nearest(event)));
  plot.addEventListener("pointerleave", () => show(null));
  plot.addEventListener("click", (event) => {
    const link = event.target.closest("a") ?? links.get(nearest(event)?.index);
    if (!link) return show(nearest(event));
    event.preventDefault();
    go(link);
  });
  svg.addEventListener("focusin", (event) => {
    const link = event.target.closest("a");
    show(link && points.find((point) => point.index === Number(link.dataset.index)));
  });
  svg.addEventListener("focusout", () => show(null));
}
