// <ecrm-slot>: something chosen for whoever looks at the page, in the place of what the shop had put there.
//
// It never throws, never blocks, and keeps the space of what everybody gets; where anything fails, the slot's own children
// stay.
// Nothing of an answer is ever read as HTML. Nothing is stored and nobody is told apart without consent.
// `make widget` puts the style and the version in and writes what is served. 3,000 bytes at most, gzipped.
try {
  // by a key of ours: a module is no currentScript
  const script = document.querySelector("script[data-key*=k_]");

  const told = { language: document.documentElement.lang, ...script.dataset };
  const api = (told.api || script.src).replace(/\b\/(widget.*)?$/, "") + "/v1/";
  const CONTEXT = ["page", "product", "cart", "category", "country", "language", "pictures"];

  const slots = new Set(); // the elements in the page
  const noticed = new Set(); // what is told once (as JSON), and ids of messages that were closed
  let events = [];
  let agreed; // undefined: nobody has said
  let token;
  let nearOnly = 1;

  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);

  const said = (element, name) => element.getAttribute(name);
  const isMessage = (element) => said(element, "name") == "messages";
  const limit = (element) => Math.min(24, said(element, "limit") >>> 0) || (isMessage(element) ? 1 : 8);

  // --- asking ---

  // What is not answered in 2.5 seconds, or not as JSON, is undefined.
  const get = (url, options) =>
    fetch(url, { signal: AbortSignal.timeout(2500), ...options })
      .then((answer) => answer.json())
      .catch(() => {});

  // What one slot says of the page holds for all that say nothing; of what it shows itself, its category, it does not.
  const context = (element) => {
    const found = {};
    for (const name of CONTEXT) {
      const other = name != "category" && [...slots].map((one) => said(one, name)).find((one) => one != null);
      const value = element.told?.[name] ?? said(element, name) ?? told[name] ?? other;
      if (value) found[name] = value;
    }
    if (found.page == "product" && found.product) once({ type: "view", product: found.product });
    return found;
  };

  const ask = async (elements) => {
    const groups = {}; // by what is asked of them
    for (const element of elements) {
      (element.group = groups[new URLSearchParams(context(element))] ??= []).push(element);
    }
    // Who is logged in, as the shop says.
    token = told.tokenUrl && (await get(told.tokenUrl, { cache: "no-store" }))?.token;
    for (const query in groups) load(query, groups[query]);
  };

  const load = async (query, group, bearer = token) => {
    const names = new Set(group.map((element) => said(element, "name") + ":" + limit(element)));
    const answer = await get(
      `${api}slots?key=${told.key}&slots=${[...names]}&${query}`,
      bearer && { headers: { Authorization: "Bearer " + bearer } },
    );
    if (answer?.detail) console.warn(answer);
    // Refused because of the token: asked without, for what everybody gets.
    if (bearer && answer?.status == 401) return load(query, group, (token = null));
    // Heights are read before anything is changed: one layout, however many slots. Who has to be asked again is left.
    group
      .filter((element) => element.group == group)
      .map((element) => [element, answer, element.getBoundingClientRect()])
      .map((one) => settle(...one));
  };

  // --- showing ---

  const make = (tag, values, ...children) => {
    const made = Object.assign(document.createElement(tag), values);
    made.append(...children.map((child) => child ?? ""));
    return made;
  };

  const isWeb = (url) => /^http/.test(url);

  // Undefined where there is nothing to show.
  const draw = (element, answer, { title, items, close }, inert) => {
    const message = isMessage(element);
    const card = ({ id, title, text, image, url, price, why, rid }) => {
      const link = make("a", { onclick: () => rid && track({ type: "click", rid }), dir: "auto" }, title);
      if (isWeb(url)) link.href = url;
      const made = make("li", { part: message ? "message" : "item", rid }, make("div", { part: "title" }, link));
      if (message) {
        const onclick = () => {
          noticed.add(id);
          // Her own wish, whatever she agreed to.
          if (rid) tell({ events: [{ type: "close", rid }] });
          settle(element, answer);
          element.box.querySelector("button")?.focus();
        };
        made.onkeydown = ({ key }) => {
          if (key == "Escape") onclick();
        };
        made.append(
          make("span", { part: "text" }, text),
          make("button", { part: "close", ariaLabel: close, onclick }, "×"),
        );
      } else {
        made.append(
          make("b", { part: "price", dir: "auto" }, price?.text),
          make("small", { part: "why" }, why?.text),
          isWeb(image) ? make("img", { part: "image", alt: "", loading: "lazy", src: image }) : "",
        );
      }
      if (rid) looking.observe(made);
      return made;
    };
    const rows = items
      .filter(({ id, url }) => (message ? !noticed.has(id) : inert || isWeb(url)))
      .slice(0, limit(element))
      .map(card);
    const ariaLabel = said(element, "heading") ?? title;
    return (
      rows[0] &&
      make(
        "section",
        {
          className: message || said(element, "layout"),
          inert,
          ariaLabel,
          dir: answer.direction,
          lang: answer.language,
        },
        make("h2", { part: "heading" }, ariaLabel),
        make("ul", { part: "list", role: "list" }, ...rows),
      )
    );
  };

  // Kept for what everybody gets (goes-with, popular): as many products as are asked for, to be drawn over. Personal
  // slots mostly stay empty, for guests and whoever is held out: a page must not be a blank one to them.
  const space = (element) =>
    /^[gp]/.test(said(element, "name")) ? draw(element, {}, { title: "-", items: Array(24).fill({}) }, 1) : "";

  const settle = (element, answer, before) => {
    let detail;
    let shows;
    try {
      detail = answer.slots.find((one) => one.name == said(element, "name"));
      shows = draw(element, answer, detail);
    } catch {}
    // What is below the window may become smaller at once: nobody sees it.
    element.style.minHeight = before?.top < innerHeight ? before.height + "px" : "";
    element.box.replaceChildren(shows ?? make("slot"));
    element.dispatchEvent(new CustomEvent(shows ? "ecrm:loaded" : "ecrm:empty", { detail, bubbles: 1 }));
  };

  // --- when: what is near first, all the rest together with the next that comes near ---

  const nearby = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting, boundingClientRect } of entries) {
        target.near = isIntersecting;
        // Space that was kept is given back where nobody sees it.
        if (!isIntersecting && boundingClientRect.top > 0) target.style.minHeight = "";
      }
      const all = [...slots].filter((element) => !element.group && said(element, "name"));
      const near = all.filter((element) => element.near);
      if (near[0]) ask(nearOnly ? near : all);
      nearOnly = 0;
    },
    { rootMargin: "300px" },
  );

  const wait = (element) => {
    element.group = 0;
    nearby.unobserve(element);
    nearby.observe(element);
  };

  // The page's from now on, and that of the slots there are, each until an attribute of its own is set.
  const refresh = (about) => {
    Object.assign(told, about);
    nearOnly = 1;
    for (const element of slots) {
      element.told = { ...element.told, ...about };
      wait(element);
    }
  };

  // --- telling ---

  const track = (event) => events.push(event);

  const once = (event) => {
    const text = JSON.stringify(event);
    if (!noticed.has(text)) track(event);
    noticed.add(text);
  };

  // Half of it, for a second.
  const looking = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        clearTimeout(target.timer);
        target.timer = isIntersecting && setTimeout(() => once({ type: "seen", rids: [target.rid] }), 1000);
      }
    },
    { threshold: 0.5 },
  );

  const tell = (about) => navigator.sendBeacon(api + "events", JSON.stringify({ key: told.key, ...about }));

  const send = () => {
    const who = agreed && { consent: agreed, token };
    events = events.filter(({ type }) => agreed || /click|seen/.test(type));
    try {
      // Not for who has said nothing yet: undefined is no number.
      if (agreed < 1) {
        tell({ events: [{ type: "forget" }], visitor: localStorage.ecrmVisitor.slice(0, 22) });
        delete localStorage.ecrmVisitor;
      }
      if (agreed && events[0]) {
        // As it was drawn, longer than what is told of it, the id is a guest's. Cut to that, somebody has been logged
        // in, and whoever comes after her as a guest gets another.
        if (token) once({ type: "identify" });
        else if (!localStorage.ecrmVisitor?.[22]) delete localStorage.ecrmVisitor;
        who.visitor = (localStorage.ecrmVisitor ??= crypto.randomUUID().replace(/-/g, "")).slice(0, 22);
        if (token) localStorage.ecrmVisitor = who.visitor;
      }
    } catch {}
    while (events[0]) tell({ ...who, events: events.splice(0, 20) });
  };

  const consent = (yes) => {
    agreed = yes + "" == "true" && !navigator.globalPrivacyControl && navigator.doNotTrack != 1;
    if (!agreed) send();
  };

  // Throws where the script has run before: nothing below is done twice.
  customElements.define(
    "ecrm-slot",
    class extends HTMLElement {
      static observedAttributes = [...CONTEXT, "name", "limit", "layout", "heading"];

      connectedCallback() {
        if (!this.box) {
          const root = this.attachShadow({ mode: "open" });
          root.adoptedStyleSheets = [style];
          root.append((this.box = make("div", {}, make("slot"), space(this))));
        }
        slots.add(this);
        if (!said(this, "name")) console.warn("no name", this);
        wait(this);
      }

      disconnectedCallback() {
        slots.delete(this);
      }

      attributeChangedCallback(name) {
        delete this.told?.[name];
        wait(this);
      }
    },
  );

  window.ecrm = { consent, refresh, track, version: VERSION };
  if (told.consent) consent(told.consent);
  document.addEventListener("visibilitychange", send);
  document.addEventListener("ecrm:cart", ({ detail }) => refresh(detail && { cart: detail }));
} catch {}
