"use strict";
(() => {
  const dash = "—";
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const iso = (s) => new Date(s * 1000).toISOString();
  const time = (s) => `${iso(s).slice(0, 16).replace("T", " ")}Z`;
  const make = (tag, text, into) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    into?.append(made);
    return made;
  };
  const table = (data) => {
    const days = new Map();
    data.lines.forEach(([, start, step, values], column) => {
      values.forEach((value, index) => {
        if (value === null) return;
        const day = iso(start + index * step).slice(0, 10);
        const row = days.get(day) ?? days.set(day, data.lines.map(() => null)).get(day);
        row[column] = row[column] === null ? value : Math.max(row[column], value);
      });
    });
    const made = document.createElement("table");
    const head = make("tr", undefined, make("thead", undefined, made));
    make("th", "day (UTC)", head).scope = "col";
    for (const [name] of data.lines) make("th", `${name}, highest`, head).scope = "col";
    const body = make("tbody", undefined, made);
    for (const [day, row] of [...days].sort()) {
      const line = make("tr", undefined, body);
      make("th", day, line).scope = "row";
      for (const value of row) make("td", String(value ?? dash), line);
    }
    return made;
  };
  const chart = (figure) => {
    const svg = figure.querySelector("svg");
    const plot = svg.querySelector("svg");
    const title = figure.querySelector(".title").firstChild.textContent.trim();
    const out = make("p", undefined, figure);
    out.className = "value";
    out.setAttribute("aria-live", "polite");
    const cursor = document.createElementNS(svg.namespaceURI, "line");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("y2", "180");
    cursor.style.visibility = "hidden";
    svg.append(cursor);
    const moving = [...svg.querySelectorAll("[data-x]")];
    let data = null;
    let from = 0;
    let to = 1;
    let at = 1;
    const load = () => (data ??= JSON.parse(figure.querySelector("script").textContent));
    const place = (share) => (share - from) / (to - from);
    const put = (element, share) => {
      const x = place(share);
      element.style.visibility = x < 0 || x > 1 ? "hidden" : "visible";
      for (const name of element.tagName === "line" ? ["x1", "x2"] : ["x"]) element.setAttribute(name, `${100 * x}%`);
    };
    const view = () => {
      plot.setAttribute("viewBox", `${1000 * from} 0 ${1000 * (to - from)} 180`);
      for (const each of moving) put(each, Number(each.dataset.x) / 100);
      if (out.textContent) put(cursor, at);
    };
    const show = () => {
      load();
      const seconds = data.start + at * (data.end - data.start);
      const said = [];
      for (const [name, start, step, values, lows] of data.lines) {
        const index = Math.floor((seconds - start) / step);
        if (index < 0 || index >= values.length) continue;
        const low = lows.length ? `${lows[index] ?? dash} to ` : "";
        said.push(`${name} ${low}${values[index] ?? dash}`);
      }
      out.textContent = `${time(seconds)}: ${said.join(", ")} ${data.unit}`;
      put(cursor, at);
    };
    const zoom = (factor) => {
      const span = clamp((to - from) * factor, 0.05, 1);
      from = clamp(at - span * place(at), 0, 1 - span);
      to = from + span;
      view();
    };
    const all = () => { from = 0; to = 1; view(); };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      at = clamp(from + (to - from) * (event.clientX - box.left) / box.width, 0, 0.999999);
      show();
    });
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 0.8 : 1.25);
    }, { passive: false });
    svg.addEventListener("keydown", (event) => {
      const step = (to - from) / 50;
      if (event.key === "ArrowLeft") at = clamp(at - step, 0, 0.999999);
      else if (event.key === "ArrowRight") at = clamp(at + step, 0, 0.999999);
      else if (event.key === "+" || event.key === "=") zoom(0.8);
      else if (event.key === "-") zoom(1.25);
      else if (event.key === "0" || event.key === "Escape") all();
      else return;
      event.preventDefault();
      if (at < from || at > to) {
        const span = to - from;
        from = clamp(at - span / 2, 0, 1 - span);
        to = from + span;
        view();
      }
      show();
    });
    const buttons = make("span", undefined, figure.querySelector(".legend"));
    buttons.className = "zoom";
    for (const [text, name, factor] of [["+", "Zoom in", 0.5], ["−", "Zoom out", 2], ["All", "Show all", 0]]) {
      const button = make("button", text, buttons);
      button.type = "button";
      button.setAttribute("aria-label", `${name}: ${title}`);
      button.addEventListener("click", () => (factor ? zoom(factor) : all()));
    }
    const details = make("details", undefined, figure);
    make("summary", `${title} as a table`, details);
    details.addEventListener("toggle", () => {
      if (details.querySelector("table")) return;
      const into = make("div", undefined, details);
      into.className = "scroll";
      into.tabIndex = 0;
      into.setAttribute("role", "region");
      into.setAttribute("aria-label", `${title} as a table`);
      into.append(table(load()));
    });
  };
  // Charts are made usable when they come near the screen, or are reached by keyboard.
  const waiting = new Set(document.querySelectorAll("figure.chart"));
  const ready = (figure) => { if (waiting.delete(figure)) chart(figure); };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); ready(entry.target); }
  }, { rootMargin: "600px" });
  for (const figure of waiting) seen.observe(figure);
  // A table that is wider than the screen is reached by keyboard, too, and has a name.
  const wide = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting || target.scrollWidth <= target.clientWidth) continue;
      wide.unobserve(target);
      target.tabIndex = 0;
      target.setAttribute("role", "region");
      target.setAttribute("aria-label", target.querySelector("caption")?.textContent ?? "Table");
    }
  });
  for (const each of document.querySelectorAll(".w .scroll")) wide.observe(each);
  document.addEventListener("focusin", (event) => {
    const figure = event.target.closest?.("figure.chart");
    if (figure) ready(figure);
  });
  const find = document.querySelector(".find");
  find?.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const each of document.querySelectorAll("[data-find]")) {
      each.hidden = !each.dataset.find.toLowerCase().includes(wanted);
    }
  });
})();
