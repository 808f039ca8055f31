/** Types of ecrm.js, and of what widget.js puts into a page. */

export type SlotName = "buy-again" | "new-for-you" | "goes-with" | "popular" | "replenish" | "viewed" | "messages";
export type PageKind = "home" | "product" | "category" | "cart" | "confirmation" | "search" | "other";

/** Where in the shop something is to be shown. Ids are the platform's own, as text. */
export interface PageContext {
  page?: PageKind;
  /** The product that the page shows. */
  product?: string;
  /** What is in the cart, or was just bought: at most 20. */
  cart?: readonly string[] | string;
  category?: string;
  /** ISO 3166-1, two letters. */
  country?: string;
  /** BCP 47, such as `fa` or `en-GB`. */
  language?: string;
}

export interface SlotsQuestion extends PageContext {
  /** Where the API is; default: where the module came from. */
  api?: string;
  /** `pk_…`, or `tk_…` for a preview. */
  key: string;
  /** One at least; `popular:4` for so many of it. */
  slots: readonly (SlotName | `${SlotName}:${number}`)[] | string;
  /** Items a slot, 1 to 24; default 8. */
  limit?: number;
  /** Only products with a picture. */
  pictures?: boolean;
  /** A customer token that the shop's own server signed; without it nothing is personal. */
  token?: string | null;
  signal?: AbortSignal;
  /** Milliseconds; default 2500. */
  timeout?: number;
}

export interface Price {
  /** Minor units: 1299 is £12.99 where `exponent` is 2. */
  amount: number;
  /** ISO 4217. */
  currency: string;
  exponent: number;
  /** As the shopper reads it. */
  text: string;
}

export interface Why {
  code: string;
  /** Numbers are bucketed (`20+`). */
  params: Record<string, string>;
  /** In the language of the answer. */
  text: string;
}

export interface ProductItem {
  product_id: string;
  title: string;
  url: string | null;
  image: string | null;
  price: Price | null;
  why: Why;
  /** Names this recommendation in `click` and `seen`; null in a preview. */
  rid: string | null;
}

export interface MessageItem {
  id: string;
  /** Null where its flow gives it no subject. */
  title: string | null;
  text: string;
  url: string | null;
  /** Null in a preview. */
  rid: string | null;
}

export interface ProductSlot {
  name: Exclude<SlotName, "messages">;
  kind: "products";
  title: string;
  items: ProductItem[];
}

export interface MessageSlot {
  name: "messages";
  kind: "messages";
  title: string;
  /** What the button says that waves a message away, in the language of the answer. */
  close: string;
  items: MessageItem[];
}

export type Slot = ProductSlot | MessageSlot;

export interface SlotsAnswer {
  language: string;
  direction: "ltr" | "rtl";
  personal: boolean;
  /** `null` where nobody is logged in. */
  arm: "treated" | "control" | null;
  preview: boolean;
  /** RFC 3339, UTC; `null` before anything was learnt. */
  learned_at: string | null;
  /** In the order in which they were asked for. */
  slots: Slot[];
}

/** RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** The parameter at fault. */
  field?: string;
}

export declare class EcrmError extends Error {
  readonly name: "EcrmError";
  /** HTTP. */
  readonly status: number;
  readonly problem?: Problem;
  /** Seconds to wait, after 429 or 503. */
  readonly retryAfter?: number;
  constructor(status: number, problem?: Problem, retryAfter?: number);
}

interface Happened {
  /** Whole seconds since it happened, 0 to 3600. */
  ago?: number;
}

export type ShopEvent = Happened &
  (
    | { type: "view"; product: string }
    | { type: "search"; query: string }
    | { type: "cart"; products: readonly string[] }
    | { type: "click"; rid: string }
    | { type: "seen"; rids: readonly string[] }
    /** A message waved away: not shown to her again. Needs neither `token` nor consent. */
    | { type: "close"; rid: string }
    /** What `visitor` told as a guest is erased. Needs no consent; beside it nothing else of a person counts. */
    | { type: "forget" }
    | { type: "identify" }
  );

export interface EventBatch {
  api?: string;
  key: string;
  /** What the shopper agreed to; without it `click`, `seen` and `close` count, of nobody, and `forget`. */
  consent?: boolean | "true" | "false";
  /** 22 of [0-9A-Za-z], drawn at random, kept only with consent; drawn anew when she logs out. */
  visitor?: string;
  token?: string | null;
  /** One to twenty. */
  events: readonly ShopEvent[];
}

/** What a page may show. Rejects with EcrmError, or as fetch does where nothing answers in time. */
export declare function slots(question: SlotsQuestion): Promise<SlotsAnswer>;

/** Tells what happened. Never rejects: false where it could not be sent. */
export declare function track(batch: EventBatch): Promise<boolean>;

/** `window.ecrm`, once widget.js has run. */
export interface EcrmWidget {
  /** What the shopper agreed to: true (the text, too; nothing else is a yes) lets a visitor id be stored; false removes it, what was told with it as a guest's, and what was not told yet. */
  consent(yes: boolean | "true" | "false"): void;
  /** Asks for all slots anew, with what has changed: for slots that there are, until an attribute of theirs is set. */
  refresh(changed?: PageContext): void;
  /** Tells the next time the page is hidden. */
  track(event: ShopEvent): void;
  readonly version: string;
}

export type SlotLayout = "list" | "strip";

/** The attributes of `<ecrm-slot>`. */
export interface SlotAttributes extends Omit<PageContext, "cart"> {
  name: SlotName;
  /** Of products; messages have a look of their own. */
  layout?: SlotLayout;
  limit?: number | string;
  heading?: string;
  cart?: string;
  pictures?: "1";
}

declare global {
  interface Window {
    ecrm?: EcrmWidget;
  }
  interface HTMLElementTagNameMap {
    "ecrm-slot": HTMLElement;
  }
  interface HTMLElementEventMap {
    "ecrm:loaded": CustomEvent<Slot>;
    "ecrm:empty": CustomEvent<Slot | undefined>;
  }
  interface DocumentEventMap {
    "ecrm:loaded": CustomEvent<Slot>;
    "ecrm:empty": CustomEvent<Slot | undefined>;
    "ecrm:cart": CustomEvent<readonly string[] | null>;
  }
}
