// Components of messages: containers, sections, galleries, buttons, selects and the rest.

import { bytes, h, newId, openDialog } from "./dom.js";
import { markdown, spoiler } from "./markdown.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "primary" };
const KINDS = { 5: "user", 6: "role", 7: "mentionable", 8: "channel" };

/** Returns the elements of components. `act` has `press(component)` and `select(component, values)`. */
export function render(components, world, act, gallery = picturesOf(components, world)) {
  return components.map((component) => one(component, world, act, gallery)).filter(Boolean);
}

function one(component, world, act, gallery) {
  const inside = (some) => render(some ?? [], world, act, gallery);
  switch (component.type) {
    case 1:
      return h("div", { className: "row" }, inside(component.components));
    case 2:
      return button(component, act);
    case 3: case 5: case 6: case 7: case 8:
      return select(component, world, act);
    case 9:
      return h("div", { className: "section" }, h("div", { className: "section-text" }, inside(component.components)),
        component.accessory ? h("div", { className: "accessory" }, one(component.accessory, world, act, gallery)) : null);
    case 10:
      return h("div", { className: "text" }, markdown(component.content, world));
    case 11:
      return picture(component, world, gallery, "thumbnail");
    case 12:
      return h("div", { className: `gallery of-${Math.min(component.items.length, 5)}` },
        component.items.map((item) => picture(item, world, gallery, "item")));
    case 13:
      return fileCard(component.file, component.name ?? nameIn(component.file.url), component.size, world);
    case 14:
      return h(component.divider ? "hr" : "div", { className: `separator spacing-${component.spacing}` });
    case 17: {
      const body = h("div", { className: "container" }, inside(component.components));
      if (component.accent_color !== null && component.accent_color !== undefined) {
        body.style.setProperty("--accent", `#${component.accent_color.toString(16).padStart(6, "0")}`);
        body.classList.add("accented");
      }
      return component.spoiler ? spoiler(body) : body;
    }
    default:
      return h("p", { className: "small" }, `(a component of kind ${component.type}, which this page does not know)`);
  }
}

function emoji(found) {
  return found ? h("span", { className: "emoji", "aria-hidden": "true" }, found.name ?? "") : null;
}

function button(component, act) {
  const label = [emoji(component.emoji), component.label ?? ""];
  if (component.style === 5) {
    return h("a", { className: "button link", href: component.url, target: "_blank", rel: "noopener noreferrer" }, label, h("span", { "aria-hidden": "true" }, " ↗"));
  }
  const element = h("button", {
    type: "button", className: `button ${STYLES[component.style] ?? "secondary"}`, disabled: component.disabled,
    "aria-label": component.label ? null : component.emoji?.name, dataset: { id: component.custom_id ?? "" },
  }, label);
  element.addEventListener("click", () => waiting(element, act.press(component)));
  return element;
}

async function waiting(element, work) {
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  try {
    await work;
  } finally {
    element.classList.remove("busy");
    element.removeAttribute("aria-busy");
  }
}

/** Returns what may be chosen in a select: {value, label, description, chosen}. */
export function choicesOf(component, world, guild) {
  const chosen = new Set((component.default_values ?? []).map((each) => each.id));
  const entry = (thing, label) => ({ value: thing.id, label, chosen: chosen.has(thing.id) });
  if (component.type === 3) {
    return component.options.map((each) => ({
      value: each.value, label: `${each.emoji?.name ? `${each.emoji.name} ` : ""}${each.label}`,
      description: each.description, chosen: Boolean(each.default),
    }));
  }
  const people = () => world.people
    .filter((each) => !guild || guild.members.some((member) => member.name === each.name))
    .map((each) => entry(each, `@${each.name}`));
  const roles = () => (guild?.roles ?? []).map((each) => entry(each, `@${each.name.replace(/^@/, "")}`));
  switch (KINDS[component.type]) {
    case "user": return people();
    case "role": return roles();
    case "mentionable": return [...people(), ...roles()];
    default: return (guild?.channels ?? []).filter((each) => !each.parent).map((each) => entry(each, `#${each.name}`));
  }
}

function select(component, world, act) {
  const choices = choicesOf(component, world, act.guild);
  const many = component.max_values > 1 || component.min_values === 0;
  const placeholder = component.placeholder ?? "Make a selection";
  if (!many) {
    const element = h("select", { className: "select", "aria-label": placeholder, disabled: component.disabled, dataset: { id: component.custom_id } },
      choices.some((each) => each.chosen) ? null : h("option", { value: "", selected: true, disabled: true }, placeholder),
      choices.map((each) => h("option", { value: each.value, selected: each.chosen }, each.description ? `${each.label} — ${each.description}` : each.label)));
    element.addEventListener("change", () => waiting(element, act.select(component, [element.value])));
    return element;
  }
  const chosen = choices.filter((each) => each.chosen);
  const open = h("button", { type: "button", className: "select many", disabled: component.disabled, "aria-haspopup": "dialog", dataset: { id: component.custom_id } },
    chosen.length ? chosen.map((each) => each.label).join(", ") : placeholder);
  open.addEventListener("click", () => chooseMany(component, choices, placeholder, (values) => waiting(open, act.select(component, values))));
  return open;
}

function chooseMany(component, choices, title, done) {
  const heading = newId("title");
  const boxes = choices.map((each) => h("input", { type: "checkbox", value: each.value, checked: each.chosen }));
  const count = h("p", { className: "small" });
  const send = h("button", { type: "submit", className: "button primary" }, "Choose");
  const check = () => {
    const now = boxes.filter((box) => box.checked).length;
    count.textContent = `${now} chosen; ${component.min_values} to ${component.max_values}`;
    send.disabled = now < component.min_values || now > component.max_values;
  };
  const form = h("form", { method: "dialog" }, h("h2", { id: heading }, title), count,
    h("div", { className: "boxes" }, choices.map((each, index) => h("label", {}, boxes[index], h("span", {}, each.label, each.description ? h("span", { className: "small" }, ` ${each.description}`) : null)))),
    h("div", { className: "actions" }, h("button", { type: "button", className: "button secondary", onclick: () => dialog.close() }, "Cancel"), send));
  form.addEventListener("change", check);
  form.addEventListener("submit", () => done(boxes.filter((box) => box.checked).map((box) => box.value)));
  const dialog = h("dialog", { className: "dialog", "aria-labelledby": heading }, form);
  check();
  openDialog(dialog);
}

// Pictures and files -----------------------------------------------------------------------------------------------

function nameIn(url) {
  return decodeURIComponent(url.split("?")[0].split("/").pop() ?? "file");
}

/** Returns every picture of a message, in order: {src, name, alt}. */
export function picturesOf(components, world) {
  const found = [];
  const look = (some) => {
    for (const each of some ?? []) {
      if (each.type === 12) for (const item of each.items) found.push(shown(item, world));
      if (each.type === 11) found.push(shown(each, world));
      look(each.components);
      if (each.accessory) look([each.accessory]);
    }
  };
  look(components);
  return found.filter((each) => each.src);
}

function shown(item, world) {
  const name = nameIn(item.media.url);
  return { src: world.file(item.media.url), name, alt: item.description || name, width: item.media.width, height: item.media.height };
}

function picture(item, world, gallery, kind) {
  const { src, name, alt, width, height } = shown(item, world);
  if (!src) return h("p", { className: "small" }, `(a file from elsewhere: ${item.media.url})`);
  const image = h("img", { src, alt, loading: "lazy", decoding: "async", width, height });
  const open = h("button", { type: "button", className: `picture ${kind}`, title: name, "aria-label": `Open ${alt}` }, image);
  open.addEventListener("click", () => {
    if (open.closest(".spoiler:not(.shown)")) return;
    lightbox(gallery, Math.max(0, gallery.findIndex((each) => each.src === src)));
  });
  return item.spoiler ? veil(open) : open;
}

/** Hides a picture until it is pressed. */
function veil(open) {
  const cover = h("button", { type: "button", className: "cover", "aria-label": "Spoiler: press to show" }, "SPOILER");
  const box = h("div", { className: "veiled-picture" }, open, cover);
  open.tabIndex = -1;
  cover.addEventListener("click", () => {
    cover.remove();
    box.classList.add("shown");
    open.tabIndex = 0;
    open.focus();
  });
  return box;
}

/** Shows pictures large; arrows turn to the others. */
export function lightbox(pictures, at) {
  const image = h("img", {});
  const words = h("p", {});
  const show = (index) => {
    at = (index + pictures.length) % pictures.length;
    const { src, name, alt } = pictures[at];
    image.src = src;
    image.alt = alt;
    words.replaceChildren(`${name} — ${at + 1} of ${pictures.length} — `, h("a", { href: src, target: "_blank", rel: "noopener" }, "Open original"));
  };
  const dialog = h("dialog", { className: "lightbox", "aria-label": "Picture" }, image, words,
    pictures.length > 1 ? [
      h("button", { type: "button", className: "turn back", "aria-label": "Previous picture", onclick: () => show(at - 1) }, "‹"),
      h("button", { type: "button", className: "turn on", "aria-label": "Next picture", onclick: () => show(at + 1) }, "›"),
    ] : null,
    h("button", { type: "button", className: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×"));
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
  show(at);
  openDialog(dialog);
}

/** Returns a card that offers a file. */
export function fileCard(media, name, size, world) {
  const href = world.file(media.url);
  return h("div", { className: "file" }, h("span", {}, href ? h("a", { href, download: name }, name) : name, size ? h("span", { className: "small" }, ` ${bytes(size)}`) : null));
}
