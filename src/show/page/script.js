// Sorts and filters the verdict tables. Without it they are plain tables in the order of the claims.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => {
    const cell = row.cells[column], text = cell.dataset.sort ?? cell.textContent.trim();
    const number = { inf: Infinity, "-inf": -Infinity }[text] ?? (text === "" ? NaN : Number(text));
    return cell.classList.contains("n") ? (Number.isNaN(number) ? Infinity : number) : text.toLowerCase();
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = rows.map((row) => [key(row, column), row]);
      sorted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
      body.append(...sorted.map(([, row]) => row));
    });
  });
  const filter = document.createElement("div"), count = document.createElement("output");
  filter.className = "filter";
  const field = (name, input) => {
    const label = document.createElement("label");
    label.append(name, input);
    filter.append(label);
    input.addEventListener("input", show);
    return input;
  };
  const words = field("Claim, bound or cell contains", document.createElement("input"));
  const verdict = field("Verdict", document.createElement("select"));
  const verdicts = [...new Set(rows.map((row) => row.cells[2].textContent))].sort();
  verdict.append(...["all", ...verdicts].map((text) => new Option(text, text)));
  count.setAttribute("aria-live", "polite");
  filter.append(count);
  function show() {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const cells = [row.cells[0], row.cells[1], row.cells[8]].map((cell) => cell.textContent.toLowerCase());
      row.hidden = !(cells.some((text) => text.includes(wanted)) && ["all", row.cells[2].textContent].includes(verdict.value));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  }
  table.parentElement.before(filter);
  show();
}
