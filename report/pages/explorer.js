"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { rows, label, predicted, columns, flags, flagged, near, apart, classes } = data;
  const at = (id) => document.getElementById(id);
  const n = rows.length, each = n ? near.length / n : 0;
  const numeric = columns.filter((column) => !column.categories);
  const position = new Map(rows.map((row, i) => [row, i]));
  const picked = new Uint8Array(n), shown = new Uint8Array(n);
  const ranges = new Map();
  let order = [], sorted = ["row", 1], page = 0, open = -1, last = -1, plots = () => {};

  // How things are written. All of it goes in as text: nothing in a data set is HTML here.
  function element(name, kind, text) {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    if (text !== undefined) made.textContent = text;
    return made;
  }
  const count = (value) => value.toLocaleString("en");
  function written(value, digits) {
    const options = digits === null ? { maximumSignificantDigits: 6 } : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    const text = Math.abs(value).toLocaleString("en", options);
    return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
  }
  function said(column, i) {
    const value = column.values[i];
    if (column.categories) return value < 0 ? "–" : column.categories[value];
    return value === null ? "–" : written(value, column.digits);
  }
  const titled = (column) => (column.unit ? `${column.title} (${column.unit})` : column.title);
  const marks = (i) => flags.filter((_, bit) => (flagged[i] >> bit) & 1);
  function named(code) {
    const held = element("span"), svg = at("labels").querySelectorAll("svg")[code].cloneNode(true);
    held.append(svg, element("bdi", "", classes[code]));
    return held;
  }

  // Which rows are shown, and in which order.
  let texts = null;
  function words(i) {
    texts = texts || rows.map((row, j) => [row, classes[label[j]], ...columns.filter((c) => c.categories).map((c) => said(c, j))].join("\n").toLowerCase());
    return texts[i];
  }
  function sift() {
    const asked = at("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const labels = new Set([...document.querySelectorAll("input[name=label]:checked")].map((box) => +box.value));
    const needed = [...document.querySelectorAll("input[name=flag]:checked")].reduce((bits, box) => bits | (1 << +box.value), 0);
    const only = at("only").checked, limits = [...ranges.values()];
    for (let i = 0; i < n; i++) {
      shown[i] = +(labels.has(label[i]) && (flagged[i] & needed) === needed && (!only || picked[i] === 1)
        && limits.every(({ column, from, to }) => column.values[i] !== null && column.values[i] >= from && column.values[i] <= to)
        && asked.every((word) => words(i).includes(word)));
    }
    sort();
  }
  function key() {
    const [name] = sorted;
    if (name === "row") return (i) => rows[i];
    if (name === "label") return (i) => label[i];
    if (name === "predicted") return (i) => predicted[i];
    if (name === "flags") return (i) => marks(i).length;
    const column = columns.find((one) => one.name === name);
    return (i) => (column.categories && column.values[i] < 0 ? null : column.values[i]);
  }
  function sort() {
    const of = key(), way = sorted[1];
    order = [];
    for (let i = 0; i < n; i++) if (shown[i]) order.push(i);
    order.sort((a, b) => {
      const [x, y] = [of(a), of(b)];
      if (x === null || y === null) return (x === null) - (y === null) || a - b; // what is missing comes last
      return (x - y) * way || a - b;
    });
    page = 0;
    draw();
  }
  function draw() {
    heads();
    body();
    state();
    plots();
  }
  function state() {
    const chosen = picked.reduce((sum, one) => sum + one, 0);
    at("count").textContent = `${count(order.length)} of ${count(n)} rows shown, ${count(chosen)} selected`;
    at("save").disabled = at("none").disabled = !chosen;
    at("all").disabled = !order.length;
  }

  // The table.
  const FIXED = [["row", "Row"], ["label", "Label"], ["predicted", "Predicted"]];
  const visible = () => columns.filter((column) => column.shown);
  function heads() {
    const focused = document.activeElement && document.activeElement.dataset.sort;
    const line = [element("td", "pick")];
    line[0].append(element("span", "hidden", "Selected"));
    const head = (name, column, title, kind) => {
      const cell = element("th", kind), button = element("button");
      cell.scope = "col";
      button.type = "button";
      button.dataset.sort = name;
      button.append(element("bdi", "", title));
      if (column && column.unit) button.append(" ", element("i", "", `(${column.unit})`));
      if (column && column.about) button.title = column.about;
      const mine = sorted[0] === name;
      if (mine) {
        cell.setAttribute("aria-sort", sorted[1] > 0 ? "ascending" : "descending");
        const arrow = element("span", "", sorted[1] > 0 ? " ▲" : " ▼");
        arrow.setAttribute("aria-hidden", "true");
        button.append(arrow);
      }
      button.addEventListener("click", () => {
        // values start with the lowest, what may be wrong; flags with the most
        sorted = [name, mine ? -sorted[1] : name === "flags" ? -1 : 1];
        sort();
      });
      cell.append(button);
      line.push(cell);
    };
    for (const [name, title] of FIXED) head(name, null, title, name === "row" ? "id" : "");
    for (const column of visible()) head(column.name, column, column.title, column.categories ? "" : "number");
    if (flags.length) head("flags", null, "Flags", "");
    at("heads").replaceChildren(...line);
    if (focused) [...at("heads").querySelectorAll("button")].find((one) => one.dataset.sort === focused)?.focus();
  }
  function line(i) {
    const made = element("tr", `${picked[i] ? "on" : ""} ${i === open ? "open" : ""}`.trim());
    const pick = element("td", "pick"), box = element("input"), head = element("th"), button = element("button", "", rows[i]);
    made.dataset.at = i;
    box.type = "checkbox";
    box.checked = picked[i] === 1;
    box.setAttribute("aria-label", `Select row ${rows[i]}`);
    pick.append(box);
    head.scope = "row";
    button.type = "button";
    button.setAttribute("aria-label", `Open row ${rows[i]}`);
    head.append(button);
    const mine = element("td"), theirs = element("td", label[i] === predicted[i] ? "" : "wrong");
    mine.append(named(label[i]));
    theirs.append(element("bdi", "", classes[predicted[i]]));
    made.append(pick, head, mine, theirs);
    for (const column of visible()) {
      const cell = element("td", column.categories ? "" : "number");
      cell.append(element("bdi", "", said(column, i)));
      if (column.errors && column.errors[i] !== null) cell.append(" ", element("span", "quiet", `± ${written(column.errors[i], column.digits)}`));
      made.append(cell);
    }
    if (flags.length) made.append(element("td", "flags", marks(i).filter((flag) => !flag.seen).map((flag) => flag.title).join(", ")));
    return made;
  }
  const size = () => +at("size").value;
  const pages = () => Math.max(1, Math.ceil(order.length / size()));
  function body() {
    page = Math.min(Math.max(page, 0), pages() - 1);
    const made = order.slice(page * size(), (page + 1) * size()).map(line);
    if (!made.length) {
      const empty = element("tr"), cell = element("td", "empty", "No row passes the filters.");
      cell.colSpan = 5 + visible().length;
      empty.append(cell);
      made.push(empty);
    }
    at("body").replaceChildren(...made);
    at("page").textContent = `Page ${count(page + 1)} of ${count(pages())}`;
    at("first").disabled = at("before").disabled = page === 0;
    at("last").disabled = at("after").disabled = page >= pages() - 1;
  }
  function turn(to) {
    page = to;
    body();
  }
  function leaf(i) { // to the page that a row is on
    const place = order.indexOf(i);
    if (place >= 0) turn(Math.floor(place / size()));
  }
  at("first").addEventListener("click", () => turn(0));
  at("before").addEventListener("click", () => turn(page - 1));
  at("after").addEventListener("click", () => turn(page + 1));
  at("last").addEventListener("click", () => turn(pages() - 1));
  at("size").addEventListener("change", () => turn(0));
  at("body").addEventListener("click", (event) => {
    const found = event.target.closest("tr[data-at]");
    if (!found) return;
    const i = +found.dataset.at;
    if (event.target.closest(".pick")) {
      const on = event.target.tagName === "INPUT" ? event.target.checked : !picked[i];
      const [from, to] = [order.indexOf(event.shiftKey && last >= 0 ? last : i), order.indexOf(i)];
      last = i;
      pick(from < 0 ? [i] : order.slice(Math.min(from, to), Math.max(from, to) + 1), on ? "add" : "less");
      at("body").querySelector(`tr[data-at="${i}"] input`)?.focus();
    } else {
      show(i);
      if (event.target.tagName === "BUTTON") at("body").querySelector(`tr[data-at="${i}"] button`)?.focus({ preventScroll: true });
    }
  });

  // What is selected.
  function pick(some, how) {
    if (how === "replace") picked.fill(0);
    for (const i of some) picked[i] = +(how !== "less");
    if (at("only").checked) sift();
    else {
      body();
      state();
      plots();
    }
  }
  at("all").addEventListener("click", () => pick(order, "add"));
  at("none").addEventListener("click", () => pick([], "replace"));
  at("save").addEventListener("click", () => {
    const chosen = rows.filter((_, i) => picked[i]).sort((a, b) => a - b);
    const link = element("a"), address = URL.createObjectURL(new Blob([`row\n${chosen.join("\n")}\n`], { type: "text/csv" }));
    link.href = address;
    link.download = "rows.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });

  // The opened row.
  function listed(pairs) {
    const list = element("dl");
    for (const [name, value] of pairs) {
      const held = element("dd"), term = element("dt");
      term.append(element("bdi", "", name));
      held.append(value instanceof Node ? value : element("bdi", "", value));
      list.append(term, held);
    }
    return list;
  }
  const NONE = at("detail").textContent;
  function show(i, move) {
    open = i;
    const detail = at("detail"), button = element("button", "", picked[i] ? "Take out of the selection" : "Add to the selection");
    button.type = "button";
    button.addEventListener("click", () => {
      pick([i], picked[i] ? "less" : "add");
      show(i);
      detail.querySelector("button").focus();
    });
    const parts = [element("h2", "", `Row ${rows[i]}`), listed([["Label", named(label[i])], ["Predicted", classes[predicted[i]]]])];
    for (const group of ["Values", "Measures", "Features"]) {
      const mine = columns.filter((column) => column.group === group);
      if (!mine.length) continue;
      parts.push(element("h3", "", group), listed(mine.map((column) => [
        titled(column), said(column, i) + (column.errors && column.errors[i] !== null ? ` ± ${written(column.errors[i], column.digits)}` : ""),
      ])));
    }
    if (marks(i).length) {
      const list = element("ul");
      for (const flag of marks(i)) list.append(element("li", "", `${flag.title}: ${flag.about}`));
      parts.push(element("h3", "", "Flags"), list);
    }
    if (each) {
      const list = element("ul");
      for (let j = i * each; j < (i + 1) * each; j++) {
        const item = element("li"), to = element("button", "", `Row ${rows[near[j]]}`), same = label[near[j]] === label[i];
        to.type = "button";
        to.addEventListener("click", () => show(near[j], true));
        item.append(to, ` ${written(apart[j], 2)} away, `, element("bdi", same ? "" : "wrong", classes[label[near[j]]]));
        list.append(item);
      }
      parts.push(element("h3", "", "Nearest rows"), list);
    }
    const buttons = element("div", "buttons"), shut = element("button", "", "Close");
    shut.type = "button";
    shut.addEventListener("click", () => {
      open = -1;
      detail.classList.remove("filled");
      detail.replaceChildren(element("p", "empty", NONE));
      body();
      plots();
      at("body").querySelector(`tr[data-at="${i}"] th button`)?.focus();
    });
    buttons.append(button, shut);
    detail.replaceChildren(...parts.slice(0, 2), buttons, ...parts.slice(2));
    detail.classList.add("filled");
    detail.scrollTop = 0;
    if (move) {
      leaf(i);
      detail.focus();
    } else body();
    plots();
    const box = detail.getBoundingClientRect();
    if (box.top > innerHeight - 80 || box.bottom < 80) detail.scrollIntoView({ block: "nearest" });
  }

  // Controls.
  function options(select, chosen) {
    for (const group of ["Values", "Measures", "Features"]) {
      const held = element("optgroup");
      held.label = group;
      numeric.forEach((column, i) => {
        if (column.group !== group) return;
        const option = element("option", "", titled(column));
        option.value = i;
        option.selected = column.name === chosen;
        held.append(option);
      });
      if (held.children.length) select.append(held);
    }
  }
  const first = (...names) => names.find((name) => numeric.some((column) => column.name === name));
  options(at("ranged"), first("shapley", "loo", "loss"));
  options(at("across"), first("loo_fine", "loo", "loss", "agreement"));
  options(at("up"), first("shapley_fine", "shapley", "knn", "loss", "distance"));
  options(at("spread"), first("shapley_fine", "shapley", "loo_fine", "loo", "loss"));
  for (const group of ["Values", "Measures", "Features"]) {
    const mine = columns.filter((column) => column.group === group);
    if (mine.length) at("choices").append(element("b", "", group));
    for (const column of mine) {
      const chip = element("label", "chip"), box = element("input");
      box.type = "checkbox";
      box.checked = column.shown;
      box.addEventListener("change", () => {
        column.shown = box.checked;
        heads();
        body();
      });
      chip.append(box, element("bdi", "", column.title));
      at("choices").append(chip);
    }
  }
  const number = (text, other) => (text.trim() ? Number(text.trim().replace("−", "-").replaceAll(",", "")) : other);
  at("controls").addEventListener("submit", (event) => {
    event.preventDefault();
    const column = numeric[+at("ranged").value], from = number(at("from").value, -Infinity), to = number(at("to").value, Infinity);
    for (const [box, value] of [[at("from"), from], [at("to"), to]]) box.setAttribute("aria-invalid", Number.isNaN(value));
    if (Number.isNaN(from) || Number.isNaN(to)) {
      at("told").textContent = "A range needs numbers.";
      return;
    }
    ranges.set(column.name, { column, from, to });
    at("from").value = at("to").value = "";
    limits();
  });
  function limits() {
    at("ranges").replaceChildren(...[...ranges].map(([name, { column, from, to }]) => {
      const item = element("li"), button = element("button", "", `${titled(column)}: ${from === -Infinity ? "" : written(from, null)} … ${to === Infinity ? "" : written(to, null)} ×`);
      button.type = "button";
      button.setAttribute("aria-label", `Remove the range of ${titled(column)}`);
      button.addEventListener("click", () => {
        ranges.delete(name);
        limits();
        at("ranged").focus();
      });
      item.append(button);
      return item;
    }));
    sift();
  }
  at("controls").addEventListener("input", (event) => {
    if (event.target.type === "checkbox" || event.target.id === "words") sift();
  });
  at("reset").addEventListener("click", () => {
    at("words").value = "";
    for (const box of document.querySelectorAll("input[name=label]")) box.checked = true;
    for (const box of document.querySelectorAll("input[name=flag], #only")) box.checked = false;
    ranges.clear();
    limits();
  });

  at("without").hidden = true;
  at("explorer").hidden = false;
  plots = explorerPlots({
    data, at, numeric, count, written, said, titled, picked, pick, show, leaf,
    get order() { return order; },
    get open() { return open; },
    set open(i) { open = i; },
  });
  sift();
})();
