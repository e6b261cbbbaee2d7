"use strict";
for (const tools of document.querySelectorAll(".tools")) {
  const cards = [...document.getElementById(tools.dataset.for).children];
  const count = tools.querySelector("output");
  tools.hidden = false;
  tools.querySelector("input").addEventListener("input", (event) => {
    const wanted = event.target.value.toLocaleLowerCase();
    for (const card of cards) card.hidden = !card.textContent.toLocaleLowerCase().includes(wanted);
    count.textContent = cards.filter((card) => !card.hidden).length + " of " + cards.length;
  });
}
const worth = (row, column) => {
  const cell = row.children[column];
  return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
};
for (const table of document.querySelectorAll("table.sorts")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [worth(a, column), worth(b, column)];
        const order = typeof x === "number" ? x - y : x.localeCompare(y);
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
