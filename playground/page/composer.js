// The message box, and the form that a slash command becomes.

import { of, post, Refused } from "./api.js";
import { among, combobox } from "./combobox.js";
import { announce, bytes, h, newId } from "./dom.js";

const SUB = 1, GROUP = 2, STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, FILE = 11;

/** Returns every command and subcommand that can be used: {name, description, options}. */
export function flattened(commands) {
  const found = [];
  const look = (command, path) => {
    const inner = (command.options ?? []).filter((option) => option.type === SUB || option.type === GROUP);
    if (inner.length) inner.forEach((option) => look(option, `${path} ${option.name}`));
    else found.push({ name: path, description: command.description, options: command.options ?? [] });
  };
  commands.filter((command) => command.type === 1).forEach((command) => look(command, command.name));
  return found.sort((one, other) => one.name.localeCompare(other.name));
}

/** Returns what is typed as "/imagine prompt: a cat steps: 20": {command, values, rest}; null for no command. */
export function parsed(text, commands) {
  const typed = text.trim().replace(/^\//, "");
  const command = commands
    .filter((each) => typed === each.name || typed.startsWith(`${each.name} `))
    .sort((one, other) => other.name.length - one.name.length)[0];
  if (!command) return null;
  const rest = typed.slice(command.name.length).trim();
  const names = command.options.map((option) => option.name.replace(/[-\\^$*+?.()|[\]{}]/g, "\\$&"));
  const values = {};
  if (!rest || !names.length) return { command, values };
  const parts = rest.split(new RegExp(`(?:^|\\s)(${names.join("|")}):`));
  const loose = parts[0].trim();
  for (let at = 1; at < parts.length; at += 2) values[parts[at]] = parts[at + 1].trim();
  const first = command.options.find((option) => option.type === STRING && !(option.name in values));
  if (loose && first) values[first.name] = loose;
  return { command, values };
}

export class Composer {
  constructor(element, world, page) {
    this.element = element;
    this.world = world;
    this.page = page;
    this.channel = null;
    this.reply = null;
    this.files = [];
    this.drafts = new Map();
    /** Commands that are offered, and the text for which they are. */
    this.found = [];
    this.offered = "";
    this.form = null;
    this.build();
  }

  build() {
    const problem = h("p", { className: "problem", role: "alert", hidden: true });
    const listId = newId("commands");
    this.suggestions = h("ul", { id: listId, className: "choices commands", role: "listbox", "aria-label": "Commands", hidden: true });
    this.box = h("textarea", {
      rows: 1, maxLength: 2000, autocomplete: "off", "aria-autocomplete": "list", "aria-controls": listId,
      "aria-label": "Message; begin with a slash for a command",
      oninput: () => { this.fit(); this.suggest(); }, onkeydown: (event) => this.keyed(event), onblur: () => this.hideSuggestions(),
      onpaste: (event) => { if (event.clipboardData.files.length) { event.preventDefault(); this.take([...event.clipboardData.files]); } },
    });
    const picker = h("input", { type: "file", multiple: true, className: "unseen", tabIndex: -1, "aria-hidden": "true", onchange: () => { this.take([...picker.files]); picker.value = ""; } });
    this.replyBar = h("div", { className: "replying", hidden: true });
    this.strip = h("ul", { className: "strip", hidden: true, "aria-label": "Files" });
    this.problem = problem;
    this.textForm = h("form", { className: "composer", onsubmit: (event) => { event.preventDefault(); this.send(); } },
      h("button", { type: "button", className: "plus", "aria-label": "Attach files", title: "Attach files", onclick: () => picker.click() }, "+"), picker, this.box,
      h("button", { type: "submit", className: "send", "aria-label": "Send" }, "➤"));
    this.element.replaceChildren(this.suggestions, this.replyBar, this.strip, problem, this.textForm);
  }

  open(channel) {
    if (this.channel) this.drafts.set(this.channel.id, this.box.value);
    this.channel = channel;
    this.leaveCommand(false);
    this.setReply(null);
    this.files = [];
    this.drawFiles();
    this.say("");
    this.box.value = this.drafts.get(channel.id) ?? "";
    this.box.placeholder = `Message ${channel.guild ? `#${channel.name}` : `@${channel.people?.filter((name) => name !== this.world.person).join(", ") || this.world.bot.name}`}`;
    this.fit();
    this.world.commandsOf(channel.id).catch(() => {});
  }

  focus() {
    (this.form?.querySelector("input, textarea, select") ?? this.box).focus();
  }

  say(words) {
    this.problem.textContent = words;
    this.problem.hidden = !words;
  }

  fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(200, this.box.scrollHeight)}px`;
  }

  setReply(message) {
    this.reply = message;
    this.replyBar.hidden = !message;
    if (!message) return;
    this.replyBar.replaceChildren(h("span", {}, "Replying to ", h("strong", {}, message.author.username)),
      h("button", { type: "button", "aria-label": "Do not reply", onclick: () => { this.setReply(null); this.box.focus(); } }, "×"));
    this.box.focus();
  }

  // Files ----------------------------------------------------------------------------------------------------------

  /** Takes files that were dropped, pasted or chosen: for the command's first free file option, else for a message. */
  take(files) {
    if (this.form) {
      for (const file of files) {
        const free = this.fields.find((field) => field.option.type === FILE && !field.file());
        const option = free ? null : this.command.options.find((each) => each.type === FILE && !this.fields.some((field) => field.option === each));
        const field = free ?? (option ? this.addField(option) : null);
        if (!field) return this.say("This command takes no more files.");
        field.setFile(file);
      }
      return undefined;
    }
    this.files.push(...files);
    this.drawFiles();
    this.box.focus();
    return undefined;
  }

  drawFiles() {
    this.strip.hidden = !this.files.length;
    this.strip.replaceChildren(...this.files.map((file, index) => h("li", {}, `${file.name} (${bytes(file.size)}) `,
      h("button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => { this.files.splice(index, 1); this.drawFiles(); this.box.focus(); } }, "×"))));
  }

  // A message ------------------------------------------------------------------------------------------------------

  async send() {
    const text = this.box.value;
    if (text.startsWith("/")) return this.begin(text);
    if (!text.trim() && !this.files.length) return undefined;
    const body = { content: text.trim() };
    if (this.reply) body.reply_to = this.reply.id;
    try {
      await post(of(this.world.person, `/channels/${this.channel.id}/messages`), body, this.files.length ? { files: this.files } : undefined);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.say(error.message);
    }
    this.box.value = "";
    this.files = [];
    this.drawFiles();
    this.setReply(null);
    this.say("");
    this.fit();
    return undefined;
  }

  // Choosing a command ---------------------------------------------------------------------------------------------

  async suggest() {
    const text = this.box.value;
    if (!text.startsWith("/") || text.includes("\n")) return this.hideSuggestions();
    let commands;
    try {
      commands = flattened(await this.world.commandsOf(this.channel.id));
    } catch {
      return this.hideSuggestions();
    }
    if (this.form || this.box.value !== text || document.activeElement !== this.box) return undefined;
    const marked = this.offered === text ? this.found[this.active] : null;
    this.offered = text;
    const wanted = text.slice(1).toLowerCase();
    const begins = commands.filter((each) => each.name.startsWith(wanted.trimEnd()));
    const found = begins.length ? begins : commands.filter((each) => each.name.includes(wanted.trim()));
    const entered = parsed(text, commands);
    this.found = (found.length ? found : entered ? [entered.command] : []).slice(0, 50);
    this.suggestions.replaceChildren(...this.found.map((command, index) => h("li", { id: newId("command"), role: "option", "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); this.pick(index); } },
      h("strong", {}, `/${command.name}`), h("span", { className: "small" }, ` ${command.description}`))));
    if (!this.found.length) this.suggestions.append(h("li", { className: "small", role: "option", "aria-disabled": "true" }, this.world.bot.connected ? "There is no such command here" : "The bot is not connected"));
    this.suggestions.hidden = false;
    this.mark(Math.max(0, this.found.findIndex((each) => each.name === marked?.name)));
    return undefined;
  }

  mark(at) {
    this.active = at;
    [...this.suggestions.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    const item = this.suggestions.children[at];
    if (!item) return;
    this.box.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  hideSuggestions() {
    this.suggestions.hidden = true;
    this.found = [];
    this.box.removeAttribute("aria-activedescendant");
  }

  keyed(event) {
    if (!this.suggestions.hidden && this.found.length) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        return this.mark((this.active + (event.key === "ArrowDown" ? 1 : -1) + this.found.length) % this.found.length);
      }
      if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
        event.preventDefault();
        return this.choose();
      }
      if (event.key === "Escape") {
        event.preventDefault();
        return this.hideSuggestions();
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && this.reply) this.setReply(null);
    else if (event.key === "ArrowUp" && !this.box.value) {
      event.preventDefault();
      this.page.list.rowsElement.lastElementChild?.focus();
    }
    return undefined;
  }

  /** Picks what is marked, of what is offered for all that is typed. */
  async choose() {
    if (this.offered !== this.box.value) await this.suggest();
    if (this.offered === this.box.value && this.found.length) this.pick(this.active);
  }

  /** Offers anew where something is offered: the commands have changed. */
  renew() {
    if (!this.suggestions.hidden) this.suggest();
  }

  pick(index) {
    const command = this.found[index];
    const read = parsed(this.box.value, [command]);
    this.enter(command, read?.values ?? {});
  }

  /** Begins the command that a text names, or says that there is none. */
  async begin(text) {
    const commands = flattened(await this.world.commandsOf(this.channel.id));
    const read = parsed(text, commands);
    if (read) return this.enter(read.command, read.values);
    return this.say(`There is no command ${text.split(" ")[0]} here.`);
  }

  // The command's form ---------------------------------------------------------------------------------------------

  enter(command, values = {}) {
    this.hideSuggestions();
    this.say("");
    this.command = command;
    this.fields = [];
    const title = newId("command");
    this.rows = h("div", { className: "fields" });
    this.more = h("div", { className: "more", role: "group", "aria-label": "More options" });
    this.run = h("button", { type: "submit", className: "send", "aria-label": `Send /${command.name}` }, "➤");
    this.form = h("form", { className: "command", "aria-labelledby": title, onsubmit: (event) => { event.preventDefault(); this.use(); }, onkeydown: (event) => { if (event.key === "Escape") { event.preventDefault(); this.leaveCommand(); } } },
      h("div", { className: "command-head" }, h("strong", { id: title }, `/${command.name}`), h("span", { className: "small" }, command.description),
        h("button", { type: "button", "aria-label": "Leave this command", onclick: () => this.leaveCommand() }, "×")),
      this.rows, this.more, this.run);
    this.textForm.hidden = true;
    this.element.append(this.form);
    for (const option of command.options) if (option.required || option.name in values) this.addField(option, values[option.name]);
    this.drawMore();
    const first = this.fields.find((field) => field.isEmpty()) ?? this.fields[0];
    (first?.control ?? this.run).focus();
    announce(`Command ${command.name}. ${command.description}`);
  }

  leaveCommand(focus = true) {
    if (!this.form) return;
    this.form.remove();
    this.form = null;
    this.textForm.hidden = false;
    this.say("");
    if (focus) {
      this.box.value = "";
      this.fit();
      this.box.focus();
    }
  }

  drawMore() {
    const left = this.command.options.filter((option) => !this.fields.some((field) => field.option === option));
    this.more.replaceChildren(...left.map((option) => h("button", { type: "button", className: "chip", title: option.description, "aria-label": `Add ${option.name}: ${option.description}`, onclick: () => { this.addField(option).control.focus(); this.drawMore(); } }, `+ ${option.name}`)));
    this.more.hidden = !left.length;
  }

  addField(option, value) {
    const field = this.field(option);
    this.fields.push(field);
    this.rows.append(field.element);
    if (value !== undefined) field.fill(value);
    this.drawMore();
    return field;
  }

  field(option) {
    const id = newId("field");
    const about = newId("about");
    const drop = option.required ? null : h("button", { type: "button", className: "drop", "aria-label": `Leave ${option.name} out`, onclick: () => { this.fields = this.fields.filter((each) => each !== field); field.element.remove(); this.drawMore(); this.more.querySelector("button")?.focus(); } }, "×");
    const made = this.control(option, id, about);
    const field = {
      option, ...made,
      element: h("div", { className: "field" }, h("label", { htmlFor: id }, option.name, option.required ? h("span", { className: "required", title: "Required" }, "*") : null), made.shown, drop, h("p", { id: about, className: "small" }, option.description)),
    };
    return field;
  }

  /** Returns how an option is filled in: {shown, control, value(), isEmpty(), fill(text), file(), setFile(file)}. */
  control(option, id, about) {
    const none = { file: () => null, setFile: () => {} };
    if (option.type === FILE) {
      let given = null;
      const name = h("span", { className: "small" }, "drop a file here, or choose one");
      const input = h("input", { id, type: "file", "aria-describedby": about, onchange: () => setFile(input.files[0] ?? null) });
      const setFile = (file) => {
        given = file;
        name.textContent = file ? `${file.name} (${bytes(file.size)})` : "drop a file here, or choose one";
      };
      return { shown: h("div", { className: "filefield" }, input, name), control: input, value: () => undefined, isEmpty: () => !given, fill: () => {}, file: () => given, setFile };
    }
    const isNumber = option.type === INTEGER || option.type === NUMBER;
    const choices = this.choicesOf(option);
    if (choices || option.autocomplete) {
      const box = combobox({
        label: option.name, describedBy: about, required: option.required, free: Boolean(option.autocomplete), delay: option.autocomplete ? 150 : 0,
        find: choices ? among(choices) : (text) => this.complete(option, text),
      });
      box.input.id = id;
      return {
        ...none, shown: box.element, control: box.input, isEmpty: () => box.text() === "", value: () => convert(box.value, isNumber),
        fill: (text) => {
          const known = choices?.find((choice) => [choice.label.toLowerCase(), String(choice.value).toLowerCase()].includes(String(text).toLowerCase()));
          if (known) box.set(known);
          else box.input.value = text;
        },
      };
    }
    const long = option.type === STRING && (option.max_length ?? 6000) > 100;
    const input = isNumber
      ? h("input", { id, type: "number", step: option.type === INTEGER ? 1 : "any", min: option.min_value, max: option.max_value, required: option.required, "aria-describedby": about })
      : h(long ? "textarea" : "input", { id, rows: long ? 1 : null, required: option.required, minLength: option.min_length ?? 0, maxLength: option.max_length ?? 6000, "aria-describedby": about, autocomplete: "off" });
    if (long) input.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.form.requestSubmit(); } });
    if (long) input.addEventListener("input", () => { input.style.height = "auto"; input.style.height = `${Math.min(160, input.scrollHeight)}px`; });
    return { ...none, shown: input, control: input, isEmpty: () => input.value === "", value: () => (input.value === "" ? undefined : convert(input.value, isNumber)), fill: (text) => { input.value = text; } };
  }

  choicesOf(option) {
    const { world } = this;
    const guild = world.guildOf(this.channel.id);
    const people = () => (guild ? guild.members.map((member) => member.name) : [world.person, world.bot.name]).map((name) => ({ label: name, value: name }));
    const roles = () => (guild?.roles ?? []).map((role) => ({ label: role.name, value: role.name }));
    if (option.choices?.length) return option.choices.map((choice) => ({ label: choice.name, value: choice.value }));
    switch (option.type) {
      case BOOLEAN: return [{ label: "True", value: true }, { label: "False", value: false }];
      case USER: return people();
      case ROLE: return roles();
      case MENTIONABLE: return [...people(), ...roles()];
      case CHANNEL: return (guild?.channels ?? []).filter((each) => !each.parent && world.channels.has(each.id)).map((each) => ({ label: `#${each.name}`, value: each.name }));
      default: return null;
    }
  }

  values() {
    const values = {};
    for (const field of this.fields) {
      const value = field.value();
      if (value !== undefined) values[field.option.name] = value;
    }
    return values;
  }

  async complete(option, text) {
    const options = { ...this.values(), [option.name]: text };
    const found = await post(of(this.world.person, `/channels/${this.channel.id}/autocomplete`), { name: this.command.name, options, focused: option.name });
    return found.map((choice) => ({ label: choice.name, value: choice.value }));
  }

  async use() {
    const missing = this.fields.find((field) => (field.option.required || !field.isEmpty()) && field.value() === undefined && !field.file());
    if (missing) {
      this.say(missing.isEmpty() ? `${missing.option.name} is required.` : `${missing.option.name}: choose one of the list.`);
      return missing.control.focus();
    }
    const files = {};
    for (const field of this.fields) if (field.file()) files[field.option.name] = [field.file()];
    this.run.disabled = true;
    const form = this.form;
    try {
      const done = await post(`${of(this.world.person, `/channels/${this.channel.id}/commands`)}?until=settled`, { name: this.command.name, options: this.values() }, files);
      if (this.form === form) this.leaveCommand();
      this.page.settled(done, (words) => this.say(words));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.run.disabled = false;
      this.say(error.message);
    }
    return undefined;
  }
}

function convert(value, isNumber) {
  return isNumber && value !== undefined ? Number(value) : value;
}
