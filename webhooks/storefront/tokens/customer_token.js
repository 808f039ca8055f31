// Customer token: what a shop's server says of who is logged in there. Needs nothing but Node 18. On the server only.
import { createHmac } from "node:crypto";

const text64 = (text) => Buffer.from(text).toString("base64url");
const ascii = (json) => json.replace(/[\u0080-\uffff]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));

/**
 * The token of the customer with this platform id. Throws where the secret is another key, or there is no id.
 * @param {string} secret the shop's identity secret, ik_<shop>_…
 * @param {string} customer the platform's own id of the customer, as text
 * @param {number} [expires] Unix seconds, at most 15 minutes away; in ten minutes, if not said
 * @returns {string}
 */
export function customerToken(secret, customer, expires = Math.floor(Date.now() / 1000) + 600) {
  const [kind, shop, ...rest] = secret.split("_");
  if (kind !== "ik" || rest.length !== 1) throw new TypeError("the secret must be the shop's identity secret, ik_<shop>_…");
  if (typeof customer !== "string" || !customer) throw new TypeError("the customer's id must be a text that is not empty");
  const claims = { iss: shop, sub: customer, exp: expires, aud: "ecrm" };
  const signed = text64('{"alg":"HS256","typ":"JWT"}') + "." + text64(ascii(JSON.stringify(claims)));
  return signed + "." + createHmac("sha256", secret).update(signed).digest("base64url");
}
