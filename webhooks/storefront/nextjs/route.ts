// app/ecrm/token/route.ts: the token endpoint of a Next.js shop. Beside it: current-customer.ts and customer_token.js.
// ECRM_IDENTITY_SECRET stands in the server's environment; never NEXT_PUBLIC_…, which would put it into the page.
import { connection } from "next/server";
import { currentCustomer } from "./current-customer";
import { customerToken } from "./customer_token.js";

export async function GET(): Promise<Response> {
  // Made for each request, never while building; `export const dynamic` does not go with `cacheComponents`.
  await connection();
  const secret = process.env.ECRM_IDENTITY_SECRET;
  const customer = await currentCustomer();
  const token = secret && customer ? customerToken(secret, customer) : null;
  return Response.json({ token }, { headers: { "Cache-Control": "no-store", Vary: "Cookie" } });
}
