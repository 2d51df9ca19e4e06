// A server's settings, for who may manage it: channels, roles and who has them, and who is offered which command.

import { doAndTell, get, post, put, remove } from "./api.js";
import { drawAnew, h, newId, openDialog } from "./dom.js";

const ADMINISTRATOR = 8n;
const MANAGE_SERVER = 32n;
const MANAGE_MESSAGES = 8192n;
/** What a role may do beyond everyone, strongest first. */
const RANKS = [
  { bit: ADMINISTRATOR, label: "everything" },
  { bit: MANAGE_SERVER, label: "manage the server" },
  { bit: MANAGE_MESSAGES, label: "manage messages" },
  { bit: 0n, label: "no more than everyone" },
];

/** Tells whether somebody may manage a server. */
export function manages(guild, name) {
  const member = guild?.members.find((each) => each.name === name);
  const may = (role) => member.roles.includes(role.name) && BigInt(role.permissions) & (ADMINISTRATOR | MANAGE_SERVER);
  return Boolean(member) && (guild.owner === name || guild.roles.some(may));
}

/** The dialog. What is changed in it counts at once. */
export class ServerSettings {
  constructor(world, guild, closed) {
    this.world = world;
    this.id = guild.id;
    this.commands = [];
    this.command = "@all";
    this.words = h("p", { className: "small", role: "status" });
    this.lists = Object.fromEntries(["channels", "roles", "members", "commands"].map((name) => [name, h("div", {})]));
    const title = newId("title");
    const section = (name, heading, ...rest) => {
      const id = newId("part");
      return h("section", { "aria-labelledby": id }, h("h3", { id }, heading), this.lists[name], rest);
    };
    this.dialog = h("dialog", { className: "dialog settings", "aria-labelledby": title },
      h("header", {}, h("h2", { id: title }, `Settings of ${guild.name}`), h("button", { type: "button", className: "button secondary", onclick: () => this.dialog.close() }, "Close")),
      this.words,
      section("channels", "Channels", this.adding("A new channel", "Add the channel", (name) => post(this.path("/channels"), { name }))),
      section("roles", "Roles", this.adding("A new role", "Add the role", (name) => put(this.path(`/roles/${encodeURIComponent(name)}`), { permissions: this.granting(0n) }))),
      section("members", "Members and their roles"),
      section("commands", "Integrations: who is offered which command"));
    this.dialog.addEventListener("close", closed);
  }

  async open() {
    openDialog(this.dialog);
    this.draw();
    await this.readCommands();
  }

  get guild() {
    return this.world.guilds.find((each) => each.id === this.id);
  }

  path(rest) {
    return `/guilds/${this.id}${rest}`;
  }

  heard(kind) {
    if (kind === "world") this.draw();
    if (kind === "commands") this.readCommands();
  }

  async readCommands() {
    this.commands = await get(this.path("/commands")).catch(() => []);
    this.draw();
  }

  doing(work, said) {
    return doAndTell(this.words, work, said);
  }

  adding(label, button, work) {
    const id = newId("input");
    const box = h("input", { id, required: true, maxLength: 100 });
    const form = h("form", { className: "adding" }, h("label", { htmlFor: id }, label), box, h("button", { type: "submit", className: "button secondary" }, button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = box.value.trim();
      if (!name) return;
      box.value = "";
      this.doing(() => work(name), `${name} is there.`);
    });
    return form;
  }

  /** Draws the lists anew. */
  draw() {
    if (!this.guild) return this.dialog.close();
    return drawAnew(this.dialog, () => {
      const { guild } = this;
      if (!guild) return;
      this.lists.channels.replaceChildren(this.drawChannels(guild));
      this.lists.roles.replaceChildren(this.drawRoles(guild));
      this.lists.members.replaceChildren(this.drawMembers(guild));
      this.lists.commands.replaceChildren(...this.drawCommands(guild));
    });
  }

  drawChannels(guild) {
    const row = (channel) => {
      if (channel.parent) {
        return h("li", {}, h("span", {}, `↳ ${channel.name}`), h("button", { type: "button", className: "button secondary", dataset: { key: `delete-${channel.id}` }, "aria-label": `Delete the thread ${channel.name}`, onclick: () => this.doing(() => remove(`/channels/${channel.id}`), `${channel.name} is deleted.`) }, "Delete"));
      }
      const change = (event) => this.doing(() => put(`/channels/${channel.id}`, { age_restricted: event.target.checked }), `#${channel.name} is ${event.target.checked ? "age-restricted" : "open to everybody"}.`);
      return h("li", {}, h("span", {}, `# ${channel.name}`), h("label", {}, h("input", { type: "checkbox", checked: channel.age_restricted, dataset: { key: `age-${channel.id}` }, "aria-label": `#${channel.name} is age-restricted`, onchange: change }), " Age-restricted"));
    };
    return h("ul", {}, inOrder(guild.channels).map(row));
  }

  /** Returns the permissions of everyone, and more. */
  granting(bit) {
    const everyone = this.guild.roles.find((role) => role.name === "@everyone");
    return Number(BigInt(everyone.permissions) | bit);
  }

  drawRoles(guild) {
    const row = (role) => {
      const rank = RANKS.find(({ bit }) => (BigInt(role.permissions) & bit) === bit);
      const change = (event) => this.doing(() => put(this.path(`/roles/${encodeURIComponent(role.name)}`), { permissions: this.granting(BigInt(event.target.value)) }), `${role.name} is changed.`);
      return h("li", {}, h("span", {}, role.name), h("select", { "aria-label": `What ${role.name} may do`, dataset: { key: `role-${role.id}` }, onchange: change },
        RANKS.map((each) => h("option", { value: String(each.bit), selected: each === rank }, each.label))));
    };
    const own = guild.roles.filter((role) => role.name !== "@everyone" && !this.managed(guild, role));
    return own.length ? h("ul", {}, own.map(row)) : h("p", { className: "small" }, "There are none besides everyone’s.");
  }

  /** Tells whether a role is the bot's own, which nobody else has. */
  managed(guild, role) {
    return guild.members.some((member) => member.bot && member.roles.includes(role.name));
  }

  drawMembers(guild) {
    const roles = guild.roles.filter((role) => role.name !== "@everyone" && !this.managed(guild, role));
    const row = (member) => {
      const boxes = roles.map((role) => h("input", { type: "checkbox", checked: member.roles.includes(role.name), value: role.name, dataset: { key: `has-${member.name}-${role.id}` }, "aria-label": `${member.name} has the role ${role.name}` }));
      const change = () => this.doing(() => put(this.path(`/members/${encodeURIComponent(member.name)}`), { roles: boxes.filter((box) => box.checked).map((box) => box.value) }), `The roles of ${member.name} are changed.`);
      boxes.forEach((box) => box.addEventListener("change", change));
      return h("li", {}, h("span", {}, member.name, member.name === guild.owner ? " ♛" : ""), h("span", { className: "held" }, roles.map((role, index) => h("label", {}, boxes[index], ` ${role.name}`))));
    };
    return h("ul", {}, guild.members.filter((member) => !member.bot).map(row));
  }

  drawCommands(guild) {
    const named = { "@all": "All commands" };
    const chosen = this.commands.find((each) => each.name === this.command) ?? this.commands[0];
    if (!chosen) return [h("p", { className: "small" }, "The bot has registered no commands.")];
    const ids = [newId("input"), newId("input"), newId("input")];
    const which = h("select", { id: ids[0], dataset: { key: "command" }, onchange: (event) => { this.command = event.target.value; this.draw(); } },
      this.commands.map((each) => h("option", { value: each.name, selected: each === chosen }, `${named[each.name] ?? `/${each.name}`}${each.permissions.length ? " •" : ""}`)));
    const group = (label, key, names) => h("optgroup", { label }, names.map((name) => h("option", { value: JSON.stringify(name === null ? {} : { [key]: name }) }, name ?? "every channel")));
    const target = h("select", { id: ids[1], dataset: { key: "target" } },
      group("Roles", "role", guild.roles.filter((role) => !this.managed(guild, role)).map((role) => role.name)),
      group("Members", "person", guild.members.filter((member) => !member.bot).map((member) => member.name)),
      group("Channels", "channel", [null, ...guild.channels.filter((each) => !each.parent).map((each) => each.name)]));
    const allowed = h("select", { id: ids[2], dataset: { key: "allowed" } }, h("option", { value: "false" }, "is not offered it"), h("option", { value: "true" }, "is offered it"));
    if (this.wanted) [target.value, allowed.value] = this.wanted;
    const keep = () => (this.wanted = [target.value, allowed.value]);
    target.onchange = allowed.onchange = keep;
    const setting = (body, said) => this.doing(() => put(this.path(`/commands/${encodeURIComponent(chosen.name)}`), body), said);
    const form = h("form", { className: "adding" }, h("label", { htmlFor: ids[1] }, "Who or where"), target, h("label", { htmlFor: ids[2], className: "unseen" }, "Whether it is offered"), allowed,
      h("button", { type: "submit", className: "button secondary", dataset: { key: "set" } }, "Set"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      keep();
      setting({ ...JSON.parse(target.value), allowed: allowed.value === "true" }, "It is set.");
    });
    const rule = (each) => {
      const { allowed: offered, ...where } = each;
      const name = where.role ?? where.person ?? (where.channel === null ? "every channel" : `#${where.channel}`);
      const body = where.channel === null ? {} : where;
      return h("li", {}, h("span", {}, `${name}: ${offered ? "offered" : "not offered"}`), h("button", { type: "button", className: "button secondary", "aria-label": `Take back what is set of ${name}`, onclick: () => setting(body, "It is taken back.") }, "Take back"));
    };
    return [
      h("div", { className: "adding" }, h("label", { htmlFor: ids[0] }, "Command"), which),
      chosen.permissions.length ? h("ul", {}, chosen.permissions.map(rule)) : h("p", { className: "small" }, "Nothing is set: what the bot itself asks for counts."),
      form,
    ];
  }
}

/** Returns channels, each with its threads behind it. */
export function inOrder(channels) {
  const known = new Set(channels.map((each) => each.id));
  return channels.filter((each) => !known.has(each.parent)).flatMap((each) => [each, ...channels.filter((thread) => thread.parent === each.id)]);
}
