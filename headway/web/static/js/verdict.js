// A verdict: what was measured proposes the grade, and what cannot be told has none.

export function mount(form) {
  const grades = [...form.querySelectorAll("[name=scale]")];
  const onInput = ({ target }) => {
    form.dataset.liveKeep = ""; // what is written here is not swept away when somebody else judges first
    if (target.name === "outcome") {
      const untold = target.value === "cannot_tell";
      for (const grade of grades) {
        grade.disabled = untold;
        if (untold) grade.checked = false;
      }
    }
    if (target.name === "measured" && Number.isFinite(target.valueAsNumber)) propose(form, grades, target.valueAsNumber);
  };
  form.addEventListener("input", onInput);
  return () => form.removeEventListener("input", onInput);
}

// The same rule as Bet.scale_of.
function propose(form, grades, measured) {
  const low = Number(form.dataset.low);
  const high = Number(form.dataset.high);
  let grade = 2;
  if (measured < 0) grade = 1;
  else if (measured > high) grade = 5;
  else if (measured > 0) grade = measured >= low ? 4 : 3;
  for (const one of grades) one.checked = Number(one.value) === grade;
}
