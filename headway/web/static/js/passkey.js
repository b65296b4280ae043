// Passkeys: asks the browser for one (or for a new one) and posts its answer with the form.
// data-options holds what the server asks; where it is empty, data-href gives it at the press of the button.

export function mount(form) {
  const status = form.querySelector("[role=status]");
  if (!globalThis.PublicKeyCredential) {
    if (form.dataset.unable) status.textContent = form.dataset.unable;
    else form.hidden = true;
    return undefined;
  }
  form.hidden = false;
  const send = async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    status.textContent = "";
    try {
      const { publicKey } = await optionsOf(form);
      const credential = "create" in form.dataset
        ? await navigator.credentials.create({ publicKey: forCreation(publicKey) })
        : await navigator.credentials.get({ publicKey: forRequest(publicKey) });
      form.elements.credential.value = JSON.stringify(plain(credential));
      form.submit();
    } catch (error) {
      // Closing the browser's own dialog comes here too: nothing is broken.
      status.textContent = error instanceof Told ? error.message : form.dataset.failed;
    }
  };
  form.addEventListener("submit", send);
  return () => form.removeEventListener("submit", send);
}

class Told extends Error {}

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.dataset.href, { headers: { Accept: "application/json" } });
  const given = await answer.json();
  if (!answer.ok) throw new Told(given.error);
  return given;
}

function forCreation(options) {
  const user = { ...options.user, id: bytes(options.user.id) };
  return { ...options, user, challenge: bytes(options.challenge), excludeCredentials: keys(options.excludeCredentials) };
}

function forRequest(options) {
  return { ...options, challenge: bytes(options.challenge), allowCredentials: keys(options.allowCredentials) };
}

function keys(list) {
  return (list ?? []).map((key) => ({ ...key, id: bytes(key.id) }));
}

// The answer as JSON, as PublicKeyCredential.toJSON() gives it where a browser knows that already.
function plain(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    type: credential.type,
    id: credential.id,
    rawId: text(credential.rawId),
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function bytes(base64url) {
  const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const letters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
