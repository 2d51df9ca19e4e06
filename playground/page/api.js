// The control API: what people do, and what they see.

const BASE = "/control";
/** Milliseconds that are waited for what is only read. */
const PATIENCE_MS = 30_000;

/** What the playground refused, in its own words. */
export class Refused extends Error {}

async function ask(method, path, body, files) {
  const options = { method, signal: method === "GET" ? AbortSignal.timeout(PATIENCE_MS) : null };
  if (files && Object.keys(files).length) {
    const form = new FormData();
    form.append("payload_json", JSON.stringify(body ?? {}));
    for (const [name, some] of Object.entries(files)) for (const file of some) form.append(name, file, file.name);
    options.body = form;
  } else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let response;
  try {
    response = await fetch(BASE + path, options);
  } catch {
    throw new Refused("the playground does not answer; is it still running?");
  }
  if (response.status === 204) return null;
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(said.error ?? `${response.status} ${response.statusText}`);
  return said;
}

export const get = (path) => ask("GET", path);
export const post = (path, body, files) => ask("POST", path, body ?? {}, files);
export const put = (path, body) => ask("PUT", path, body ?? {});
export const remove = (path) => ask("DELETE", path);

/** Does something, and says in a place that it is done (by `said`, or by what it returns), or why it was refused. */
export async function doAndTell(place, work, said) {
  try {
    const returned = await work();
    place.textContent = said ?? returned;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    place.textContent = error.message;
  }
}

/** Returns the path of something that a person does. */
export const of = (person, rest) => `/people/${encodeURIComponent(person)}${rest}`;
