"use strict";
// Draws each picture when it comes near the reader's window, and all of them before printing.
{
  const HEIGHT = 420;
  const PAPER_WIDTH = 680; // between the margins of a sheet of A4, in CSS pixels

  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const touched = matchMedia("(pointer: coarse)");

  // Okabe and Ito's colours, which readers with any kind of colour vision tell apart; in the dark, the same hues lighter.
  const LIGHT = {
    ink: "#1c2126",
    muted: "#5a646e",
    line: "#e1e4e8",
    ground: "#ffffff",
    colours: ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442"],
  };
  const DARK = {
    ink: "#e4e7ea",
    muted: "#9ca6b0",
    line: "#333a42",
    ground: "#15181c",
    colours: ["#56B4E9", "#E69F00", "#2FC39B", "#F07D2E", "#DF93BD", "#3D95D6", "#F0E442"],
  };

  const template = ({ ink, muted, line, ground, colours }) => {
    const axis = {
      automargin: true,
      color: muted,
      exponentformat: "power",
      gridcolor: line,
      linecolor: line,
      minorloglabels: "none",
      tickcolor: line,
      title: { font: { color: ink, size: 13 } },
      zerolinecolor: line,
    };
    return {
      data: Object.fromEntries(
        ["contour", "heatmap", "histogram2d"].map((type) => [type, [{ type, colorscale: "Viridis" }]]),
      ),
      layout: {
        colorway: colours,
        coloraxis: { colorbar: { title: { font: { size: 13 } } } },
        colorscale: { sequential: "Viridis", sequentialminus: "Viridis" },
        dragmode: touched.matches ? false : "zoom", // a finger on a picture scrolls the page
        font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink },
        hoverlabel: { align: "left", bgcolor: ground, bordercolor: line, font: { color: ink } },
        hovermode: "closest",
        legend: {
          orientation: "h",
          title: { font: { size: 13 }, side: "top" },
          x: 0,
          xref: "container",
          y: 0,
          yanchor: "bottom",
          yref: "container",
        }, // below, clear of the buttons
        margin: { t: 24, r: 16, b: 48, l: 56 },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: ink },
        paper_bgcolor: ground,
        plot_bgcolor: ground,
        xaxis: axis,
        yaxis: axis,
      },
    };
  };

  const onScreen = () => ({
    template: template((root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark" ? DARK : LIGHT),
    autosize: true,
  });
  const onPaper = () => ({ template: template(LIGHT), autosize: false, width: PAPER_WIDTH });

  const plots = [...document.querySelectorAll(".plot")];
  const drawn = new Set();

  const draw = (plot) => {
    if (drawn.has(plot)) return;
    drawn.add(plot);
    const { data, layout } = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    const config = { responsive: true, displaylogo: false, typesetMath: false };
    Plotly.newPlot(plot, data, { height: HEIGHT, ...layout, ...onScreen() }, config);
  };

  const nearby = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        nearby.unobserve(target);
        draw(target);
      }
    },
    { rootMargin: "400px" },
  );
  for (const plot of plots) nearby.observe(plot);

  // What the reader has zoomed, hidden or chosen stays.
  const redrawAll = () => drawn.forEach((plot) => Plotly.relayout(plot, { ...onScreen(), width: null }));
  document.addEventListener("themechange", redrawAll);
  addEventListener("afterprint", redrawAll);
  addEventListener("beforeprint", () => {
    for (const plot of plots) {
      draw(plot); // as on screen, or Plotly has no size to go back to
      Plotly.relayout(plot, onPaper());
    }
  });
}
