"use strict";
// Shows the panels that a section's selectors choose; without a script all are shown.
(() => {
  function show(section) {
    const chosen = {};
    for (const select of section.querySelectorAll("select")) chosen[select.name] = select.value;
    for (const panel of section.querySelectorAll(".panel")) {
      const keys = JSON.parse(panel.dataset.keys);
      panel.hidden = Object.entries(chosen).some(([key, value]) => value && keys[key] !== value);
    }
  }

  function showAll() {
    for (const select of document.querySelectorAll(".figures select")) select.value = "";
    document.querySelectorAll(".figures").forEach(show);
  }

  for (const section of document.querySelectorAll(".figures")) {
    section.addEventListener("change", () => show(section));
    show(section);
  }
  if (location.hash === "#all") showAll();
  addEventListener("hashchange", () => location.hash === "#all" && showAll());
})();
