// The table stands without this script; with it, rows can be searched and filtered.
const form = document.getElementById("filter");
const count = document.getElementById("count");
const rows = [...document.querySelectorAll("tbody tr")];
function show() {
  const words = form.querySelector("#words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = [...form.querySelectorAll("select")].filter((each) => each.value);
  let shown = 0;
  for (const row of rows) {
    const text = (row.textContent + " " + row.dataset.words).toLowerCase();
    const fits = words.every((word) => text.includes(word))
      && chosen.every((each) => row.dataset[each.dataset.key] === each.value);
    row.hidden = !fits;
    shown += fits;
  }
  count.textContent = shown + " of " + rows.length + " records shown";
}
if (form) {
  form.hidden = count.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
