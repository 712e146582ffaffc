"use strict";
// Sorts a table by the column whose button was pressed: numbers from the largest,
// names from A; pressed again, the other way round.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headers = [...table.tHead.rows[0].cells];
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
  };
  const compare = (one, other) =>
    typeof one === "number"
      ? one - other
      : one.localeCompare(other, undefined, { numeric: true });
  headers.forEach((header, column) => {
    header.querySelector("button").addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      const first = column === 0 ? "ascending" : "descending";
      const second = column === 0 ? "descending" : "ascending";
      const order = before === first ? second : first;
      const sign = order === "ascending" ? 1 : -1;
      for (const each of headers) each.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", order);
      const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
      rows.sort(([one], [other]) => sign * compare(one, other));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
