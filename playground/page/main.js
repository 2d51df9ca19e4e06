// The page: who one is, where one is, and what changes.

import { get, of, post, put, remove, Refused } from "./api.js";
import { Composer } from "./composer.js";
import { askFor, openModal } from "./dialogs.js";
import { announce, drawAnew, h } from "./dom.js";
import { openMenu } from "./menus.js";
import { MessageList } from "./messages.js";
import { Panel } from "./panel.js";
import { inOrder, manages, ServerSettings } from "./settings.js";
import { World } from "./state.js";

const $ = (id) => document.getElementById(id);

/** Reads `#person/channel` of the address. */
function place() {
  const [person = "", channel = ""] = location.hash.slice(1).split("/").map(decodeURIComponent);
  return { person, channel };
}

function go(person, channel = "") {
  location.hash = `${encodeURIComponent(person)}/${encodeURIComponent(channel)}`;
}

class Page {
  constructor(person) {
    this.world = new World(person);
    this.list = new MessageList($("messages"), this.world, this);
    this.composer = new Composer($("write"), this.world, this);
    this.panel = new Panel($("panel"), this.world, this);
    this.channel = null;
    this.settings = null;
    this.world.listeners.add((kind, thing) => this.heard(kind, thing));
  }

  start() {
    this.world.listen();
    this.timer = setInterval(() => this.list.tick(), 1000);
  }

  close() {
    this.settings?.dialog.close();
    clearInterval(this.timer);
    this.world.close();
    this.list.close();
  }

  heard(kind, thing) {
    this.settings?.heard(kind);
    switch (kind) {
      case "world": return this.arrange();
      case "message": return this.list.show(thing.message, thing.known);
      case "message_deleted": return this.list.hide(thing.id);
      case "bot": return this.drawHead();
      case "commands": return this.channel && this.world.commandsOf(this.channel.id).then(() => this.composer.renew(), () => {});
      case "clock": return this.list.tick();
      case "exchanges": return this.panel.read();
      case "deeds": return this.panel.readDeeds();
      case "lost": return this.drawHead("The playground does not answer. Is it still running?");
      default: return undefined;
    }
  }

  /** Draws the world anew, and opens the channel that the address names. */
  async arrange() {
    const wanted = place().channel;
    const { world } = this;
    const usual = world.guilds.flatMap((guild) => guild.channels).find((each) => world.channels.has(each.id));
    const direct = [...world.channels.values()].find((each) => !each.guild);
    const next = world.channels.get(wanted) ?? (wanted ? [...world.channels.values()].find((each) => each.name === wanted) : null) ?? usual ?? direct;
    if (!next) return;
    const isNew = next.id !== this.channel?.id;
    this.channel = next;
    if (wanted !== next.id) history.replaceState(null, "", `#${encodeURIComponent(world.person)}/${next.id}`);
    drawAnew($("servers"), () => this.drawServers());
    drawAnew($("channels"), () => this.drawChannels());
    this.drawHead();
    if (isNew) this.composer.open(next);
    else this.composer.renew();
    await this.list.open(next.id);
    document.title = `${next.guild && !next.parent ? "#" : ""}${this.nameOf(next)} — Playground`;
  }

  /** Goes to a channel, and to one of its messages. */
  async jump(channel, message) {
    if (channel !== this.channel.id) {
      history.pushState(null, "", `#${encodeURIComponent(this.world.person)}/${channel}`);
      await this.arrange();
    }
    const row = this.list.rows.get(message);
    row?.scrollIntoView({ block: "center" });
    row?.focus();
  }

  nameOf(channel) {
    return channel.guild ? channel.name : channel.people.filter((name) => name !== this.world.person).join(", ") || this.world.bot.name;
  }

  guild() {
    return this.channel && this.world.guildOf(this.channel.id);
  }

  drawServers() {
    const here = this.guild();
    const { world } = this;
    const direct = [...world.channels.values()].find((each) => !each.guild);
    const entry = (label, short, target, current) => h("li", {}, h("a", { className: "server", href: target ? `#${encodeURIComponent(world.person)}/${target}` : null, title: label, "aria-current": current ? "true" : null }, h("span", { "aria-hidden": "true" }, short), h("span", { className: "unseen" }, label)));
    $("servers").replaceChildren(h("ul", {},
      entry("Direct messages", "✉", direct?.id, !here),
      world.guilds.map((guild) => entry(guild.name, guild.name.slice(0, 2), guild.channels.find((each) => world.channels.has(each.id))?.id, guild === here)),
      h("li", {}, h("button", { type: "button", className: "server add", "aria-label": "Add a server", title: "Add a server", onclick: () => this.addServer() }, "+"))));
  }

  drawChannels() {
    const { world } = this;
    const here = this.guild();
    const some = inOrder([...world.channels.values()].filter((each) => (here ? each.guild === here.name && world.guildOf(each.id) === here : !each.guild)));
    $("channels").replaceChildren(...h("div", {},
      h("h2", {}, here ? here.name : "Direct messages"),
      h("ul", {}, some.map((each) => h("li", {}, h("a", { className: each.parent ? "channel thread" : "channel", href: `#${encodeURIComponent(world.person)}/${each.id}`, "aria-current": each.id === this.channel?.id ? "page" : null, onclick: () => this.toggleNavigation(false) }, h("span", { "aria-hidden": "true" }, each.parent ? "↳ " : each.guild ? "# " : "@ "), this.nameOf(each), each.age_restricted && !each.parent ? h("span", { className: "badge", title: "Age-restricted" }, "18+") : null))),
        here ? [
          h("li", {}, h("button", { type: "button", className: "channel quiet", onclick: () => this.addChannel(here) }, "+ Add a channel")),
          h("li", {}, h("button", { type: "button", className: "channel quiet", onclick: () => this.beginThread() }, "+ Begin a thread")),
          manages(here, world.person) ? h("li", {}, h("button", { type: "button", className: "channel quiet", "aria-haspopup": "dialog", onclick: () => this.openSettings(here) }, "⚙ Server settings")) : null,
        ] : null),
      here ? h("h3", {}, `Members — ${here.members.length}`) : null,
      here ? h("ul", { className: "members" }, here.members.map((member) => h("li", {}, h("button", { type: "button", className: "channel quiet", "aria-haspopup": "menu", onclick: (event) => this.memberMenu(here, member, event.currentTarget) },
        member.name, member.bot ? h("span", { className: "badge" }, "APP") : null, member.name === here.owner ? h("span", { title: "Owner", "aria-label": "owner" }, " ♛") : null,
        h("span", { className: "small" }, ` ${member.roles.filter((name) => name !== "@everyone").join(", ")}`))))) : null,
      h("div", { className: "me" }, h("label", { htmlFor: "whoami" }, "You are"),
        h("select", { id: "whoami", onchange: (event) => (event.target.value === "+" ? this.addPerson() : go(event.target.value)) },
          world.people.map((each) => h("option", { value: each.name, selected: each.name === world.person }, each.name)), h("option", { value: "+" }, "Somebody new…")),
        h("button", { type: "button", className: "chip", title: "Be somebody else in another window, side by side", onclick: () => this.secondWindow() }, "Second window"))).childNodes);
  }

  drawHead(trouble = "") {
    if (this.channel) drawAnew($("head"), () => $("head").replaceChildren(...this.head(trouble)));
  }

  head(trouble) {
    const { bot } = this.world;
    const activity = bot.presence?.activities?.[0];
    return [
      h("button", { type: "button", className: "burger", "aria-label": "Servers and channels", "aria-expanded": String(document.body.classList.contains("navigating")), onclick: () => this.toggleNavigation() }, "☰"),
      h("h1", {}, h("span", { "aria-hidden": "true" }, this.channel.parent ? "↳ " : this.channel.guild ? "# " : "@ "), this.nameOf(this.channel)),
      h("p", { className: "bot small", role: "status" }, trouble || (bot.connected ? `${bot.name} is here${activity ? `: ${activity.state ?? activity.name}` : ""}` : `${bot.name} is not connected`)),
      h("button", { type: "button", className: "chip", "aria-pressed": String(document.documentElement.dataset.theme === "light"), onclick: () => turnTheme() }, "◐ Light"),
      h("button", { type: "button", className: "chip", "aria-pressed": String(!$("panel").hidden), "aria-controls": "panel", onclick: () => this.togglePanel() }, "⌁ Wire"),
    ];
  }

  toggleNavigation(on = !document.body.classList.contains("navigating")) {
    document.body.classList.toggle("navigating", on);
    this.drawHead();
    if (on) $("channels").querySelector("[aria-current], a")?.focus();
  }

  togglePanel(on = $("panel").hidden) {
    $("panel").hidden = !on;
    document.body.classList.toggle("wired", on);
    this.drawHead();
    if (on) this.panel.open();
    else $("head").querySelector("[aria-controls=panel]")?.focus();
  }

  // What people do -------------------------------------------------------------------------------------------------

  /** Shows what a settled invocation brought, where the messages do not. */
  settled(invocation, say = announce) {
    if (invocation.response.error) say(invocation.response.error);
    if (invocation.response.kind === "modal") openModal(invocation, this.world, (next) => this.settled(next, say));
  }

  replyTo(message) {
    this.composer.setReply(message);
  }

  async messageMenu(message, from, mine) {
    const commands = await this.world.commandsOf(this.channel.id).catch(() => []);
    const apps = commands.filter((each) => each.type === 3);
    openMenu(from, [
      { label: "Reply", act: () => this.replyTo(message) },
      { label: "Copy text", act: () => navigator.clipboard?.writeText(textOf(message)) },
      { label: "Copy link", act: () => navigator.clipboard?.writeText(`https://discord.com/channels/${this.guild()?.id ?? "@me"}/${message.channel_id}/${message.id}`) },
      { label: "Copy message ID", act: () => navigator.clipboard?.writeText(message.id) },
      ...(apps.length ? [{ heading: "Apps" }] : []),
      ...apps.map((command) => ({ label: command.name, act: () => this.useMenu(command, { message: message.id }, message.id) })),
      ...(mine || this.guild()?.owner === this.world.person ? [{ label: "Delete message", danger: true, act: () => this.list.guard(message.id, remove(of(this.world.person, `/messages/${message.id}`))) }] : []),
    ], "Message");
  }

  async userMenu(user, from) {
    const commands = await this.world.commandsOf(this.channel.id).catch(() => []);
    const entries = commands.filter((each) => each.type === 2).map((command) => ({ label: command.name, act: () => this.useMenu(command, { person: user.username }) }));
    openMenu(from, [{ heading: user.username }, ...entries, { label: "Copy user ID", act: () => navigator.clipboard?.writeText(user.id) }], user.username);
  }

  async useMenu(command, target, message) {
    const say = (words) => (message ? this.list.fail(message, words) : announce(words));
    try {
      say("");
      this.settled(await post(`${of(this.world.person, `/channels/${this.channel.id}/commands`)}?until=settled`, { name: command.name, target }), say);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(error.message);
    }
  }

  // Servers, channels and people -----------------------------------------------------------------------------------

  memberMenu(guild, member, from) {
    if (member.bot) {
      openMenu(from, [{ label: "Remove the bot from this server", danger: true, act: () => remove(`/guilds/${guild.id}/bot`) }], member.name);
      return;
    }
    openMenu(from, [
      { heading: member.name },
      { label: `Be ${member.name}`, act: () => go(member.name) },
      { label: "Roles…", act: () => this.setRoles(guild, member) },
    ], member.name);
  }

  setRoles(guild, member) {
    const roles = guild.roles.filter((role) => role.name !== "@everyone");
    askFor(`Roles of ${member.name}`, [
      { name: "roles", label: "Roles", many: true, options: roles.map((role) => ({ value: role.name, label: role.name, chosen: member.roles.includes(role.name) })) },
      { name: "fresh", label: "A new role", required: false, hint: "Its name; left empty, none is made" },
      { name: "may", label: "What the new role may do", options: [{ value: "0", label: "no more than everyone" }, { value: "32", label: "manage the server" }, { value: "8192", label: "manage messages" }] },
    ], async (said) => {
      if (said.fresh.trim()) {
        const everyone = guild.roles.find((role) => role.name === "@everyone");
        await put(`/guilds/${guild.id}/roles/${encodeURIComponent(said.fresh.trim())}`, { permissions: Number(BigInt(everyone?.permissions ?? 0) | BigInt(said.may)) });
      }
      await put(`/guilds/${guild.id}/members/${encodeURIComponent(member.name)}`, { roles: [...said.roles, ...(said.fresh.trim() ? [said.fresh.trim()] : [])] });
    });
  }

  addServer() {
    askFor("A new server", [{ name: "name", label: "Its name" }], async ({ name }) => {
      const guild = await post("/guilds", { name });
      await post(`/guilds/${guild.id}/channels`, { name: "general" });
      await put(`/guilds/${guild.id}/members/${encodeURIComponent(this.world.person)}`, { roles: [] });
    }, "Make it");
  }

  addChannel(guild) {
    askFor("A new channel", [{ name: "name", label: "Its name" }], ({ name }) => post(`/guilds/${guild.id}/channels`, { name }), "Make it");
  }

  /** Begins a thread in the channel that is open, or in the one that the open thread is in. */
  beginThread() {
    const { world } = this;
    const channel = world.channels.get(this.channel.parent) ?? this.channel;
    askFor(`A new thread in #${channel.name}`, [{ name: "name", label: "Its name" }], async ({ name }) => {
      const thread = await post(of(world.person, `/channels/${channel.id}/threads`), { name });
      await world.load();
      await this.jump(thread.id);
      // By then the form is closed.
      setTimeout(() => this.composer.box.focus());
    }, "Begin it");
  }

  openSettings(guild) {
    this.settings = new ServerSettings(this.world, guild, () => {
      this.settings = null;
      // The button that opened it may have been drawn anew.
      requestAnimationFrame(() => document.activeElement === document.body && $("channels").querySelector("[aria-haspopup=dialog]")?.focus());
    });
    this.settings.open();
  }

  addPerson() {
    $("whoami").value = this.world.person;
    askFor("Somebody new", [{ name: "name", label: "Their name" }], async ({ name }) => {
      await put(`/people/${encodeURIComponent(name)}`);
      go(name);
    }, "Be them");
  }

  secondWindow() {
    const other = this.world.people.find((each) => each.name !== this.world.person);
    window.open(`${location.pathname}#${encodeURIComponent(other?.name ?? this.world.person)}/${this.channel?.id ?? ""}`, "_blank", "width=900,height=900");
  }
}

function textOf(message) {
  const texts = [message.content];
  const look = (some) => some?.forEach((each) => {
    if (each.type === 10) texts.push(each.content);
    look(each.components);
  });
  look(message.components);
  return texts.filter(Boolean).join("\n");
}

function turnTheme() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
  localStorage.setItem("theme", root.dataset.theme);
  page?.drawHead();
}

let page = null;

async function begin() {
  const { person } = place();
  const people = await get("/people").catch(() => null);
  if (!people) {
    $("messages").firstElementChild.replaceChildren(h("li", {}, "The playground does not answer. Is it still running?"));
    setTimeout(begin, 2000);
    return;
  }
  const me = people.find((each) => each.name === person) ?? people.find((each) => each.name !== "owner") ?? people[0];
  if (page?.world.person === me.name) {
    await page.arrange();
    return;
  }
  page?.close();
  if (person !== me.name) history.replaceState(null, "", `#${encodeURIComponent(me.name)}/${encodeURIComponent(place().channel)}`);
  page = new Page(me.name);
  page.start();
}

document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
addEventListener("hashchange", begin);
addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "") && !document.querySelector("dialog[open]") && page) {
    event.preventDefault();
    page.composer.box.value = "/";
    page.composer.box.focus();
    page.composer.suggest();
  }
});
document.addEventListener("click", (event) => {
  const command = event.target.closest?.("[data-command]")?.dataset.command;
  if (command && page) page.composer.begin(`/${command}`);
  const link = event.target.closest?.("a[href]");
  const found = link && /\/channels\/(?:@me|\d+)\/(\d+)(?:\/(\d+))?$/.exec(link.href);
  if (found && page?.world.channels.has(found[1])) {
    event.preventDefault();
    page.jump(found[1], found[2]);
  }
});
for (const kind of ["dragover", "drop"]) {
  $("talk").addEventListener(kind, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    $("talk").classList.toggle("dropping", kind === "dragover");
    if (kind === "drop" && page) page.composer.take([...event.dataTransfer.files]);
  });
}
$("talk").addEventListener("dragleave", () => $("talk").classList.remove("dropping"));
begin();
