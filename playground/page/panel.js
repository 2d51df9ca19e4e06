// The side panel: what goes over the wire, and what can go wrong on purpose.

import { doAndTell, get, post, remove, Refused } from "./api.js";
import { askFor } from "./dialogs.js";
import { announce, drawAnew, h } from "./dom.js";

const MOST = 200;

export class Panel {
  constructor(element, world, page) {
    this.element = element;
    this.world = world;
    this.page = page;
    this.requests = [];
    this.events = [];
    this.seen = { exchanges: 0, events: 0 };
    this.shown = "requests";
    this.reading = false;
    /** Names of the deeds that are being done. */
    this.asking = new Set();
    this.looks = 0;
    this.list = h("ol", { className: "wire", tabIndex: 0, "aria-label": "What went over the wire, newest first" });
    this.tabs = ["requests", "events"].map((name) => h("button", { type: "button", "aria-pressed": String(name === this.shown), onclick: () => this.turn(name) }, name === "requests" ? "The bot’s requests" : "Gateway events"));
    this.filter = h("input", { type: "search", "aria-label": "Show only what contains", placeholder: "Show only…", oninput: () => this.draw() });
    this.words = h("p", { className: "small", role: "status" });
    this.faults = h("ul", { className: "faults", "aria-label": "Faults that wait" });
    this.offered = h("div", { className: "chips offered", role: "group", "aria-label": "Offered by the program that runs the bot" });
    element.replaceChildren(
      h("header", {}, h("h2", {}, "The wire"), h("button", { type: "button", "aria-label": "Close this panel", onclick: () => page.togglePanel(false) }, "×")),
      h("section", { className: "mischief", "aria-label": "Misbehave" }, h("h3", {}, "Misbehave"), h("div", { className: "chips" }, this.deeds()), this.offered, this.faults, this.words),
      h("section", { className: "log", "aria-label": "What was said" }, h("div", { className: "tabs" }, this.tabs, this.filter), this.list));
  }

  deeds() {
    const deed = (label, title, work, said) => h("button", { type: "button", className: "chip", title, onclick: () => this.doing(work, said) }, label);
    return [
      deed("Lapse all tokens", "Every interaction’s 15 minutes are over at once", () => post("/faults/lapse-tokens"), "All tokens have lapsed."),
      deed("A quarter of an hour goes by", "The clock jumps", () => post("/clock", { seconds: 900 }), "It is 15 minutes later."),
      deed("Cut the sockets", "The gateway’s wires are cut", () => post("/faults/drop-sockets"), "The sockets are cut."),
      deed("Ask to reconnect", "Op 7", () => post("/faults/reconnect"), "The bot was asked to reconnect."),
      deed("Invalidate sessions", "Op 9: the bot has to begin anew", () => post("/faults/invalidate-sessions", { resumable: false }), "The sessions are no longer valid."),
      deed("Ignore heartbeats", "No more op 11", () => post("/faults/ignore-heartbeats"), "Heartbeats are ignored until all is healed."),
      deed("The next message fails", "503 for the next message to a channel", () => post("/faults", { method: "POST", path: "/channels", status: 503 }), "The next message to a channel fails."),
      deed("The next edit is cut", "The wire is cut after the next edit of an answer was done", () => post("/faults", { method: "PATCH", path: "/webhooks", status: 0, after: true }), "The next edit is done, and its answer is lost."),
      deed("Too many requests", "429 for the next three requests", () => post("/faults", { path: "/", status: 429, times: 3, retry_after: 1 }), "The next three requests are too many."),
      deed("Everything is slow", "Ten requests take a second longer", () => post("/faults", { path: "/", status: 200, times: 10, delay_seconds: 1 }), "The next ten requests are slow."),
      h("button", { type: "button", className: "chip", title: "Choose what fails", onclick: () => this.choose() }, "Something else…"),
      deed("Heal everything", "Nothing fails any more", () => remove("/faults"), "Nothing fails any more."),
    ];
  }

  /** Shows what the program that runs the bot offers to let go wrong. */
  async readDeeds() {
    if (this.element.hidden) return;
    const number = ++this.looks;
    const deeds = await get("/deeds").catch(() => []);
    if (number !== this.looks) return;
    drawAnew(this.offered, () => this.offered.replaceChildren(...deeds.map((each) => h("button", { type: "button", className: "chip", title: each.title, dataset: { key: each.name }, "aria-disabled": this.asking.has(each.name) ? "true" : null, onclick: () => this.ask(each) }, each.label))));
  }

  /** Asks for a deed, once at a time, and says what came back. */
  async ask(deed) {
    if (this.asking.has(deed.name)) return;
    this.setAsking(deed, true);
    this.words.textContent = `${deed.label} …`;
    try {
      await doAndTell(this.words, async () => (await post(`/deeds/${encodeURIComponent(deed.name)}`)).said);
    } finally {
      this.setAsking(deed, false);
    }
  }

  setAsking(deed, on) {
    if (on) this.asking.add(deed.name);
    else this.asking.delete(deed.name);
    const button = [...this.offered.children].find((each) => each.dataset.key === deed.name);
    if (on) button?.setAttribute("aria-disabled", "true");
    else button?.removeAttribute("aria-disabled");
  }

  choose() {
    askFor("What fails", [
      { name: "method", label: "Method", options: ["*", "GET", "POST", "PATCH", "PUT", "DELETE"].map((each) => ({ value: each, label: each })) },
      { name: "path", label: "Path begins with", value: "/channels/{channel_id}/messages", hint: "Below /api/v10, or /cdn/attachments" },
      { name: "status", label: "Status", type: "number", value: 500, hint: "0 cuts the wire" },
      { name: "times", label: "How often", type: "number", value: 1 },
    ], async (said) => {
      await post("/faults", { method: said.method, path: said.path, status: Number(said.status), times: Number(said.times) });
      this.readFaults();
    }, "Let it fail");
  }

  async doing(work, said) {
    await doAndTell(this.words, work, said);
    this.readFaults();
  }

  async readFaults() {
    const waiting = await get("/faults").catch(() => []);
    this.faults.replaceChildren(...waiting.map((each) => h("li", { className: "small" }, `${each.method} ${each.path}: ${each.status || "cut"}, ${each.times ?? "every"} time${each.times === 1 ? "" : "s"}`)));
  }

  open() {
    this.readFaults();
    this.readDeeds();
    this.read();
  }

  turn(name) {
    this.shown = name;
    this.tabs.forEach((tab, index) => tab.setAttribute("aria-pressed", String((index === 0) === (name === "requests"))));
    this.draw();
  }

  /** Reads what was said since the last time; only while the panel is open. */
  async read() {
    if (this.element.hidden || this.reading) return;
    this.reading = true;
    try {
      const skip = Math.max(this.seen.exchanges, this.world.exchanges - MOST);
      const [requests, events] = await Promise.all([get(`/exchanges?after=${skip}`), get(`/events?after=${this.seen.events}`)]);
      if (requests.length) this.seen.exchanges = requests.at(-1).number;
      if (events.length) this.seen.events = events.at(-1).number;
      this.requests = [...this.requests, ...requests].slice(-MOST);
      this.events = [...this.events, ...events].slice(-MOST);
      if (requests.length || events.length) this.draw();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      announce(error.message);
    } finally {
      this.reading = false;
    }
  }

  draw() {
    drawAnew(this.list, () => this.list.replaceChildren(...this.entries()));
  }

  entries() {
    const wanted = this.filter.value.toLowerCase();
    const entries = this.shown === "requests" ? this.requests : this.events;
    const open = new Set([...this.list.querySelectorAll("details[open]")].map((each) => each.dataset.number));
    const rows = entries.filter((each) => !wanted || JSON.stringify(each).toLowerCase().includes(wanted)).slice(-MOST).reverse().map((each) => this.row(each, open));
    return rows.length ? rows : [h("li", { className: "small" }, "Nothing yet.")];
  }

  row(entry, open) {
    const isRequest = this.shown === "requests";
    const line = isRequest
      ? [h("span", { className: `status s${String(entry.status)[0]}` }, entry.status || "cut"), ` ${entry.method} ${entry.path}`]
      : [h("span", { className: "status" }, entry.t ?? `op ${entry.op}`), entry.s ? ` #${entry.s}` : ""];
    const body = h("div", {});
    const details = h("details", { dataset: { number: String(entry.number) }, open: open.has(String(entry.number)) }, h("summary", { dataset: { key: String(entry.number) } }, line), body);
    const fill = () => {
      if (!details.open || body.childElementCount) return;
      if (isRequest) {
        body.append(...[["Query", entry.query], ["Request", entry.request], ["Files", entry.files], ["Reply", entry.reply]]
          .filter(([, value]) => value && Object.keys(value).length)
          .flatMap(([title, value]) => [h("h4", {}, title), h("pre", { tabIndex: 0 }, JSON.stringify(value, null, 1))]));
        if (!body.childElementCount) body.append(h("p", { className: "small" }, "Nothing was said."));
      } else body.append(h("pre", { tabIndex: 0 }, JSON.stringify(entry.d, null, 1)));
    };
    details.addEventListener("toggle", fill);
    fill();
    return h("li", {}, details);
  }
}
