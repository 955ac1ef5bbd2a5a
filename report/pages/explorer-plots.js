"use strict";
// The scatter plot and the histogram of the explorer. `view` is what they show, and what a person does with it.
const explorerPlots = (view) => {
  const { data, at, numeric, count, written, said, titled, picked, pick, show, leaf } = view;
  const { rows, label } = data;

  // The plots: where a value lies on an axis, from 0 to 1.
  const places = new Map();
  function scale(column) {
    const stretch = at("stretch").checked, name = `${column.name} ${stretch}`;
    if (places.has(name)) return places.get(name);
    const known = column.values.filter((value) => value !== null).sort((a, b) => a - b);
    const sizes = known.map(Math.abs).filter(Boolean).sort((a, b) => a - b);
    const unit = sizes.length ? sizes[sizes.length >> 1] : 1, most = sizes.length ? sizes[sizes.length - 1] : 1;
    const bent = stretch && most > 30 * unit; // only where most values would lie on one spot
    const to = bent ? (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / unit) : (value) => value;
    let [low, high] = known.length ? [to(known[0]), to(known[known.length - 1])] : [0, 1];
    if (low === high) [low, high] = [low - 0.5, high + 0.5];
    const put = (value) => 0.02 + (0.96 * (to(value) - low)) / (high - low); // so that no dot lies on the edge
    const found = { put, at: Float64Array.from(column.values, (value) => (value === null ? NaN : put(value))), ticks: ticks(known, bent, unit, put) };
    places.set(name, found);
    return found;
  }
  function ticks(known, bent, unit, put) {
    if (!known.length) return [];
    const [low, high] = [known[0], known[known.length - 1]], found = [];
    if (bent) {
      const first = Math.ceil(Math.log10(unit)), top = Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high))));
      const powers = [];
      for (let power = top; power >= first; power -= Math.max(1, Math.ceil((top - first) / 3))) powers.push(10 ** power);
      found.push(...powers.map((one) => -one), 0, ...powers);
    } else {
      const rough = (high - low || 1) / 5, power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
      for (let k = Math.ceil(low / step); k <= high / step; k++) found.push(k * step);
    }
    return found.filter((value) => value >= low && value <= high).sort((a, b) => a - b).map((value) => [put(value), written(value, null)]);
  }
  const chosen = (id) => numeric[+at(id).value];
  const EDGE = { right: 14, top: 14, bottom: 44 };
  function paper(box, upright) {
    const canvas = box.querySelector("canvas"), wide = box.clientWidth, high = box.clientHeight, sharp = devicePixelRatio || 1;
    canvas.width = Math.round(wide * sharp);
    canvas.height = Math.round(high * sharp);
    const pen = canvas.getContext("2d");
    pen.scale(sharp, sharp);
    pen.clearRect(0, 0, wide, high);
    pen.font = '13px "Source Sans Pro", Helvetica, sans-serif';
    const left = 14 + Math.max(24, ...upright.map(([, text]) => pen.measureText(text).width));
    return { pen, wide, high, x: (t) => left + t * (wide - left - EDGE.right), y: (t) => high - EDGE.bottom - t * (high - EDGE.top - EDGE.bottom) };
  }
  function axis({ pen, wide, high, x, y }, marks, title, upright) { // lines at the marks, and what they say
    pen.strokeStyle = "#e4e6ea";
    pen.fillStyle = "#4d525b";
    pen.textAlign = upright ? "right" : "center";
    let free = -Infinity;
    for (const [t, text] of marks) {
      pen.beginPath();
      if (upright) [pen.moveTo(x(0), y(t)), pen.lineTo(x(1), y(t))];
      else [pen.moveTo(x(t), y(0)), pen.lineTo(x(t), y(1))];
      pen.stroke();
      const here = upright ? -y(t) : x(t), room = upright ? 16 : pen.measureText(text).width + 10;
      if (here - free < room) continue; // a label that would lie on the one before
      free = here;
      if (upright) pen.fillText(text, x(0) - 6, y(t) + 4.5);
      else pen.fillText(text, x(t), y(0) + 17);
    }
    pen.fillStyle = "#1d1d22";
    if (!upright) pen.fillText(title, (x(0) + x(1)) / 2, high - 8, wide - 20);
  }
  const paths = data.shapes.map((shape) => {
    const path = new Path2D();
    path.addPath(new Path2D(shape), new DOMMatrix().scale(0.72));
    return path;
  });
  let dots = null, bars = null, bar = -1, asked = 0;
  function plots() { // once a frame, however often it is asked for
    if (!asked) asked = requestAnimationFrame(() => {
      asked = 0;
      if (!numeric.length) return;
      scatter();
      histogram();
    });
  }
  function scatter() {
    const [across, up] = [scale(chosen("across")), scale(chosen("up"))], sheet = paper(at("scatter"), up.ticks), { pen } = sheet;
    axis(sheet, across.ticks, titled(chosen("across")), false);
    axis(sheet, up.ticks, null, true);
    dots = view.order.map((i) => [i, sheet.x(across.at[i]), sheet.y(up.at[i])]).filter(([, x, y]) => x === x && y === y);
    const stamp = (some, alpha, ink) => {
      for (const [i, x, y] of some) {
        pen.setTransform(devicePixelRatio || 1, 0, 0, devicePixelRatio || 1, x * (devicePixelRatio || 1), y * (devicePixelRatio || 1));
        pen.globalAlpha = alpha;
        pen.fillStyle = data.colours[label[i]];
        pen.fill(paths[label[i]]);
        pen.strokeStyle = ink;
        pen.lineWidth = ink === "#1d1d22" ? 1.4 : 0.5;
        pen.stroke(paths[label[i]]);
      }
    };
    stamp(dots.filter(([i]) => !picked[i]), dots.length > 2000 ? 0.55 : 0.8, "#5b5f68");
    stamp(dots.filter(([i]) => picked[i]), 1, "#1d1d22");
    const mine = dots.find(([i]) => i === view.open);
    if (mine) {
      pen.setTransform(devicePixelRatio || 1, 0, 0, devicePixelRatio || 1, mine[1] * (devicePixelRatio || 1), mine[2] * (devicePixelRatio || 1));
      pen.globalAlpha = 1;
      pen.beginPath();
      pen.arc(0, 0, 9, 0, 7);
      pen.strokeStyle = "#1f6a9c";
      pen.lineWidth = 3;
      pen.stroke();
    }
  }
  const BINS = 40;
  function histogram() {
    const column = chosen("spread"), { at: where, ticks: marks } = scale(column);
    bars = Array.from({ length: BINS }, () => ({ rows: [], chosen: 0 }));
    for (const i of view.order) {
      if (where[i] !== where[i]) continue;
      const mine = bars[Math.min(BINS - 1, Math.floor(where[i] * BINS))];
      mine.rows.push(i);
      mine.chosen += picked[i];
    }
    const most = Math.max(1, ...bars.map((one) => one.rows.length));
    const counts = ticks([0, most], false, 1, (value) => value / most).filter(([, text]) => !text.includes("."));
    const sheet = paper(at("bars"), counts), { pen, x, y } = sheet;
    axis(sheet, marks, titled(column), false);
    axis(sheet, counts, null, true);
    bars.forEach((one, bin) => {
      Object.assign(one, { from: x(bin / BINS), to: x((bin + 1) / BINS) });
      for (const [rows, ink] of [[one.rows.length, "#a3b4c4"], [one.chosen, "#1d1d22"]]) {
        pen.fillStyle = ink;
        // a bar of one row among thousands is seen, too
        if (rows) pen.fillRect(one.from + 0.5, Math.min(y(rows / most), y(0) - 1.5), one.to - one.from - 1, Math.max(y(0) - y(rows / most), 1.5));
      }
      if (bin === bar) {
        pen.strokeStyle = "#1f6a9c";
        pen.lineWidth = 2.5;
        pen.strokeRect(one.from, y(1), one.to - one.from, y(0) - y(1));
      }
    });
  }

  // By pointer: a drag selects, a click opens.
  function brushed(box, within, clicked) {
    const brush = box.querySelector(".brush");
    let start = null;
    const place = (event) => {
      const edge = box.getBoundingClientRect();
      return [event.clientX - edge.left, event.clientY - edge.top];
    };
    const bounds = (event) => {
      const [x, y] = place(event);
      return [Math.min(x, start[0]), Math.min(y, start[1]), Math.max(x, start[0]), Math.max(y, start[1])];
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.button || (event.pointerType === "touch" && !at("touch").checked)) return;
      start = place(event);
      box.setPointerCapture(event.pointerId);
    });
    box.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [left, top, right, bottom] = bounds(event), whole = box === at("bars");
      Object.assign(brush.style, {
        display: right - left > 4 || bottom - top > 4 ? "block" : "none", left: `${left}px`, width: `${right - left}px`,
        top: `${whole ? EDGE.top : top}px`, height: `${whole ? box.clientHeight - EDGE.top - EDGE.bottom : bottom - top}px`,
      });
    });
    let moved = false;
    box.addEventListener("pointerup", (event) => {
      if (!start) return;
      const limits = bounds(event);
      moved = limits[2] - limits[0] > 4 || limits[3] - limits[1] > 4;
      start = null;
      brush.style.display = "none";
      if (moved) take(within(limits), event.shiftKey);
    });
    box.addEventListener("pointercancel", () => {
      start = null;
      brush.style.display = "none";
    });
    box.addEventListener("click", (event) => {
      if (!moved) clicked(place(event), event.shiftKey);
      moved = false;
    });
  }
  function take(some, more) {
    pick(some, more ? "add" : "replace");
    if (some.length) leaf(view.order.find((i) => picked[i]));
    at("told").textContent = `${count(some.length)} rows`;
  }
  brushed(
    at("scatter"),
    ([left, top, right, bottom]) => dots.filter(([, x, y]) => x >= left && x <= right && y >= top && y <= bottom).map(([i]) => i),
    ([x, y], more) => {
      let best = -1, least = 14 ** 2;
      for (const [i, left, top] of dots) {
        const far = (left - x) ** 2 + (top - y) ** 2;
        if (far < least) [best, least] = [i, far];
      }
      if (best < 0) return;
      if (more) pick([best], picked[best] ? "less" : "add");
      show(best);
      leaf(best);
    },
  );
  brushed(
    at("bars"),
    ([left, , right]) => bars.filter((one) => one.to > left && one.from < right).flatMap((one) => one.rows),
    ([x], more) => take(bars.filter((one) => one.from <= x && one.to > x).flatMap((one) => one.rows), more),
  );
  at("touch").addEventListener("change", () => {
    for (const box of document.querySelectorAll(".plot")) box.classList.toggle("drag", at("touch").checked);
  });

  // By keyboard.
  at("scatter").addEventListener("keydown", (event) => {
    const way = { ArrowRight: ["across", 1], ArrowLeft: ["across", -1], ArrowUp: ["up", 1], ArrowDown: ["up", -1] }[event.key];
    if (way && dots.length) {
      const of = scale(chosen(way[0])).at, line = dots.map(([i]) => i).sort((a, b) => of[a] - of[b] || a - b);
      const here = line.indexOf(view.open), next = here < 0 ? 0 : Math.min(Math.max(here + way[1], 0), line.length - 1);
      view.open = line[next];
      leaf(view.open);
      plots();
      at("told").textContent = `Row ${rows[view.open]}, ${titled(chosen("across"))} ${said(chosen("across"), view.open)}, ${titled(chosen("up"))} ${said(chosen("up"), view.open)}`;
    } else if (event.key === " " && view.open >= 0) pick([view.open], picked[view.open] ? "less" : "add");
    else if (event.key === "Enter" && view.open >= 0) show(view.open, true);
    else return;
    event.preventDefault();
  });
  at("bars").addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (way) {
      bar = Math.min(Math.max(bar + way, 0), BINS - 1);
      plots();
      const values = bars[bar].rows.map((i) => chosen("spread").values[i]), digits = chosen("spread").digits;
      at("told").textContent = values.length ? `${written(Math.min(...values), digits)} to ${written(Math.max(...values), digits)}: ${count(values.length)} rows` : "no rows";
    } else if ((event.key === " " || event.key === "Enter") && bar >= 0) take(bars[bar].rows, event.shiftKey);
    else return;
    event.preventDefault();
  });
  at("bars").addEventListener("blur", () => {
    bar = -1;
    plots();
  });
  for (const id of ["across", "up", "spread", "stretch"]) at(id).addEventListener("change", plots);
  new ResizeObserver(plots).observe(at("plots"));
  document.fonts.ready.then(plots);
  return plots;
};
