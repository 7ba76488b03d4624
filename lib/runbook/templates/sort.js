// Tables stand without this script, in the order they were made: what failed first. With it the
// headers are buttons: once upwards, once downwards, once more as it was.
function runbookSortable(selector) {
  const verdicts = ["FAIL", "WARN", "SKIP", "PASS"];
  const seconds = { ms: 0.001, s: 1, min: 60, h: 3600 };
  function weight(text) {
    const verdict = verdicts.indexOf(text.slice(-4));
    if (verdict >= 0 && text.length < 8) return verdict;
    if (/^-?[\d,]+(\.\d+)?$/.test(text)) return Number(text.replaceAll(",", ""));
    if (!/^([\d,.]+ (ms|s|min|h) ?)+/.test(text)) return null;
    const parts = [...text.matchAll(/([\d,.]+) (ms|s|min|h)\b/g)];
    return parts.reduce((sum, part) => sum + part[1].replaceAll(",", "") * seconds[part[2]], 0);
  }
  function compare(one, other) {
    const empty = (one === "–") - (other === "–");
    if (empty) return [empty, true];
    const a = weight(one), b = weight(other);
    if (a !== null && b !== null) return [a - b, false];
    return [one.localeCompare(other, undefined, { numeric: true }), false];
  }
  function sort(table, place, order) {
    const text = (row) => row.cells[place].innerText.trim();
    const rows = [...table.runbookRows];
    if (order) rows.sort((one, other) => {
      const [found, last] = compare(text(one), text(other));
      return last || order === "ascending" ? found : -found;
    });
    table.tBodies[0].append(...rows);
  }
  for (const table of document.querySelectorAll(selector)) {
    const body = table.tBodies[0];
    if (table.runbookRows || !table.tHead || table.tHead.rows.length !== 1) continue;
    if (!body || body.rows.length < 3 || body.querySelector("[rowspan], [colspan]")) continue;
    table.runbookRows = [...body.rows];
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "runbook-sort";
      button.title = "Sort by this column";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const before = header.getAttribute("aria-sort");
        const order = { ascending: "descending", descending: "" }[before] ?? "ascending";
        headers.forEach((each) => each.removeAttribute("aria-sort"));
        if (order) header.setAttribute("aria-sort", order);
        sort(table, place, order);
      });
    });
  }
}
