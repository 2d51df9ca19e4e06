// Menus that open beside what they belong to.

import { h, standing } from "./dom.js";

let open = null;

/** Opens a menu: entries are {label, act} or {heading}. `from` is an element, or {x, y, from}. */
export function openMenu(from, entries, label) {
  closeMenu();
  const origin = standing(from instanceof Element ? from : from.from);
  if (!origin) return;
  const items = entries.map((entry) => entry.heading
    ? h("li", { role: "presentation", className: "menu-heading" }, entry.heading)
    : h("li", { role: "presentation" }, h("button", { type: "button", role: "menuitem", tabIndex: -1, className: entry.danger ? "danger" : "", onclick: () => { closeMenu(); entry.act(); } }, entry.label)));
  const menu = h("ul", { className: "menu", role: "menu", "aria-label": label }, items);
  menu.addEventListener("keydown", (event) => {
    const every = [...menu.querySelectorAll("[role=menuitem]")];
    const at = every.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: every.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      every[(next + every.length) % every.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      closeMenu();
    }
  });
  document.body.append(menu);
  const box = from instanceof Element ? origin.getBoundingClientRect() : { left: from.x, bottom: from.y, top: from.y };
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(box.left, innerWidth - width - 4))}px`;
  menu.style.top = `${box.bottom + height + 4 > innerHeight ? Math.max(4, box.top - height) : box.bottom + 2}px`;
  open = { menu, origin };
  menu.querySelector("[role=menuitem]")?.focus();
}

/** Closes the menu that is open. */
export function closeMenu() {
  if (!open) return;
  const { menu, origin } = open;
  open = null;
  const had = menu.contains(document.activeElement);
  menu.remove();
  if (had) standing(origin)?.focus();
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target)) closeMenu();
});
