// Who is logged in, as Saleor says of the session's cookies: her global id. Nothing of it comes from the page. Shops that
// do not use @saleor/auth-sdk ask their own session here.
import { createSaleorAuthClient } from "@saleor/auth-sdk";
import { getNextServerCookiesStorageAsync } from "@saleor/auth-sdk/next/server";

export async function currentCustomer(): Promise<string | null> {
  const saleorApiUrl = process.env.NEXT_PUBLIC_SALEOR_API_URL ?? "";
  const cookies = await getNextServerCookiesStorageAsync();
  const saleor = createSaleorAuthClient({ saleorApiUrl, refreshTokenStorage: cookies, accessTokenStorage: cookies });
  try {
    const response = await saleor.fetchWithAuth(saleorApiUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query: "{ me { id } }" }),
      cache: "no-store",
    });
    const answer = (await response.json()) as { data?: { me?: { id: string } | null } };
    return answer.data?.me?.id ?? null;
  } catch {
    return null; // a session that cannot be asked about is nobody's
  }
}
