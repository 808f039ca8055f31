// The token endpoint of a Shopify shop: Shopify passes https://<shop>/apps/ecrm/token on to here (an "app proxy"), says
// who is logged in there and signs that. Node 18, no dependency; as a Lambda function URL (`handler`) or by itself
// (`node app_proxy.js`). Needs SHOPIFY_SHOP (acme.myshopify.com), SHOPIFY_CLIENT_SECRET, ECRM_IDENTITY_SECRET.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { customerToken } from "../tokens/customer_token.js";

const MOST_SECONDS_OLD = 90;
const HEADERS = { "content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff" };

/**
 * What to answer to a request with this query. Shopify's rule: all parameters but the signature, decoded, as name=value,
 * those of one name joined by commas; sorted, run together, HMAC-SHA256 in hex with the app's client secret.
 * @param {string} query the part of the address after the question mark
 * @param {{shop: string, clientSecret: string, identitySecret: string}} known
 * @param {number} now Unix seconds
 */
export function answer(query, known, now) {
  const told = grouped(query);
  const one = (name) => (told.get(name)?.length === 1 ? told.get(name)[0] : "");
  const customer = one("logged_in_customer_id");
  const fine =
    known.clientSecret &&
    signedBy(known.clientSecret, told, one("signature")) &&
    one("shop") === known.shop &&
    Math.abs(now - Number(one("timestamp"))) <= MOST_SECONDS_OLD &&
    told.get("logged_in_customer_id")?.length === 1 &&
    /^\d*$/.test(customer);
  if (!fine) return { statusCode: 401, headers: HEADERS, body: '{"error":"not from the shop"}' };
  const token = customer && customer !== "0" ? customerToken(known.identitySecret, customer, now + 600) : null;
  return { statusCode: 200, headers: HEADERS, body: JSON.stringify({ token }) };
}

function grouped(query) {
  const found = new Map();
  for (const [name, value] of new URLSearchParams(query)) found.set(name, [...(found.get(name) ?? []), value]);
  return found;
}

function signedBy(secret, told, signature) {
  const lines = [...told].filter(([name]) => name !== "signature").map(([name, values]) => `${name}=${values.join(",")}`);
  const right = Buffer.from(createHmac("sha256", secret).update(lines.sort().join("")).digest("hex"));
  const given = Buffer.from(signature);
  return given.length === right.length && timingSafeEqual(given, right);
}

const known = () => ({
  shop: process.env.SHOPIFY_SHOP,
  clientSecret: process.env.SHOPIFY_CLIENT_SECRET,
  identitySecret: process.env.ECRM_IDENTITY_SECRET,
});

export const handler = async (event) => answer(event.rawQueryString ?? "", known(), Math.floor(Date.now() / 1000));

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  createServer(async (request, response) => {
    const { statusCode, headers, body } = await handler({ rawQueryString: request.url.split("?")[1] });
    response.writeHead(statusCode, headers).end(body);
  }).listen(Number(process.env.PORT ?? 8080));
}
