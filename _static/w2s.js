// Copy buttons, and the command line of a chapter kept at what its form says. Asks nothing of the network.
(() => {
  "use strict";

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // older browsers, and pages from disk where the clipboard is closed
      const area = document.createElement("textarea");
      area.value = text;
      area.style.position = "fixed";
      area.style.opacity = "0";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  function copyButtons() {
    for (const button of document.querySelectorAll(".w2s-copy")) {
      const text = button.parentElement.querySelector("code");
      button.hidden = false;
      button.addEventListener("click", async () => {
        const done = await copy(text.textContent);
        button.focus();
        button.textContent = done ? "Copied" : "Press Ctrl+C";
        if (!done) getSelection().selectAllChildren(text);
        setTimeout(() => { button.textContent = "Copy"; }, 2500);
      });
    }
  }

  // as the shell wants it
  const quoted = (text) =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\"'\"'") + "'";

  // why a value is refused; the command checks again, and has the last word
  function problem(field) {
    const kind = field.dataset.type;
    const list = kind.startsWith("list[");
    const element = list ? kind.slice(5, -1) : kind;
    const parts = list ? field.value.split(",").map((part) => part.trim()) : [field.value.trim()];
    if (element === "str" || element === "bool") return list && parts.some((part) => !part) ? "is incomplete" : "";
    for (const part of parts) {
      const value = Number(part);
      if (!part || !Number.isFinite(value)) return `must be ${element === "int" ? "an integer" : "a number"}`;
      if (element === "int" && !Number.isInteger(value)) return "must be an integer";
      const { low, high } = field.dataset;
      if ((low !== undefined && value < Number(low)) || (high !== undefined && value > Number(high)))
        return `is outside [${low ?? ""}, ${high ?? ""}]`;
    }
    return "";
  }

  function rerunForms() {
    for (const section of document.querySelectorAll(".w2s-rerun")) {
      const line = section.querySelector(".w2s-line code");
      const said = section.querySelector(".w2s-said");
      const form = section.querySelector("form");
      section.querySelector("details").hidden = !form.elements.length;
      form.addEventListener("submit", (event) => event.preventDefault());
      form.addEventListener("input", () => {
        const words = [".venv/bin/w2s run", section.dataset.chapter];
        const problems = [];
        for (const field of form.elements) {
          const text = problem(field);
          field.setAttribute("aria-invalid", String(Boolean(text)));
          if (text) problems.push(`${field.name} ${text}`);
          words.push("-p", field.name, quoted(field.value.trim()));
        }
        line.textContent = words.join(" ");
        said.textContent = problems.join("; ");
      });
    }
  }

  // The theme's scroll spy looks for a list of contents under a name it no longer has, falls back to every link of
  // the page, and takes each one's #place for a selector, which fig/paper/figure is not. Show it the list of contents.
  function showContents() {
    const list = document.getElementById("pst-page-toc-nav");
    if (list) document.body.dataset.bsTarget = "#" + list.id;
    else delete document.body.dataset.bsSpy;
  }

  // a figure that is wider than a telephone can be moved from the keyboard too
  function wideFigures() {
    for (const frame of document.querySelectorAll(".w2s-figure .w2s-picture")) {
      if (frame.scrollWidth > frame.clientWidth + 1) frame.tabIndex = 0;
      else frame.removeAttribute("tabindex");
    }
  }

  addEventListener("load", wideFigures);
  addEventListener("resize", wideFigures);
  const start = () => { showContents(); copyButtons(); rerunForms(); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
