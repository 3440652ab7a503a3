// Draws the explorers of a page when they come near, and lets their sliders set the signals of the chart.
// The chart's expressions are interpreted, never compiled: no eval is needed.
(() => {
  if (window.w2sExplorers) return;  // a page may have several explorers, each with this script
  window.w2sExplorers = true;
  const vendor = new URL("../vega/", document.currentScript.src).href;
  let scripts;

  function load() {
    scripts ??= ["vega.min.js", "vega-lite.min.js", "vega-embed.min.js"].reduce(
      (before, file) => before.then(() => new Promise((resolve, reject) => {
        const script = document.createElement("script");
        Object.assign(script, {src: vendor + file, onload: resolve, onerror: () => reject(new Error(`${file} is missing`))});
        document.head.append(script);
      })), Promise.resolve());
    return scripts;
  }

  const isDark = () => document.documentElement.dataset.theme === "dark";

  async function start(root) {
    const {chart, dark, sliders} = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    await load();
    const inputs = [...root.querySelectorAll('input[type="range"]')];
    const plot = root.querySelector(".w2s-plot"), readout = root.querySelector(".w2s-readout");
    const begin = new Map(inputs.map((input) => [input, input.getAttribute("value")]));
    let shown, speak;

    function show(input) {
      const text = sliders[input.name].texts[input.value];
      input.setAttribute("aria-valuetext", text);
      input.parentElement.querySelector(".w2s-value").textContent = text;
      shown.view.signal(input.name, sliders[input.name].stops[input.value]);
    }
    async function run(wait) {
      await shown.view.runAsync();
      // said once the slider rests, so that a screen reader is not flooded
      clearTimeout(speak);
      speak = setTimeout(() => { readout.textContent = shown.view.signal("readout"); }, wait);
    }
    async function draw() {
      const text = JSON.stringify(chart).replace(/#[0-9A-F]{6}/g, (color) => (isDark() && dark[color]) || color);
      const old = shown;
      shown = await vegaEmbed(plot, JSON.parse(text), {actions: false, ast: true, renderer: "svg", mode: "vega-lite"});
      old?.finalize();
      root.view = shown.view;
      inputs.forEach(show);
      await run(0);
    }

    root.querySelector(".w2s-still").hidden = true;
    root.querySelector(".w2s-live").hidden = false;
    await draw();
    root.addEventListener("input", (event) => { show(event.target); run(120); });
    root.querySelector("button").addEventListener("click", () => {
      begin.forEach((value, input) => { input.value = value; show(input); });
      run(120);
    });
    let was = isDark();
    new MutationObserver(() => { if (was !== isDark()) { was = isDark(); draw(); } })
      .observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme"]});
    root.dataset.ready = "true";
  }

  const near = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
    near.unobserve(entry.target);
    start(entry.target);
  }), {rootMargin: "600px"});
  document.querySelectorAll(".w2s-explorer").forEach((root) => near.observe(root));
})();
