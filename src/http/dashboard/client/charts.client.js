// Charts of the numbers that a table beside them has too.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Between the lines of a chart of runs: there is no half of a run. */
const WHOLE = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

/** So many digits after the point that each value is told as it is, and from the next. */
function digitsOf(values) {
  let digits = 2;
  while (digits < 8 && values.some((value) => Math.abs(value - Number(value.toFixed(digits))) > 1e-10)) digits++;
  return digits;
}

function drawChart(place) {
  const table = document.getElementById(place.dataset.chart);
  const rows = [...table.tBodies[0].rows].map((row) => [row.dataset.at, row.dataset.value].map(Number)).reverse();
  const unit = place.dataset.unit;
  const format = (value, digits) =>
    value === null ? "–" : unit === "usd" ? `$${value.toFixed(digits)}` : String(value);
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const options = {
    width: place.clientWidth,
    height: 220,
    padding: [12, 8, 0, 0],
    scales: {
      x: { range: (_, first, last) => [first - 43200, last + 43200] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] },
    },
    axes: [
      axis,
      {
        ...axis,
        ...(unit === "usd" ? {} : { incrs: WHOLE }),
        size: 74,
        values: (_, values) => values.map((value) => format(value, digitsOf(values))),
      },
    ],
    series: [
      { value: (_, at) => (at === null ? "–" : new Date(at * 1000).toISOString().slice(0, 10)), label: "Day (UTC)" },
      {
        label: place.dataset.label,
        stroke: colour("--accent"),
        fill: colour("--accent"),
        width: 0,
        points: { show: rows.length < 2 },
        value: (_, value) => format(value, value < 0.01 ? 6 : value < 1 ? 4 : 2),
        paths: uPlot.paths.bars({ size: [0.7, 48] }),
      },
    ],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
  };
  place.replaceChildren();
  return new uPlot(options, [rows.map(([at]) => at), rows.map(([, value]) => value)], place);
}

function drawCharts() {
  const drawn = [...document.querySelectorAll("[data-chart]")].map((place) => [place, drawChart(place)]);
  new ResizeObserver(() => {
    for (const [place, chart] of drawn) chart.setSize({ width: place.clientWidth, height: 220 });
  }).observe(document.querySelector("main"));
}
drawCharts();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);
