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
  layout?: "list" | "strip" | "message";
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
  /** pk_…; tk_… while the pages are being made. */
  publishableKey: string;
  /** The token endpoint; left out, everybody is a guest. */
  tokenUrl?: string;
};

export function EcrmScript({ src, integrity, publishableKey, tokenUrl = "/ecrm/token" }: ScriptProps) {
  const secured = integrity ? { integrity, crossOrigin: "anonymous" as const } : {};
  return <Script type="module" src={src} {...secured} data-key={publishableKey} data-token-url={tokenUrl} />;
}
