/**
 * The storefront API without any markup, for those who draw slots themselves. No dependency; runs in browsers, in Node 18
 * and later, and at the edge (there without `track`: only pages may tell). Types: ecrm.d.ts.
 */

const PATIENCE = 2500; // milliseconds

/** The API refused, or was not understood. `problem` is what it said (RFC 9457), where it said anything. */
export class EcrmError extends Error {
  constructor(status, problem, retryAfter) {
    const said = problem?.detail || `The storefront API answered ${status}`;
    super(problem?.field ? `${problem.field}: ${said}` : said);
    this.name = "EcrmError";
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

const door = (api, path) => (api ?? new URL(".", import.meta.url).href).replace(/\/$/, "") + "/v1/" + path;

const listed = (value) => (Array.isArray(value) ? value.join(",") : value);

/** What a page may show. Rejects with EcrmError, or as fetch does where nothing answers in time. */
export async function slots({ api, key, slots, token, signal, timeout = PATIENCE, pictures, ...page }) {
  const query = new URLSearchParams({ key, slots: listed(slots) });
  for (const [name, value] of Object.entries({ ...page, pictures: pictures ? 1 : undefined })) {
    if (value !== undefined && value !== null && value !== "") query.set(name, listed(value));
  }
  const late = AbortSignal.timeout(timeout);
  const answer = await fetch(`${door(api, "slots")}?${query}`, {
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    credentials: "omit",
    signal: signal ? AbortSignal.any([signal, late]) : late,
  });
  const body = await answer.json().catch(() => undefined);
  if (answer.ok && Array.isArray(body?.slots)) return body;
  throw new EcrmError(answer.status, body, Number(answer.headers.get("Retry-After")) || undefined);
}

/**
 * Tells what happened: up to 20 events. Without consent neither token nor visitor is sent, but who is to be forgotten.
 * Never rejects: false where it could not be sent.
 */
export async function track({ api, key, consent = false, visitor, token, events }) {
  const forgets = events.some(({ type }) => type === "forget");
  const agreed = String(consent) === "true"; // what is not understood is no
  const person = agreed ? { visitor, token } : forgets ? { visitor } : {};
  const body = JSON.stringify({ key, consent: agreed, ...person, events });
  try {
    if (globalThis.navigator?.sendBeacon) return navigator.sendBeacon(door(api, "events"), body);
    return (await fetch(door(api, "events"), { method: "POST", body })).ok;
  } catch {
    return false;
  }
}
