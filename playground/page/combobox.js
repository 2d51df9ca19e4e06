// A text box with a list of choices below it, by mouse and by keys (the combobox pattern of ARIA).

import { h, newId } from "./dom.js";

const MOST = 25;

/**
 * Returns {element, input, get value(), text(), set(choice), close()}.
 *
 * `find(text)` returns choices {value, label, description}, or a promise of them. Where `free` is true, what is typed
 * is a value too; otherwise only a choice is.
 */
export function combobox({ label, describedBy, find, free = false, placeholder = "", required = false, onpick = () => {}, delay = 0 }) {
  const listId = newId("list");
  const list = h("ul", { id: listId, className: "choices", role: "listbox", "aria-label": label, hidden: true });
  const input = h("input", {
    type: "text", autocomplete: "off", spellcheck: free, placeholder, role: "combobox", "aria-expanded": "false", "aria-controls": listId,
    "aria-autocomplete": "list", "aria-describedby": describedBy, "aria-required": required ? "true" : null, "aria-label": label,
  });
  let chosen = null;
  let choices = [];
  let active = -1;
  let asked = 0;
  let timer = 0;

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  };
  const mark = (at) => {
    active = at;
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    const item = list.children[at];
    if (item?.id) {
      input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };
  const pick = (choice) => {
    // What is still being looked for comes too late.
    clearTimeout(timer);
    asked += 1;
    chosen = choice;
    input.value = choice.label;
    close();
    onpick(choice);
  };
  const draw = (found, words = "") => {
    choices = found.slice(0, MOST);
    list.replaceChildren(...choices.map((choice) => h("li", { id: newId("choice"), role: "option", "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); pick(choice); } },
      choice.label, choice.description ? h("span", { className: "small" }, ` ${choice.description}`) : null)));
    if (!choices.length && words) list.append(h("li", { className: "small", role: "option", "aria-disabled": "true" }, words));
    list.hidden = !list.children.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(choices.length && !free ? 0 : -1);
  };
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const number = ++asked;
      try {
        const found = await find(input.value);
        if (number === asked && document.activeElement === input) draw(found, free ? "" : "Nothing matches");
      } catch (error) {
        if (number === asked) draw([], error.message);
      }
    }, delay);
  };
  input.addEventListener("input", () => {
    chosen = null;
    look();
  });
  input.addEventListener("focus", look);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) look();
      else if (choices.length) mark((active + (event.key === "ArrowDown" ? 1 : -1) + choices.length) % choices.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && !list.hidden && active >= 0) {
      if (event.key === "Enter") event.preventDefault();
      pick(choices[active]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  return {
    element: h("div", { className: "combobox" }, input, list),
    input,
    close,
    set: pick,
    text: () => input.value,
    get value() {
      if (chosen) return chosen.value;
      const same = choices.find((choice) => choice.label.toLowerCase() === input.value.trim().toLowerCase());
      if (same) return same.value;
      return free && input.value !== "" ? input.value : undefined;
    },
  };
}

/** Returns a finder in choices that are known: those that begin with what is typed, then those that contain it. */
export function among(choices) {
  return (text) => {
    const wanted = text.trim().toLowerCase();
    const begins = choices.filter((choice) => choice.label.toLowerCase().startsWith(wanted));
    return [...begins, ...choices.filter((choice) => !begins.includes(choice) && choice.label.toLowerCase().includes(wanted))];
  };
}
