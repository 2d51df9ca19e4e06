// Making elements. Nothing that anybody wrote ever becomes HTML: text stays text.

/** Returns an element with properties, attributes (kebab-case or aria-*), listeners (on…) and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name in element && !name.includes("-") && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let pressed = null;
/** What is drawn when what is pressed was let go: by place, the latest of each. */
const waiting = new Map();

/** Does something at once, or when nothing in a place is pressed any more: what is replaced under a finger is never clicked. */
export function unpressed(place, work) {
  if (pressed && place.contains(pressed)) waiting.set(place, work);
  else work();
}

/** Does what waited, after the click that comes with letting go. */
function letGo() {
  if (!pressed) return;
  setTimeout(() => {
    pressed = null;
    const works = [...waiting.values()];
    waiting.clear();
    for (const work of works) work();
  });
}

addEventListener("pointerdown", (event) => (pressed = event.button === 0 ? event.target : null), true);
// Space presses a button, and clicks it when it is let go.
addEventListener("keydown", (event) => (event.key === " " ? (pressed = event.target) : letGo()), true);
for (const kind of ["pointerup", "pointercancel", "keyup"]) addEventListener(kind, letGo, true);
// A finger is also let go outside the window, or over the choices of a select.
addEventListener("pointermove", (event) => event.buttons || letGo(), true);
addEventListener("blur", letGo);

/** Draws a place anew, or another in its stead; whoever was at something in it stays there. */
export function drawAnew(place, draw, then = place) {
  unpressed(place, () => {
    const at = place.contains(document.activeElement) ? markOf(document.activeElement) : null;
    draw();
    if (at === null || then.contains(document.activeElement)) return;
    [then, ...then.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")].find((each) => markOf(each) === at)?.focus();
  });
}

/** Returns what is the same of an element when it is drawn anew. */
function markOf(element) {
  const { message, key, id } = element.dataset;
  if (message) return message;
  const own = key ?? id ?? element.getAttribute("aria-label") ?? element.getAttribute("href") ?? element.textContent;
  return [element.closest("[data-message]")?.dataset.message ?? "", element.tagName, own].join("\n");
}

let last = 0;

/** Returns an id that no other element of the page has. */
export function newId(prefix = "i") {
  return `${prefix}-${++last}`;
}

/** Says something to readers of screens, once. */
export function announce(text) {
  const status = document.getElementById("status");
  status.textContent = "";
  requestAnimationFrame(() => (status.textContent = text));
}

/** Shows a dialog until it is closed, and gives the focus back to where it was. */
export function openDialog(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (!before || !before.isConnected) return;
    // The browser gives the focus back by itself, but a text box its caret only with the next one.
    before.blur();
    before.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();
  return dialog;
}

/** Returns a number of bytes as people read it. */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 1024 / 1024).toFixed(1)} MB`;
}
