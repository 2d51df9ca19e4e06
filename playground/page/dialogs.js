// Modals of the bot, and the page's own dialogs.

import { of, post, Refused } from "./api.js";
import { choicesOf } from "./components.js";
import { bytes, h, newId, openDialog } from "./dom.js";
import { markdown } from "./markdown.js";

/** Opens a modal that an invocation brought; `sent(invocation)` is told what came of sending it in. */
export function openModal(invocation, world, sent) {
  const { modal } = invocation.response;
  const guild = world.guildOf(invocation.channel);
  const title = newId("title");
  const problem = h("p", { className: "problem", role: "alert", hidden: true });
  const inputs = [];
  const body = modal.components.map((component) => part(component, world, guild, inputs));
  const send = h("button", { type: "submit", className: "button primary" }, "Submit");
  const form = h("form", { onsubmit: submit }, h("header", {}, h("h2", { id: title }, modal.title)), body, problem,
    h("p", { className: "small" }, `This form will be submitted to ${world.bot.name}. Do not share passwords or other sensitive information.`),
    h("div", { className: "actions" }, h("button", { type: "button", className: "button secondary", onclick: () => dialog.close() }, "Cancel"), send));
  const dialog = h("dialog", { className: "dialog modal", "aria-labelledby": title }, form);

  async function submit(event) {
    event.preventDefault();
    const values = {};
    const files = {};
    for (const input of inputs) {
      if (input.files) {
        if (input.files().length) files[input.id] = input.files();
      } else values[input.id] = input.value();
    }
    send.disabled = true;
    problem.hidden = true;
    try {
      const done = await post(`${of(world.person, `/invocations/${invocation.id}/submit`)}?until=settled`, { values }, files);
      if (done.response.error) throw new Refused("Something went wrong. Try again.");
      dialog.close();
      sent(done);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem.textContent = error.message;
      problem.hidden = false;
      send.disabled = false;
    }
  }
  openDialog(dialog);
}

function part(component, world, guild, inputs) {
  if (component.type === 10) return h("div", { className: "text" }, markdown(component.content, world));
  if (component.type === 1) return component.components.map((each) => part({ type: 18, label: each.label, component: each }, world, guild, inputs));
  if (component.type !== 18) return null;
  const inner = component.component;
  const id = newId("input");
  const about = component.description ? newId("about") : null;
  const required = inner.required ?? (inner.min_values === undefined || inner.min_values > 0);
  const made = input(inner, id, about, required, world, guild);
  inputs.push({ id: inner.custom_id, ...made });
  const label = made.group
    ? h("span", { id, className: "label" }, component.label, required ? star() : null)
    : h("label", { htmlFor: id, className: "label" }, component.label, required ? star() : null);
  return h("div", { className: "field" }, label, about ? h("p", { id: about, className: "small" }, component.description) : null, made.shown);
}

function star() {
  return h("span", { className: "required", title: "Required" }, "*");
}

/** Returns how something of a modal is filled in: {shown, value()} or {shown, files()}. */
function input(component, id, about, required, world, guild) {
  switch (component.type) {
    case 4: {
      const long = component.style === 2;
      const box = h(long ? "textarea" : "input", { id, rows: long ? 4 : null, value: component.value ?? "", placeholder: component.placeholder ?? "", required, minLength: component.min_length ?? 0, maxLength: component.max_length ?? 4000, "aria-describedby": about });
      return { shown: box, value: () => box.value };
    }
    case 19: {
      const many = component.max_values > 1;
      const names = h("span", { className: "small" });
      const box = h("input", { id, type: "file", multiple: many, required: required && component.min_values > 0, "aria-describedby": about, onchange: () => { names.textContent = [...box.files].map((file) => `${file.name} (${bytes(file.size)})`).join(", "); } });
      return { shown: h("div", { className: "filefield" }, box, names), files: () => [...box.files] };
    }
    case 23: {
      const box = h("input", { id, type: "checkbox", checked: component.default, "aria-describedby": about });
      return { shown: box, value: () => box.checked };
    }
    case 21: case 22: {
      const boxes = component.options.map((option) => h("input", { type: component.type === 21 ? "radio" : "checkbox", name: component.custom_id, value: option.value, checked: option.default }));
      const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
      return {
        group: true, value: () => (component.type === 21 ? chosen()[0] : chosen()),
        shown: h("div", { role: "group", "aria-labelledby": id, "aria-describedby": about, className: "boxes" }, component.options.map((option, index) => h("label", {}, boxes[index], ` ${option.label}`, option.description ? h("span", { className: "small" }, ` ${option.description}`) : null))),
      };
    }
    default: {
      const choices = choicesOf(component, world, guild);
      const many = component.max_values > 1;
      const box = h("select", { id, multiple: many, required, size: many ? Math.min(6, choices.length) : 0, "aria-describedby": about },
        many || choices.some((each) => each.chosen) ? null : h("option", { value: "", selected: true }, component.placeholder ?? "Make a selection"),
        choices.map((each) => h("option", { value: each.value, selected: each.chosen }, each.label)));
      return { shown: box, value: () => [...box.selectedOptions].map((option) => option.value).filter(Boolean) };
    }
  }
}

/** Opens a small form of the page's own: fields are {name, label, value, type, options, hint}. */
export function askFor(title, fields, work, button = "Save") {
  const heading = newId("title");
  const problem = h("p", { className: "problem", role: "alert", hidden: true });
  const inputs = fields.map((field) => {
    const id = newId("input");
    const box = field.options
      ? h("select", { id, multiple: field.many, size: field.many ? Math.min(6, Math.max(2, field.options.length)) : 0 }, field.options.map((each) => h("option", { value: each.value, selected: each.chosen }, each.label)))
      : h("input", { id, type: field.type ?? "text", value: field.value ?? "", required: field.required ?? true, step: "any" });
    return { name: field.name, box, many: field.many, row: h("div", { className: "field" }, h("label", { htmlFor: id, className: "label" }, field.label), box, field.hint ? h("p", { className: "small" }, field.hint) : null) };
  });
  const form = h("form", {}, h("h2", { id: heading }, title), inputs.map((each) => each.row), problem,
    h("div", { className: "actions" }, h("button", { type: "button", className: "button secondary", onclick: () => dialog.close() }, "Cancel"), h("button", { type: "submit", className: "button primary" }, button)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await work(Object.fromEntries(inputs.map(({ name, box, many }) => [name, many ? [...box.selectedOptions].map((each) => each.value) : box.value])));
      dialog.close();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  const dialog = h("dialog", { className: "dialog", "aria-labelledby": heading }, form);
  openDialog(dialog);
}
