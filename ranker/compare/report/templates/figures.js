"use strict";
// Draws the panels that are shown; a hidden one is drawn when a selector first shows it.
(() => {
  const isTouch = matchMedia("(pointer: coarse)").matches;
  const settings = { responsive: true, displaylogo: false, displayModeBar: false, plotlyServerURL: "" };

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    return { ink: read("--soft"), grid: read("--line"), card: read("--card") };
  }

  function themed(layout) {
    const { ink, grid, card } = colours();
    const themedAxis = (axis) => ({ ...axis, gridcolor: grid, linecolor: grid, tickcolor: grid });
    return {
      ...layout,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: ink },
      hoverlabel: { bgcolor: card, bordercolor: grid, font: { color: ink }, namelength: -1 },
      dragmode: isTouch ? false : "zoom",
      xaxis: themedAxis(layout.xaxis),
      yaxis: themedAxis(layout.yaxis),
    };
  }

  function draw(panel) {
    const plot = panel.querySelector(".plot");
    if (!plot) return;
    if (plot.dataset.drawn) {
      Plotly.Plots.resize(plot);
      return;
    }
    plot.dataset.drawn = "yes";
    const figure = JSON.parse(panel.querySelector("script").textContent);
    plot.figure = figure;
    Plotly.newPlot(plot, figure.data, themed(figure.layout), settings);
  }

  function show(section) {
    const chosen = {};
    for (const select of section.querySelectorAll("select")) chosen[select.name] = select.value;
    const panels = [...section.querySelectorAll(".panel")];
    for (const panel of panels) {
      const keys = JSON.parse(panel.dataset.keys);
      panel.hidden = Object.entries(chosen).some(([key, value]) => value && keys[key] !== value);
    }
    // Only now is every panel as wide as it will be.
    panels.filter((panel) => !panel.hidden).forEach(draw);
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
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const plot of document.querySelectorAll(".plot[data-drawn]")) {
      Plotly.react(plot, plot.figure.data, themed(plot.figure.layout), settings);
    }
  });
})();
