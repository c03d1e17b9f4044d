"use strict";
// Sorts and filters the table. The rows are in the document for readers without scripts; here they are taken out, and
// put back a chunk at a time where the reader looks: a browser lays out a hundred rows at once, but not five thousand.
{
  const CHUNK = 100;
  const ALWAYS_DRAWN = 500; // so that the browser's own search finds every row of a table that is not large

  const region = document.getElementById("table");
  const table = region.querySelector("table");
  const headers = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const total = rows.length.toLocaleString("en");
  const words = new Intl.Collator(undefined, { numeric: true });

  let order = rows; // as sorted
  let shown = rows; // as sorted and filtered

  const chunks = new Map(); // by tbody, which holds the chunk's rows or a gap of their height
  let rowHeight = 32; // until one is measured

  const draw = (body) => {
    const chunk = chunks.get(body);
    if (chunk.isDrawn) return;
    chunk.isDrawn = true;
    body.replaceChildren(...chunk.rows);
  };

  const withdraw = (body, height) => {
    chunks.get(body).isDrawn = false;
    const gap = document.createElement("td");
    gap.colSpan = headers.length;
    gap.className = "gap";
    gap.style.height = `${height}px`;
    const row = document.createElement("tr");
    row.append(gap);
    body.replaceChildren(row);
  };

  // Reports on each chunk once when it is first observed, and then whenever one comes near or leaves.
  const nearby = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting, boundingClientRect } of entries) {
        if (!chunks.has(target)) continue; // reported as it was replaced
        if (isIntersecting) draw(target);
        else if (chunks.get(target).isDrawn) withdraw(target, boundingClientRect.height);
      }
    },
    { root: region, rootMargin: "1500px 0px" },
  );

  const lay = () => {
    nearby.disconnect();
    chunks.clear();
    for (const body of [...table.tBodies]) body.remove();
    const isLong = shown.length > ALWAYS_DRAWN;
    shown.forEach((row, place) => row.setAttribute("aria-rowindex", place + 2)); // the header is the first
    for (let start = 0; start < shown.length; start += CHUNK) {
      const body = table.createTBody();
      body.className = "chunk";
      chunks.set(body, { rows: shown.slice(start, start + CHUNK), isDrawn: false });
      if (start === 0 || !isLong) draw(body);
      else withdraw(body, rowHeight * chunks.get(body).rows.length);
      if (start === 0 && isLong) rowHeight = body.offsetHeight / CHUNK || rowHeight;
      if (isLong) nearby.observe(body);
    }
    table.setAttribute("aria-rowcount", shown.length + 1);
    region.scrollTop = 0;
  };

  const field = document.getElementById("filter");
  const count = document.getElementById("count");
  const texts = new Map(); // of rows, made when first asked for

  const textOf = (row) => {
    if (!texts.has(row)) {
      texts.set(row, [...row.cells].map((cell) => cell.textContent.toLowerCase()).join("\n"));
    }
    return texts.get(row);
  };

  const filter = () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length) count.dataset.filter = wanted.join(" ");
    else delete count.dataset.filter;
    shown = order.filter((row) => wanted.every((word) => textOf(row).includes(word)));
    count.textContent =
      shown.length === rows.length
        ? `${total} ${rows.length === 1 ? "row" : "rows"}`
        : `${shown.length.toLocaleString("en")} of ${total} rows`;
    lay();
  };

  const INFINITE = new Map([
    ["inf", Infinity],
    ["-inf", -Infinity],
  ]); // as they arrive here

  const isNumber = (column) => headers[column].classList.contains("number");

  // What a cell is sorted by; null for nothing.
  const keyOf = (cell, isNumber) => {
    if (!isNumber) return (cell.dataset.sort ?? cell.textContent) || null;
    const number = INFINITE.get(cell.dataset.sort) ?? Number.parseFloat(cell.dataset.sort);
    return Number.isNaN(number) ? null : number;
  };

  const sort = (column, direction) => {
    headers.forEach((header, place) => header.setAttribute("aria-sort", place === column ? direction : "none"));
    if (direction === "none") {
      order = rows;
    } else {
      const keys = new Map(rows.map((row) => [row, keyOf(row.cells[column], isNumber(column))]));
      const sign = direction === "ascending" ? 1 : -1;
      const compare = isNumber(column) ? (a, b) => a - b || 0 : words.compare; // the same infinity twice makes NaN
      const present = rows.filter((row) => keys.get(row) !== null);
      const missing = rows.filter((row) => keys.get(row) === null);
      order = [...present.sort((a, b) => sign * compare(keys.get(a), keys.get(b))), ...missing];
    }
    filter();
  };

  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(column, NEXT[header.getAttribute("aria-sort")]));
    header.append(button);
    header.setAttribute("aria-sort", "none");
  });

  field.addEventListener("input", filter);
  document.getElementById("controls").hidden = false;
  addEventListener("beforeprint", () => chunks.forEach((_, body) => draw(body)));
  addEventListener("afterprint", () => {
    nearby.disconnect();
    if (shown.length > ALWAYS_DRAWN) chunks.forEach((_, body) => nearby.observe(body));
  });
  filter();
}
