// Discord's Markdown as elements.

import { h } from "./dom.js";

const INLINE = [
  [/^\\([^A-Za-z0-9\s])/, (found) => found[1]],
  [/^(`{1,2})([^`](?:[\s\S]*?[^`])?)\1(?!`)/, (found) => h("code", {}, found[2])],
  [/^<(a?):(\w+):(\d+)>/, (found) => h("span", { className: "emoji", title: `:${found[2]}:` }, `:${found[2]}:`)],
  [/^<@!?(\d+)>/, (found, world) => mention(`@${world.personOf(found[1])?.name ?? "unknown"}`)],
  [/^<@&(\d+)>/, (found, world) => mention(`@${world.roleOf(found[1])?.name ?? "deleted-role"}`)],
  [/^<#(\d+)>/, (found, world) => channel(found[1], world)],
  [/^<\/([^:>]+):(\d+)>/, (found) => h("button", { className: "mention", type: "button", dataset: { command: found[1] } }, `/${found[1]}`)],
  [/^<t:(-?\d+)(?::([tTdDfFR]))?>/, (found, world) => time(Number(found[1]), found[2] ?? "f", world)],
  [/^@(everyone|here)\b/, (found) => mention(found[0])],
  [/^\|\|([\s\S]+?)\|\|/, (found, world) => spoiler(inline(found[1], world))],
  [/^\*\*\*([\s\S]+?)\*\*\*(?!\*)/, (found, world) => h("strong", {}, h("em", {}, inline(found[1], world)))],
  [/^\*\*([\s\S]+?)\*\*(?!\*)/, (found, world) => h("strong", {}, inline(found[1], world))],
  [/^__([\s\S]+?)__(?!_)/, (found, world) => h("u", {}, inline(found[1], world))],
  [/^~~([\s\S]+?)~~/, (found, world) => h("s", {}, inline(found[1], world))],
  [/^\*([^\s*](?:[\s\S]*?[^\s*])?)\*(?!\*)/, (found, world) => h("em", {}, inline(found[1], world))],
  [/^_([^\s_](?:[\s\S]*?[^\s_])?)_(?![A-Za-z0-9_])/, (found, world) => h("em", {}, inline(found[1], world))],
  [/^\[([^\]]+)\]\(<?(https?:\/\/[^\s)>]+)>?(?:\s+"[^"]*")?\)/, (found, world) => link(found[2], inline(found[1], world))],
  [/^<(https?:\/\/[^\s>]+)>/, (found) => link(found[1], found[1])],
  [/^https?:\/\/[^\s<]+[^\s<.,:;"')\]!?*_~|]/, (found) => link(found[0], found[0])],
];

/** Returns the elements of a text. */
export function markdown(text, world) {
  const out = [];
  const lines = text.split("\n");
  let plain = [];
  const flush = () => {
    if (plain.length) out.push(h("p", {}, withBreaks(plain.join("\n"), world)));
    plain = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const rest = lines.slice(at).join("\n");
    let found;
    if ((found = /^```(?:([\w+-]+)\n)?\n?([\s\S]*?)\n?```/.exec(rest))) {
      flush();
      out.push(h("pre", { tabIndex: 0 }, h("code", {}, found[2])));
      at += found[0].split("\n").length - 1;
      const after = rest.slice(found[0].length).split("\n")[0];
      if (after) plain.push(after);
    } else if ((found = /^>>> ([\s\S]*)/.exec(rest))) {
      flush();
      out.push(h("blockquote", {}, markdown(found[1], world)));
      break;
    } else if (/^> /.test(line)) {
      flush();
      const quoted = [];
      while (at < lines.length && /^> ?/.test(lines[at])) quoted.push(lines[at++].replace(/^> ?/, ""));
      at--;
      out.push(h("blockquote", {}, markdown(quoted.join("\n"), world)));
    } else if ((found = /^(#{1,3}) +(.+)/.exec(line))) {
      flush();
      // The page has headings of its own above these.
      out.push(h(`h${found[1].length + 3}`, { className: `heading-${found[1].length}` }, inline(found[2], world)));
    } else if ((found = /^-# +(.+)/.exec(line))) {
      flush();
      out.push(h("p", { className: "small" }, inline(found[1], world)));
    } else if (/^ *(?:[-*]|\d+\.) +\S/.test(line)) {
      flush();
      const numbered = /^ *\d/.test(line);
      const items = [];
      while (at < lines.length && (found = /^( *)(?:[-*]|\d+\.) +(.+)/.exec(lines[at]))) {
        items.push(h("li", { className: found[1].length > 1 ? "deeper" : "" }, inline(found[2], world)));
        at++;
      }
      at--;
      out.push(h(numbered ? "ol" : "ul", {}, items));
    } else plain.push(line);
  }
  flush();
  return out;
}

function withBreaks(text, world) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), ...inline(line, world)] : inline(line, world)));
}

/** Returns the elements of a text without blocks. */
export function inline(text, world) {
  const out = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const before = text[at - 1] ?? " ";
    let hit = null;
    if (/[\\`<@|*_~[h]/.test(text[at])) {
      for (const [pattern, make] of INLINE) {
        const found = pattern.exec(rest);
        if (!found || (text[at] === "_" && text[at + 1] !== "_" && /[A-Za-z0-9]/.test(before))) continue;
        hit = [found[0].length, make(found, world)];
        break;
      }
    }
    if (hit) {
      if (plain) out.push(plain);
      plain = "";
      out.push(hit[1]);
      at += hit[0];
    } else plain += text[at++];
  }
  if (plain) out.push(plain);
  return out;
}

function mention(text) {
  return h("span", { className: "mention" }, text);
}

function channel(id, world) {
  const known = world.channels.get(id);
  if (!known) return mention("#unknown");
  return h("a", { className: "mention", href: `#${world.person}/${id}` }, `#${known.name}`);
}

function link(url, shown) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, shown);
}

/** Returns something that is hidden until it is pressed. */
export function spoiler(content) {
  const element = h("button", { type: "button", className: "spoiler", "aria-label": "Spoiler: press to show" }, h("span", { className: "veiled" }, content));
  element.addEventListener("click", (event) => {
    if (element.classList.contains("shown")) return;
    event.preventDefault();
    element.classList.add("shown");
    element.removeAttribute("aria-label");
  });
  return element;
}

const STYLES = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
};

function time(seconds, style, world) {
  const date = new Date(seconds * 1000);
  const shown = style === "R" ? relative(seconds * 1000 - world.now()) : date.toLocaleString([], STYLES[style]);
  return h("time", { dateTime: date.toISOString(), title: date.toLocaleString(), dataset: style === "R" ? { relative: seconds } : {} }, shown);
}

/** Returns "in 3 minutes", "2 hours ago". */
export function relative(milliseconds) {
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const seconds = milliseconds / 1000;
  for (const [unit, size] of [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(Math.round(seconds), "second");
}
