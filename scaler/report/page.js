"use strict";
(() => {
  const dash = "—";
  const time = (s) => new Date(s * 1000).toISOString().slice(0, 16).replace("T", " ") + "Z";
  for (const figure of document.querySelectorAll("figure.chart")) {
    const svg = figure.querySelector("svg");
    const out = figure.querySelector(".value");
    const cursor = svg.querySelector(".cursor");
    const [width, height, left, right] = svg.dataset.box.split(" ").map(Number);
    let data = null;
    let from = 0;
    let to = 1;
    let at = 1;
    const load = () => (data ??= JSON.parse(figure.querySelector("script").textContent));
    const view = () => {
      const inner = width - left - right;
      svg.setAttribute("viewBox", from === 0 && to === 1 ? `0 0 ${width} ${height}`
        : `${left + inner * from} 0 ${inner * (to - from)} ${height}`);
      svg.setAttribute("preserveAspectRatio", from === 0 && to === 1 ? "xMidYMid meet" : "none");
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
      const x = left + (width - left - right) * at;
      cursor.setAttribute("d", `M${x} 0V${height}`);
    };
    const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
    const zoom = (factor) => {
      const span = clamp((to - from) * factor, 0.05, 1);
      from = clamp(at - span * (at - from) / (to - from), 0, 1 - span);
      to = from + span;
      view();
    };
    svg.addEventListener("pointermove", (event) => {
      const matrix = svg.getScreenCTM();
      if (!matrix) return;
      const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse()).x;
      at = clamp((x - left) / (width - left - right), 0, 0.999999);
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
      else if (event.key === "0" || event.key === "Escape") { from = 0; to = 1; view(); }
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
    for (const [name, factor] of [["Zoom in", 0.5], ["Zoom out", 2], ["All", 0]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => {
        if (factor) zoom(factor); else { from = 0; to = 1; view(); }
      });
      figure.querySelector(".legend").append(button, " ");
    }
  }
})();
