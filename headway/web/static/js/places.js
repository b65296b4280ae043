// Rows that are put into an order by dragging, by Alt and an arrow, or by writing a place: their figures follow.

export function mount(body) {
  let held = null;
  const rows = () => [...body.querySelectorAll("tr")];
  const place = (row) => row.querySelector("[name^=place-]");

  const settle = () => {
    rows().forEach((row, at) => { place(row).value = at + 1; });
    body.closest("form").querySelector("[name=look]").click();
  };
  const put = (row, at) => {
    const others = rows().filter((one) => one !== row);
    const wanted = Math.min(Math.max(at, 0), others.length);
    if (wanted === others.length) body.append(row);
    else others[wanted].before(row);
    settle();
  };

  const listeners = {
    change: ({ target }) => {
      if (target.name?.startsWith("place-") && Number.isInteger(target.valueAsNumber)) put(target.closest("tr"), target.valueAsNumber - 1);
    },
    keydown: (event) => {
      const step = event.altKey && { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const row = event.target.closest("tr");
      if (!step || !row) return;
      event.preventDefault();
      put(row, rows().indexOf(row) + step);
      place(row).focus();
    },
    dragstart: (event) => {
      held = event.target.closest("tr");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "");
    },
    dragover: (event) => {
      const over = event.target.closest("tr");
      if (!held || !over) return;
      event.preventDefault();
      clear();
      if (over !== held) over.dataset.over = isAbove(event, over) ? "before" : "after";
    },
    drop: (event) => {
      const over = event.target.closest("tr");
      if (!held || !over || over === held) return;
      event.preventDefault();
      over[isAbove(event, over) ? "before" : "after"](held);
      settle();
    },
    dragend: () => { held = null; clear(); },
  };
  const clear = () => { for (const row of body.querySelectorAll("[data-over]")) delete row.dataset.over; };

  for (const [name, listener] of Object.entries(listeners)) body.addEventListener(name, listener);
  return () => { for (const [name, listener] of Object.entries(listeners)) body.removeEventListener(name, listener); };
}

function isAbove(event, row) {
  const { top, height } = row.getBoundingClientRect();
  return event.clientY < top + height / 2;
}
