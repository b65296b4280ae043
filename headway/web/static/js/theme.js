// The theme button goes round: system, light, dark. Without this module it posts its form.
import { remember } from "./cookies.js";

const order = ["", "light", "dark"];

export function mount(button) {
  const press = (event) => {
    event.preventDefault();
    const root = document.documentElement;
    const next = order[(order.indexOf(root.dataset.theme ?? "") + 1) % order.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    remember("theme", next);
    button.dispatchEvent(new CustomEvent("theme:changed", { bubbles: true, detail: { theme: next } }));
  };
  button.addEventListener("click", press);
  return () => button.removeEventListener("click", press);
}
