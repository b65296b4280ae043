// A form that is sent as soon as something in it changes. Its button, data-without-script, is for those without one.

export function mount(form) {
  for (const button of form.querySelectorAll("[data-without-script]")) button.hidden = true;
  const send = () => form.requestSubmit();
  form.addEventListener("change", send);
  return () => form.removeEventListener("change", send);
}
