"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { points, shapes, colours, classes, faintest } = data;
  const at = (id) => document.getElementById(id);
  const map = at("map"), dots = at("dots"), detail = at("detail"), which = at("which"), words = at("words");
  const projection = at("projection"), boxes = [...document.querySelectorAll("input[name=label]")];
  const rows = new Map([...document.querySelectorAll("#list tr[data-at]")].map((row) => [+row.dataset.at, row]));
  const NEAR = 12, MARGIN = 14; // CSS pixels
  const SVG = "http://www.w3.org/2000/svg";
  let chosen = -1, kept = false;

  // Right texts first, so that errors lie above them.
  const elements = new Array(points.length);
  for (let i = points.length - 1; i >= 0; i--) {
    const point = points[i], dot = document.createElementNS(SVG, "path");
    dot.setAttribute("d", shapes[point.gold]);
    dot.setAttribute("class", point.wrong ? "dot wrong" : "dot");
    if (!point.wrong) dot.setAttribute("fill", colours[point.gold]);
    const even = 1 / Math.max(classes.length, 2);
    const sure = Math.min(1, Math.max(0, (point.confidence - even) / (1 - even)));
    dot.setAttribute("fill-opacity", (faintest + (1 - faintest) * sure).toFixed(3));
    dot.dataset.id = point.id;
    elements[i] = dots.appendChild(dot);
    point.words = [point.id, point.text, point.pair || ""].join("\n").toLowerCase();
  }
  const ring = document.createElementNS(SVG, "circle");
  ring.id = "ring";
  ring.setAttribute("r", "9");
  ring.setAttribute("visibility", "hidden");
  dots.appendChild(ring);

  // Where the dots are: one scale for both axes, in the middle of what room there is.
  const tallest = Math.max(...Object.values(data.extents).map(([wide, high]) => high / (wide || 1)));
  function place() {
    const width = map.clientWidth, room = width - 2 * MARGIN;
    const height = Math.min(Math.max(room * tallest + 2 * MARGIN, 220), 640, Math.max(0.8 * innerHeight, 260));
    map.style.height = `${height}px`;
    const size = width < 500 ? 0.7 : 1;
    const places = data.places[projection.value];
    const [wide, high] = data.extents[projection.value];
    const scale = Math.min(room / (wide || 1), (height - 2 * MARGIN) / (high || 1));
    points.forEach((point, i) => {
      point.x = width / 2 + (places[i][0] - wide / 2) * scale;
      point.y = height / 2 - (places[i][1] - high / 2) * scale;
      elements[i].style.transform = `translate(${point.x}px, ${point.y}px) scale(${size})`;
    });
    mark();
  }

  // Which of them are shown.
  function sift() {
    const labels = new Set(boxes.filter((box) => box.checked).map((box) => +box.value));
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, errors = 0;
    points.forEach((point, i) => {
      point.on = labels.has(point.gold) && (which.value === "all" || (which.value === "wrong") === point.wrong)
        && asked.every((word) => point.words.includes(word));
      elements[i].classList.toggle("off", !point.on);
      if (rows.has(i)) rows.get(i).hidden = !point.on;
      shown += point.on;
      errors += point.on && point.wrong;
    });
    const number = (n) => n.toLocaleString("en");
    at("count").textContent = `${number(shown)} of ${number(points.length)} texts shown, ${number(errors)} of them errors`;
    if (chosen >= 0 && !points[chosen].on) letGo();
  }

  // The chosen text. All of it goes in as text: nothing in a data set is HTML here.
  function element(name, kind, text) {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function choose(i) {
    if (i === chosen) return;
    chosen = i;
    mark();
    detail.replaceChildren();
    if (i < 0) {
      detail.append(element("p", "empty", "Point at a dot to read its text."));
      return;
    }
    const point = points[i], verdict = element("p", point.wrong ? "verdict wrong" : "verdict");
    verdict.append(element("b", "", point.wrong ? "Wrong" : "Right"), ` · ${point.id}`);
    detail.append(verdict);
    for (const part of ["text", "pair"]) {
      if (point[part] === undefined) continue;
      const whole = element("p", part === "pair" ? "text pair" : "text", point[part]);
      whole.dir = "auto";
      detail.append(whole);
    }
    const list = element("dl");
    const say = (name, value) => {
      if (value === undefined || value === null) return;
      const held = element("dd");
      held.append(element("bdi", "", value));
      list.append(element("dt", "", name), held);
    };
    say("Gold", classes[point.gold]);
    say("Predicted", classes[point.predicted]);
    say("Confidence", `${(100 * point.confidence).toFixed(1)}%`);
    say("LLM", point.llm);
    say("Error type", point.error_type);
    detail.append(list);
    detail.scrollTop = 0;
  }
  function mark() {
    ring.setAttribute("visibility", chosen < 0 ? "hidden" : "visible");
    ring.classList.toggle("kept", kept);
    if (chosen < 0) return;
    ring.setAttribute("cx", points[chosen].x);
    ring.setAttribute("cy", points[chosen].y);
  }
  function keep(on) {
    kept = on;
    mark();
  }
  function letGo() {
    kept = false;
    choose(-1);
  }

  // By pointer: the nearest dot that is shown, if it is near enough.
  function nearest(event) {
    const box = dots.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = -1, least = NEAR * NEAR;
    points.forEach((point, i) => {
      const apart = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (point.on && (apart < least || (apart === least && best < 0))) [best, least] = [i, apart];
    });
    return best;
  }
  map.addEventListener("pointermove", (event) => {
    if (kept || event.pointerType === "touch") return;
    const found = nearest(event);
    if (found >= 0) choose(found);
  });
  map.addEventListener("click", (event) => {
    const found = nearest(event);
    if (found < 0 || (kept && found === chosen)) {
      letGo();
    } else {
      choose(found);
      keep(true);
    }
  });

  // By keyboard.
  const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function towards([dx, dy]) {
    let best = -1, least = Infinity;
    points.forEach((point, i) => {
      const x = point.x - points[chosen].x, y = point.y - points[chosen].y;
      const along = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
      if (i === chosen || !point.on || along <= 0) return;
      const cost = along + 2.5 * aside; // straight on rather than near
      if (cost < least) [best, least] = [i, cost];
    });
    return best;
  }
  function step(by, wanted) {
    for (let i = chosen + by; i >= 0 && i < points.length; i += by) if (points[i].on && wanted(points[i])) return i;
    return -1;
  }
  map.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { key } = event, first = points.findIndex((point) => point.on);
    let next = -1;
    if (key === "Escape") letGo();
    else if (key === "Enter" || key === " ") keep(chosen >= 0 && !kept);
    else if (key === "PageDown") next = step(1, (point) => point.wrong);
    else if (key === "PageUp") next = chosen < 0 ? -1 : step(-1, (point) => point.wrong);
    else if (key === "Home") next = first;
    else if (key === "End") next = points.findLastIndex((point) => point.on);
    else if (key in WAYS) next = chosen < 0 ? first : towards(WAYS[key]);
    else return;
    event.preventDefault();
    if (next >= 0) choose(next);
  });
  map.addEventListener("focus", () => {
    if (chosen < 0 && map.matches(":focus-visible")) choose(points.findIndex((point) => point.on));
  });

  for (const [i, row] of rows) {
    row.querySelector("a").addEventListener("click", (event) => {
      event.preventDefault();
      choose(i);
      keep(true);
      map.scrollIntoView({ block: "center" });
      map.focus({ preventScroll: true });
    });
  }
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  projection.addEventListener("change", place);
  for (const control of [which, words, ...boxes]) control.addEventListener("input", sift);

  at("without").hidden = true;
  at("explorer").hidden = false;
  sift();
  place();
  new ResizeObserver(place).observe(map);
})();
