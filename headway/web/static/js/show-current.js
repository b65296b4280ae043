// A row of links that scrolls sideways on a phone: the one for this page is in sight.

export function mount(row) {
  const current = row.querySelector("[aria-current]");
  if (current && row.scrollWidth > row.clientWidth) current.scrollIntoView({ block: "nearest", inline: "center" });
}
