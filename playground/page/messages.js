// The list of messages: drawn once each, and again only when one changes.

import { put, post, of, remove, Refused } from "./api.js";
import { fileCard, lightbox, render } from "./components.js";
import { announce, drawAnew, h, unpressed } from "./dom.js";
import { inline, markdown, relative } from "./markdown.js";
import { openMenu } from "./menus.js";

const EPHEMERAL = 64, LOADING = 128, V2 = 1 << 15;
const TOGETHER_MS = 7 * 60 * 1000;

export class MessageList {
  constructor(element, world, page) {
    this.element = element;
    this.rowsElement = element.querySelector("ol");
    this.world = world;
    this.page = page;
    this.channel = null;
    /** Elements by message id. */
    this.rows = new Map();
    this.dismissed = new Set();
    /** What went wrong with a message, by its id. */
    this.failures = new Map();
    this.atEnd = true;
    this.height = this.room = 0;
    element.onscroll = () => {
      // What grows or shrinks scrolls too; only people leave the end.
      if (element.scrollHeight === this.height && element.clientHeight === this.room) this.atEnd = this.height - element.scrollTop - element.clientHeight < 80;
    };
    element.onkeydown = (event) => this.keyed(event);
    this.watch = new ResizeObserver(() => this.stick());
    this.watch.observe(element);
    this.watch.observe(this.rowsElement);
  }

  /** Shows a channel from its end; one that is shown already stays where it is. */
  async open(channelId) {
    const isNew = this.channel !== channelId;
    this.channel = channelId;
    if (isNew) {
      this.rows.clear();
      this.rowsElement.replaceChildren();
    }
    this.element.setAttribute("aria-busy", "true");
    try {
      await this.world.open(channelId);
    } finally {
      if (this.channel === channelId) this.element.removeAttribute("aria-busy");
    }
    if (this.channel !== channelId) return;
    this.atEnd ||= isNew;
    unpressed(this.rowsElement, () => this.draw());
  }

  /** Draws every message as it is now. */
  draw() {
    const some = this.world.messages.get(this.channel);
    if (!some) return;
    this.rows.clear();
    const rows = [...some.values()].sort(byId).map((message) => this.row(message)).filter(Boolean);
    drawAnew(this.rowsElement, () => this.rowsElement.replaceChildren(...rows));
    this.group();
    this.stick();
  }

  close() {
    this.channel = null;
    this.watch.disconnect();
    this.rowsElement.replaceChildren();
  }

  stick() {
    if (this.atEnd) this.element.scrollTop = this.element.scrollHeight;
    this.height = this.element.scrollHeight;
    this.room = this.element.clientHeight;
  }

  /** Draws one message, new or changed. */
  show(message, known) {
    if (message.channel_id !== this.channel) return;
    unpressed(this.rows.get(message.id) ?? this.rowsElement, () => this.put(message.id), message.id);
    if (!known && message.author.id !== this.world.me?.id) announce(`${message.author.username}: ${spoken(message)}`);
  }

  /** Puts a message, as it is now, where it belongs. */
  put(id) {
    const message = this.world.messages.get(this.channel)?.get(id);
    const before = this.rows.get(id);
    const row = message && this.row(message);
    if (!row) return;
    if (before) {
      drawAnew(before, () => before.replaceWith(row), row);
    } else {
      const next = [...this.rowsElement.children].find((each) => BigInt(each.dataset.message) > BigInt(id));
      this.rowsElement.insertBefore(row, next ?? null);
    }
    this.group(row);
    this.stick();
  }

  hide(id) {
    const row = this.rows.get(id);
    this.rows.delete(id);
    this.failures.delete(id);
    if (!row) return;
    const next = row.nextElementSibling;
    if (row.contains(document.activeElement)) (next ?? this.element).focus();
    row.remove();
    if (next) this.group(next);
  }

  /** Leaves the author out where the message before is by the same, a short time ago. */
  group(from = this.rowsElement.firstElementChild) {
    for (let row = from; row; row = row.nextElementSibling) {
      const before = row.previousElementSibling;
      const together = before && before.dataset.author === row.dataset.author && !row.dataset.begins
        && Date.parse(row.dataset.at) - Date.parse(before.dataset.at) < TOGETHER_MS;
      row.classList.toggle("together", Boolean(together));
      if (from !== this.rowsElement.firstElementChild && row !== from) break;
    }
  }

  row(message) {
    if (this.dismissed.has(message.id)) return null;
    const { world } = this;
    const mine = message.author.id === world.me?.id;
    const ephemeral = Boolean(message.flags & EPHEMERAL);
    const mentioned = message.mention_everyone || message.mentions.some((each) => each.id === world.me?.id);
    const when = new Date(message.timestamp);
    const asked = message.interaction_metadata;
    const row = h("li", {
      className: ["message", ephemeral ? "ephemeral" : "", mentioned ? "mentioned" : ""].join(" ").trim(),
      tabIndex: -1,
      dataset: { message: message.id, author: message.author.id, at: message.timestamp, ...(asked || message.referenced_message !== undefined ? { begins: "1" } : {}) },
    },
      this.above(message),
      h("div", { className: "avatar", "aria-hidden": "true" }, initials(message.author.username)),
      h("div", { className: "body" },
        h("div", { className: "byline" },
          h("button", { type: "button", className: "author", onclick: (event) => this.page.userMenu(message.author, event.currentTarget), "aria-haspopup": "menu" }, message.author.global_name ?? message.author.username),
          message.author.bot ? h("span", { className: "badge" }, "APP") : null,
          h("time", { dateTime: when.toISOString(), title: when.toLocaleString() }, clock(when, world.now()))),
        this.content(message),
        message.reactions?.length ? this.reactions(message) : null,
        ephemeral ? h("p", { className: "small only" }, "Only you can see this • ",
          h("button", { type: "button", className: "inline", onclick: () => { this.dismissed.add(message.id); this.hide(message.id); } }, "Dismiss message")) : null,
        h("p", { className: "small failure", hidden: !this.failures.has(message.id) }, this.failures.get(message.id))),
      h("div", { className: "tools" },
        h("button", { type: "button", "aria-label": "Add a reaction", title: "Add a reaction", "aria-haspopup": "menu", onclick: (event) => this.emojiMenu(message, event.currentTarget) }, "☺"),
        h("button", { type: "button", "aria-label": "Reply", title: "Reply", onclick: () => this.page.replyTo(message) }, "↩"),
        h("button", { type: "button", "aria-label": "More: apps, copy, delete", title: "More", "aria-haspopup": "menu", onclick: (event) => this.page.messageMenu(message, event.currentTarget, mine) }, "⋯")));
    row.addEventListener("contextmenu", (event) => {
      if (event.target.closest("a, img, input, textarea")) return;
      event.preventDefault();
      this.page.messageMenu(message, { x: event.clientX, y: event.clientY, from: row }, mine);
    });
    this.rows.set(message.id, row);
    return row;
  }

  above(message) {
    const { world } = this;
    const asked = message.interaction_metadata?.user?.username;
    const answered = message.referenced_message;
    if (asked && message.used) return h("p", { className: "above" }, h("strong", {}, asked), " used ", h("span", { className: "mention" }, message.used));
    if (asked && answered) {
      return h("p", { className: "above" }, h("strong", {}, asked), " answered ", h("button", { type: "button", className: "inline", onclick: () => this.page.jump(answered.channel_id, answered.id) }, "a message"));
    }
    if (asked) return h("p", { className: "above" }, h("strong", {}, asked), " used an app");
    if (answered === undefined) return null;
    if (answered === null) return h("p", { className: "above" }, "The message was deleted");
    return h("p", { className: "above" }, h("strong", {}, answered.author.username), " ", inline((answered.content || "…").slice(0, 100), world));
  }

  content(message) {
    const { world } = this;
    if (message.flags & LOADING) {
      return h("p", { className: "thinking" }, h("span", { className: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), `${message.author.username} is thinking…`);
    }
    const act = this.acts(message);
    const edited = message.edited_timestamp && !(message.flags & V2) ? h("span", { className: "small edited", title: new Date(message.edited_timestamp).toLocaleString() }, " (edited)") : null;
    return h("div", { className: "content" },
      message.content ? h("div", { className: "text" }, markdown(message.content, world), edited) : null,
      (message.attachments ?? []).map((each) => this.attachment(each, message)),
      (message.embeds ?? []).map((each) => this.embed(each)),
      render(message.components ?? [], world, act));
  }

  attachment(each, message) {
    const src = this.world.file(each.url);
    if (src && each.content_type?.startsWith("image/")) {
      const pictures = message.attachments.filter((one) => one.content_type?.startsWith("image/")).map((one) => ({ src: this.world.file(one.url), name: one.filename, alt: one.description || one.filename }));
      return h("button", { type: "button", className: "picture attached", "aria-label": `Open ${each.filename}`, onclick: () => lightbox(pictures, pictures.findIndex((one) => one.src === src)) },
        h("img", { src, alt: each.description || each.filename, loading: "lazy", width: each.width, height: each.height }));
    }
    return fileCard(each, each.filename, each.size, this.world);
  }

  embed(embed) {
    const { world } = this;
    const image = (media, kind) => {
      const src = media && world.file(media.url);
      return src ? h("img", { src, className: kind, alt: "", loading: "lazy" }) : null;
    };
    const box = h("div", { className: "embed" },
      h("div", { className: "embed-body" },
        embed.author ? h("p", { className: "small" }, embed.author.name) : null,
        embed.title ? h("p", { className: "embed-title" }, embed.url ? h("a", { href: embed.url, target: "_blank", rel: "noopener noreferrer" }, embed.title) : inline(embed.title, world)) : null,
        embed.description ? h("div", { className: "text" }, markdown(embed.description, world)) : null,
        embed.fields?.length ? h("dl", {}, embed.fields.map((each) => h("div", { className: each.inline ? "beside" : "" }, h("dt", {}, inline(each.name, world)), h("dd", {}, markdown(each.value, world))))) : null,
        image(embed.image, "embed-image"),
        embed.footer ? h("p", { className: "small" }, embed.footer.text) : null),
      image(embed.thumbnail, "embed-thumbnail"));
    if (embed.color) box.style.setProperty("--accent", `#${embed.color.toString(16).padStart(6, "0")}`);
    return box;
  }

  reactions(message) {
    return h("div", { className: "reactions" }, message.reactions.map((each) => {
      const name = each.emoji.id ? `${each.emoji.name}:${each.emoji.id}` : each.emoji.name;
      return h("button", { type: "button", className: each.me ? "mine" : "", "aria-pressed": String(each.me), "aria-label": `${each.emoji.name}, ${each.count}`, dataset: { id: `react-${name}` }, onclick: () => this.react(message, name, !each.me) }, each.emoji.name, " ", String(each.count));
    }));
  }

  async react(message, emoji, on) {
    const path = of(this.world.person, `/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`);
    await this.guard(message.id, on ? put(path) : remove(path));
  }

  emojiMenu(message, from) {
    openMenu(from, ["❤️", "👍", "🎨", "⭐", "🔁", "❌", "✉️", "🗑️"].map((emoji) => ({ label: emoji, act: () => this.react(message, emoji, true) })), "Reactions");
  }

  acts(message) {
    const path = (rest) => of(this.world.person, `/messages/${message.id}${rest}`);
    return {
      guild: this.world.guildOf(message.channel_id),
      press: (component) => this.invoke(message.id, post(`${path("/press")}?until=settled`, { component: component.custom_id })),
      select: (component, values) => this.invoke(message.id, post(`${path("/select")}?until=settled`, { component: component.custom_id, values })),
    };
  }

  async invoke(id, work) {
    const done = await this.guard(id, work);
    if (done?.response.error) this.fail(id, "This interaction failed");
    else if (done) this.page.settled(done);
  }

  async guard(id, work) {
    this.fail(id, "");
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fail(id, error.message);
      return null;
    }
  }

  /** Says under a message what went wrong with it. */
  fail(id, words) {
    if (words) this.failures.set(id, words);
    else this.failures.delete(id);
    if (words) announce(words, "alert");
    const place = this.rows.get(id)?.querySelector(".failure");
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
  }

  /** Moves from message to message by the arrow keys. */
  keyed(event) {
    const row = event.target.closest?.("li.message");
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    const every = [...this.rowsElement.children];
    if (!every.length) return;
    const at = row ? every.indexOf(row) : every.length;
    const next = Math.min(every.length - 1, Math.max(0, step === -Infinity ? 0 : step === Infinity ? every.length - 1 : at + step));
    event.preventDefault();
    every[next].focus();
  }

  /** Brings "3 minutes ago" up to date. */
  tick() {
    for (const each of this.rowsElement.querySelectorAll("time[data-relative]")) {
      each.textContent = relative(Number(each.dataset.relative) * 1000 - this.world.now());
    }
  }
}

function byId(one, other) {
  return BigInt(one.id) < BigInt(other.id) ? -1 : 1;
}

function initials(name) {
  return name.slice(0, 2).toUpperCase();
}

function clock(when, now) {
  const today = new Date(now).toDateString() === when.toDateString();
  return today ? when.toLocaleTimeString([], { timeStyle: "short" }) : when.toLocaleString([], { dateStyle: "short", timeStyle: "short" });
}

function spoken(message) {
  if (message.flags & LOADING) return "is thinking";
  const texts = [message.content];
  const look = (some) => {
    for (const each of some ?? []) {
      if (each.type === 10) texts.push(each.content);
      if (each.type === 12) texts.push(`${each.items.length} picture${each.items.length === 1 ? "" : "s"}`);
      look(each.components);
    }
  };
  look(message.components);
  return texts.filter(Boolean).join(" ").slice(0, 300);
}
