// The theme button goes round: system, light, dark. Without this module it posts its form.

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

// Choices that belong to a browser, not to a person: the server reads them, so that no page flashes.

export function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = value ? 365 * 24 * 3600 : 0;
  document.cookie = `${name}=${value}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}
