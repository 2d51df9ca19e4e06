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

/** What is pressed, and by what: {target, by}, "pointer" or "key". */
let pressed = null;
/** What is done when that was let go: the latest of each key. */
const waiting = new Map();
let due = 0;
/** Milliseconds within which the click of a finger comes; that of a mouse comes at once. */
const TAP_MS = 300;

/** Does something at once, or when nothing in a place is pressed any more: what is replaced under a finger is never clicked. */
export function unpressed(place, work, key = place) {
  if (pressed && place.contains(pressed.target)) {
    waiting.set(key, work);
  } else {
    waiting.delete(key);
    work();
  }
}

function press(target, by) {
  clearTimeout(due);
  pressed = { target, by };
}

/** Does what waited, after the click that comes with letting go. */
function letGo(by, after = 0) {
  if (pressed?.by !== by) return;
  clearTimeout(due);
  due = setTimeout(() => {
    pressed = null;
    const works = [...waiting.values()];
    waiting.clear();
    works.forEach(queueMicrotask);
  }, after);
}

const listen = (kind, listener) => addEventListener(kind, listener, true);
listen("pointerdown", (event) => event.button === 0 && press(event.target, "pointer"));
listen("pointerup", (event) => letGo("pointer", event.pointerType === "mouse" ? 0 : TAP_MS));
listen("pointercancel", () => letGo("pointer"));
listen("click", () => letGo("pointer"));
// Outside the window, or over the choices of a select, a pointer is let go unseen.
listen("pointermove", (event) => event.pointerType === "mouse" && !event.buttons && letGo("pointer"));
listen("change", (event) => event.target === pressed?.target && letGo("pointer"));
// Space presses a button, and clicks it when it is let go.
listen("keydown", (event) => event.key === " " && press(event.target, "key"));
listen("keyup", () => letGo("key"));
addEventListener("blur", () => letGo(pressed?.by));

/** Draws a place anew, or another in its stead; whoever was at something in it stays there. `draw` looks at what is so then. */
export function drawAnew(place, draw, then = place) {
  unpressed(place, () => {
    const at = place.contains(document.activeElement) ? document.activeElement : null;
    draw();
    if (at && !then.contains(document.activeElement)) standing(at, then)?.focus();
  });
}

/** Returns an element, or what was drawn in its stead; null if there is none any more. */
export function standing(element, within = document.body) {
  if (element.isConnected) return element;
  const mark = markOf(element);
  return [within, ...within.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")].find((each) => markOf(each) === mark) ?? null;
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

/** Says something to readers of screens, once: by and by, or in the place "alert" before all else. */
export function announce(text, place = "status") {
  const element = document.getElementById(place);
  element.textContent = "";
  requestAnimationFrame(() => (element.textContent = text));
}

/** Shows a dialog until it is closed, and gives the focus back to where it was. */
export function openDialog(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    const origin = before && standing(before);
    // Somebody may have been sent elsewhere meanwhile.
    if (!origin || ![origin, document.body].includes(document.activeElement)) return;
    // The browser gives the focus back by itself, but a text box its caret only with the next one.
    origin.blur();
    origin.focus();
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
