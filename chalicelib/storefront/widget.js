// <ecrm-slot>: something chosen for whoever looks at the page, in the place of what the shop had put there.
//
// It never throws, never blocks and never moves what lies below; where anything fails, the slot's own children stay.
// Nothing of an answer is ever read as HTML. Nothing is stored and nobody is told apart without consent.
// `make widget` puts the style and the version in and writes what is served. Every byte counts: 3 KB at most, gzipped.
((page) => {
  try {
    const script = page.currentScript || page.querySelector("script[data-key]");
    if (window.ecrm) return;

    const told = { language: page.documentElement.lang, ...script.dataset };
    const api = (told.api || script.src).replace(/\b\/(widget.*)?$/, "") + "/v1/";
    const CONTEXT = ["page", "product", "cart", "category", "country", "language", "pictures"];
    const PATIENCE = 2500; // milliseconds

    const slots = new Set(); // the elements in the page
    const changed = {}; // context that `refresh` gave
    const noticed = new Set(); // what is told once (as JSON), and ids of messages that were closed
    let events = [];
    let agreed = false;
    let visitor;
    let token;
    let nearOnly = 1;

    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);

    const said = (element, name) => element.getAttribute(name);
    const isMessage = (element) => layout(element) == "message";
    const layout = (element) => said(element, "layout") || (said(element, "name") == "messages" ? "message" : "list");
    const limit = (element) => Math.min(24, said(element, "limit") >>> 0) || (isMessage(element) ? 1 : 8);

    // --- asking ---

    const get = async (url, options) => (await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE) })).json();

    // What one slot says of the page holds for all that say nothing.
    const context = (element) => {
      const found = {};
      for (const name of CONTEXT) {
        const other = page.querySelector(`ecrm-slot[${name}]`) || element;
        const value = changed[name] ?? said(element, name) ?? told[name] ?? said(other, name);
        if (value) found[name] = value;
      }
      if (found.page == "product" && found.product) once({ type: "view", product: found.product });
      return found;
    };

    const ask = async (elements) => {
      for (const element of elements) {
        element.waits = 0;
        element.query = new URLSearchParams(context(element)) + "";
      }
      try {
        // Who is logged in, as the shop says.
        token = null;
        if (told.tokenUrl) ({ token } = await get(told.tokenUrl, { cache: "no-store" }));
      } catch {}
      for (const query of new Set(elements.map((element) => element.query))) {
        const same = elements.filter((element) => element.query == query);
        const names = [...new Set(same.map((element) => said(element, "name")))];
        while (names[0]) load(same, query, names.splice(0, 8));
      }
    };

    const load = async (same, query, names) => {
      let answer;
      try {
        const most = Math.max(...same.map(limit));
        answer = await get(
          `${api}slots?key=${told.key}&slots=${names}&limit=${most}&${query}`,
          token && { headers: { Authorization: "Bearer " + token } },
        );
      } catch {}
      // Heights are read before anything is changed: one layout, however many slots.
      same
        .filter((element) => element.query == query && names.includes(said(element, "name")))
        .map((element) => [element, answer, element.near && element.offsetHeight])
        .map((one) => settle(...one));
    };

    // --- showing ---

    const make = (tag, values, ...children) => {
      const made = Object.assign(page.createElement(tag), values);
      made.append(...children.map((child) => child ?? ""));
      return made;
    };

    const isWeb = (url) => /^https?:\/\//i.test(url);

    const row = (element, ...children) => make("li", { part: isMessage(element) ? "message" : "item" }, ...children);

    const section = (element, title, rows, values) => {
      const ariaLabel = said(element, "heading") ?? title;
      const heading = make("h2", { part: "heading" }, ariaLabel);
      const list = make("ul", { part: "list", role: "list" }, ...rows);
      return make("section", { className: layout(element), ariaLabel, ...values }, heading, list);
    };

    const settle = (element, answer, height) => {
      let type = "empty";
      let detail;
      let shows = make("slot");
      const card = ({ id, title, text, image, url, price, why, rid }) => {
        const link = make("a", { dir: "auto", onclick: () => track({ type: "click", rid }) }, title);
        if (isWeb(url)) link.href = url;
        const made = row(element, make("div", { part: "title" }, link));
        if (isMessage(element)) {
          const onclick = () => {
            noticed.add(id);
            settle(element, answer);
            element.shadowRoot.querySelector("button")?.focus();
          };
          made.onkeydown = ({ key }) => {
            if (key == "Escape") onclick();
          };
          made.append(
            make("span", { part: "text" }, text),
            make("button", { part: "close", ariaLabel: detail.close || "Close", onclick }, "✕"),
          );
        } else {
          made.append(make("b", { part: "price", dir: "auto" }, price?.text), make("small", { part: "why" }, why?.text));
          if (isWeb(image)) {
            made.prepend(make("img", { part: "image", alt: "", loading: "lazy", decoding: "async", src: image }));
          }
        }
        if ((made.rid = rid)) looking.observe(made);
        return made;
      };
      try {
        detail = answer.slots.find(({ name }) => name == said(element, "name"));
        const rows = detail.items
          .filter(({ id, url }) => (isMessage(element) ? !noticed.has(id) : isWeb(url)))
          .slice(0, limit(element))
          .map(card);
        if (rows[0]) {
          shows = section(element, detail.title, rows, { lang: answer.language, dir: answer.direction });
          type = "loaded";
        }
      } catch {}
      element.style.minHeight = height ? height + "px" : "";
      element.shadowRoot.firstChild.replaceChildren(shows);
      element.dispatchEvent(new CustomEvent("ecrm:" + type, { bubbles: true, detail }));
    };

    // --- when: what is near first, all the rest together with the next that comes near ---

    const nearby = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting, boundingClientRect } of entries) {
          target.near = isIntersecting;
          // Space that was kept is given back where nobody sees it.
          if (!isIntersecting && boundingClientRect.top > 0) target.style.minHeight = "";
        }
        const all = [...slots].filter((element) => element.waits);
        const near = all.filter((element) => element.near);
        if (near[0]) ask(nearOnly ? near : all);
        nearOnly = 0;
      },
      { rootMargin: "300px" },
    );

    const wait = (element) => {
      element.waits = 1;
      nearby.unobserve(element);
      nearby.observe(element);
    };

    const refresh = (about) => {
      Object.assign(changed, about);
      nearOnly = 1;
      slots.forEach(wait);
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
          if (isIntersecting) target.timer = setTimeout(() => once({ type: "seen", rids: [target.rid] }), 1000);
        }
      },
      { threshold: 0.5 },
    );

    const send = () => {
      events = events.filter(({ type }) => agreed || /click|seen/.test(type));
      if (agreed && token && events[0]) once({ type: "identify" });
      while (events[0]) {
        const body = { key: told.key, consent: agreed, ...(agreed && { visitor, token }), events: events.splice(0, 20) };
        navigator.sendBeacon(api + "events", JSON.stringify(body));
      }
    };

    const consent = (yes) => {
      agreed = !!yes && !navigator.globalPrivacyControl && navigator.doNotTrack != 1;
      try {
        if (agreed) visitor = localStorage.ecrmVisitor ??= crypto.randomUUID().replace(/-/g, "").slice(10);
        else delete localStorage.ecrmVisitor;
      } catch {}
    };

    window.ecrm = { consent, refresh, track, version: VERSION };
    if (told.consent) consent(told.consent != "false");
    page.addEventListener("visibilitychange", send);
    page.addEventListener("ecrm:cart", ({ detail }) => refresh(detail && { cart: detail }));
    window.jQuery?.(page).on("added_to_cart", (event, parts, hash, button) => {
      refresh({ cart: [changed.cart ?? told.cart, button?.data("product_id")] });
    });

    customElements.define(
      "ecrm-slot",
      class extends HTMLElement {
        static observedAttributes = [...CONTEXT, "name", "limit", "layout", "heading"];

        connectedCallback() {
          if (!this.shadowRoot) {
            const root = this.attachShadow({ mode: "open" });
            const rows = [...Array(limit(this))].map(() => row(this));
            root.adoptedStyleSheets = [style];
            root.append(make("div", {}, make("slot"), section(this, "\xa0", rows, { inert: true })));
          }
          slots.add(this);
          wait(this);
        }

        disconnectedCallback() {
          slots.delete(this);
        }

        attributeChangedCallback() {
          if (slots.has(this)) wait(this);
        }
      },
    );
  } catch {}
})(document);
