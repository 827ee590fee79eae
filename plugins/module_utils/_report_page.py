# Copyright (c) arm64.docker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the report looks, with a contrast of 4.5 or more, and what it does in a browser."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1a1a;--muted:#555;--line:#ccc;--panel:#f3f5f7;
--accent:#0b5cad;--error:#a8001c;--warning:#744600;--ok:#1a6330}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e8eaed;--muted:#b4bac0;--line:#454b52;
--panel:#1f2429;--accent:#8ab4f8;--error:#ff9b9b;--warning:#ffc46b;--ok:#8bd79b}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
header,main{max-width:90rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.25rem;margin:2rem 0 .5rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;background:var(--bg)}
a{color:var(--accent)}
.cards,.charts{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));
padding:0;list-style:none}
.charts{grid-template-columns:repeat(auto-fit,minmax(17rem,1fr))}
.cards li,figure{background:var(--panel);border:1px solid var(--line);border-radius:.4rem;
padding:.7rem;margin:0}
.cards b{display:block;font-size:1.6rem}
figcaption{font-weight:600}svg{width:100%;height:auto;fill:var(--fg)}svg rect{fill:var(--accent)}
.filters{display:flex;flex-wrap:wrap;gap:1rem;margin:.5rem 0}
.filters label{display:flex;flex-direction:column}
input,select{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--muted);
border-radius:.3rem;padding:.35rem;max-width:100%}
.scroll{overflow-x:auto;border:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;color:var(--muted);padding:.3rem .5rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-top:1px solid var(--line)}
thead th{background:var(--panel);white-space:nowrap}
tbody th{position:sticky;left:0;background:var(--bg);max-width:14rem;overflow-wrap:anywhere}
th button{all:unset;cursor:pointer;font-weight:600}
th button::after{content:" \\2195";color:var(--muted)}
th[aria-sort=ascending] button::after{content:" \\2191"}
th[aria-sort=descending] button::after{content:" \\2193"}
:focus-visible,th button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.error,.unreachable{color:var(--error);font-weight:600}.warning{color:var(--warning);font-weight:600}
.ok{color:var(--ok)}.info{color:var(--accent)}.num{text-align:right}
[hidden]{display:none}
@media(max-width:40rem){body{font-size:15px}tbody th{max-width:9rem}}
@media print{.filters,.skip{display:none}.scroll{overflow:visible}}
"""

# Tables are complete without it: it sorts and filters what is there.
SCRIPT = """
"use strict";
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, column) => {
    const words = head.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("thead th").forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => {
        if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
        const numbers = Number(a) - Number(b);
        const order = Number.isNaN(numbers)
          ? a.localeCompare(b, undefined, { numeric: true }) : numbers;
        return up ? order : -order;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}
const words = document.getElementById("words");
const choices = [...document.querySelectorAll(".filters select")];
const rows = [...document.querySelectorAll("#hosts tbody tr")];
const texts = rows.map((row) => row.textContent.toLowerCase());
const said = document.getElementById("shown");
function filter() {
  const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, index) => {
    const fits = wanted.every((word) => texts[index].includes(word)) &&
      choices.every((one) => !one.value || row.dataset[one.name] === one.value);
    row.hidden = !fits;
    shown += fits;
  });
  said.textContent = `${shown} of ${rows.length} hosts`;
}
words.addEventListener("input", filter);
choices.forEach((one) => one.addEventListener("change", filter));
document.querySelectorAll(".filters").forEach((one) => { one.hidden = false; });
filter();
"""
