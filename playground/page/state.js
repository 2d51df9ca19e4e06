// What is known of the world, as one person sees it. It is read once, and kept true by a stream of changes.

import { get, of } from "./api.js";


/** Everything that the page shows. `listeners` are told the kind of what changed, and the thing. */
export class World {
  constructor(person) {
    this.person = person;
    this.me = null;
    this.people = [];
    this.guilds = [];
    this.channels = new Map();
    this.bot = { id: "", name: "", connected: false, presence: null };
    this.base = "";
    /** Messages by channel, then by id, in the order of their ids; only of channels that were opened. */
    this.messages = new Map();
    this.commands = new Map();
    /** Channels whose messages are being read, and what changed meanwhile: by id, null for what is gone. */
    this.reads = new Set();
    this.exchanges = 0;
    this.listeners = new Set();
    this.loaded = Promise.resolve();
    this.next = null;
    this.skew = 0;
    this.stream = null;
  }

  /** Milliseconds since 1970 by the playground's clock. */
  now() {
    return Date.now() + this.skew;
  }

  tell(kind, thing) {
    for (const listener of this.listeners) listener(kind, thing);
  }

  /** Reads the world again, after the reading that goes on; whoever asks meanwhile waits for the same next one. */
  load() {
    this.next ??= this.loaded = this.loaded.catch(() => {}).then(() => {
      this.next = null;
      return this.read();
    });
    return this.next;
  }

  async read() {
    const [state, people, guilds, channels] = await Promise.all([
      get("/state"), get("/people"), get("/guilds"), get(of(this.person, "/channels")),
    ]);
    this.bot = state.bot;
    this.base = new URL(state.api).origin;
    this.setClock(state.now);
    this.people = people;
    this.me = people.find((each) => each.name === this.person);
    this.guilds = guilds.filter((guild) => guild.members.some((member) => member.name === this.person));
    this.channels = new Map(channels.map((channel) => [channel.id, channel]));
    this.commands = new Map();
    for (const id of this.messages.keys()) {
      if (this.channels.has(id)) await this.open(id, true);
      else this.messages.delete(id);
    }
    this.tell("world");
  }

  setClock(stamp) {
    const then = Date.parse(stamp);
    if (!Number.isNaN(then)) this.skew = then - Date.now();
  }

  listen() {
    this.stream?.close();
    const stream = (this.stream = new EventSource(`/control${of(this.person, "/changes")}`));
    stream.addEventListener("error", () => this.tell("lost"));
    const on = (kind, work) => stream.addEventListener(kind, (event) => work(JSON.parse(event.data)));
    on("hello", (data) => {
      this.setClock(data.now);
      this.load().catch(() => this.tell("lost"));
    });
    on("clock", (data) => {
      this.setClock(data.now);
      this.tell("clock");
    });
    on("message", (message) => this.keep(message));
    on("message_deleted", ({ id, channel_id }) => {
      this.note(channel_id, id, null);
      if (this.messages.get(channel_id)?.delete(id)) this.tell("message_deleted", { id, channel_id });
    });
    on("channel", () => this.reload());
    on("channel_deleted", () => this.reload());
    on("guild", () => this.reload());
    on("people", () => this.reload());
    on("commands", () => {
      this.commands = new Map();
      this.tell("commands");
    });
    on("deeds", () => this.tell("deeds"));
    on("invocation", (invocation) => this.tell("invocation", invocation));
    on("bot", (data) => {
      Object.assign(this.bot, data);
      this.tell("bot");
    });
    on("exchanges", ({ number }) => {
      this.exchanges = number;
      this.tell("exchanges");
    });
  }

  /** Reads the world again, once for many changes. */
  reload() {
    clearTimeout(this.reloading);
    this.reloading = setTimeout(() => this.load().catch(() => this.tell("lost")), 30);
  }

  /** Lets those that are reading a channel's messages know of a newer one. */
  note(channel, id, message) {
    for (const read of this.reads) if (read.id === channel) read.changed.set(id, message);
  }

  keep(message) {
    this.note(message.channel_id, message.id, message);
    const some = this.messages.get(message.channel_id);
    if (!some) return;
    const known = some.has(message.id);
    some.set(message.id, message);
    this.tell("message", { message, known });
  }

  /** Reads a channel's messages, unless that was done. */
  async open(id, again = false) {
    if (again || !this.messages.has(id)) {
      const read = { id, changed: new Map() };
      this.reads.add(read);
      try {
        const found = await get(of(this.person, `/channels/${id}/messages`));
        const some = new Map(found.map((message) => [message.id, message]));
        for (const [each, message] of read.changed) message ? some.set(each, message) : some.delete(each);
        this.messages.set(id, some);
      } finally {
        this.reads.delete(read);
      }
    }
    return this.messages.get(id);
  }

  async commandsOf(channel) {
    // Whoever forgets them puts another map in its place: what was read before then is not kept.
    const some = this.commands;
    if (!some.has(channel)) some.set(channel, await get(of(this.person, `/channels/${channel}/commands`)));
    return some.get(channel);
  }

  guildOf(channelId) {
    return this.guilds.find((guild) => guild.channels.some((channel) => channel.id === channelId)) ?? null;
  }

  personOf(id) {
    return this.people.find((each) => each.id === id) ?? (this.bot.id === id ? { ...this.bot, bot: true } : null);
  }

  roleOf(id) {
    for (const guild of this.guilds) for (const role of guild.roles) if (role.id === id) return role;
    return null;
  }

  commandOf(name) {
    for (const some of this.commands.values()) for (const each of some) if (each.name === name) return each;
    return null;
  }

  /** Returns the address of a file under the page's own origin: the page shows nothing from elsewhere. */
  file(url) {
    return url && this.base && url.startsWith(this.base) ? url.slice(this.base.length) : null;
  }

  close() {
    this.stream?.close();
    this.listeners.clear();
  }
}

