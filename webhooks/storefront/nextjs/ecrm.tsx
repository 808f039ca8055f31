// <EcrmScript> once in app/layout.tsx, <EcrmSlot> wherever something chosen for the visitor belongs. Both may stand in
// server components. What stands between <EcrmSlot> and </EcrmSlot> stays where nothing is found.
import Script from "next/script";
import { createElement, type ReactNode } from "react";

export type SlotName = "buy-again" | "new-for-you" | "goes-with" | "popular" | "replenish" | "viewed" | "messages";
export type Page = "home" | "product" | "category" | "cart" | "confirmation" | "search" | "other";

export type SlotProps = {
  name: SlotName;
  page?: Page;
  /** Saleor's global id of the product that the page shows. */
  product?: string;
  /** Global ids of the products in the cart, or in the order that was just placed. */
  cart?: readonly string[];
  /** The category's name. */
  category?: string;
  country?: string;
  language?: string;
  limit?: number;
  layout?: "list" | "strip";
  heading?: string;
  pictures?: boolean;
  children?: ReactNode;
};

export function EcrmSlot({ cart, pictures, children, ...told }: SlotProps) {
  const attributes = { ...told, cart: cart?.slice(0, 20).join(",") || undefined, pictures: pictures ? "1" : undefined };
  return createElement("ecrm-slot", { ...attributes, suppressHydrationWarning: true }, children);
}

export type ScriptProps = {
  /** The script's address, such as https://api.acme.test/widget.js. */
  src: string;
  integrity?: string;
  nonce?: string;
  /** pk_…; tk_… while the pages are being made. */
  publishableKey: string;
  /** The token endpoint, if not /ecrm/token; null where there is none: everybody is a guest then. */
  tokenUrl?: string | null;
  /** What the cookie banner was told, where the server knows it; left out, `ecrm.consent()` says it. */
  consent?: boolean;
  /** The same for all slots of all pages that say nothing of it. */
  page?: Page;
  country?: string;
};

export function EcrmScript(props: ScriptProps) {
  const { publishableKey, tokenUrl = "/ecrm/token", consent, page, country, ...script } = props;
  const told = {
    "data-key": publishableKey,
    "data-token-url": tokenUrl ?? undefined,
    "data-consent": consent?.toString(),
    "data-page": page,
    "data-country": country,
  };
  // Modules are fetched with CORS; said here, the preload of next/script is the same fetch and not a second one.
  return <Script type="module" crossOrigin="anonymous" {...script} {...told} />;
}
