// Tells the slots what the cookie banner was told, by the WP Consent API (without that plugin nothing is agreed), and what
// is in the cart once it has changed without a reload. WooCommerce's classic buttons say what; its blocks only that it has.
(() => {
  const tell = () => window.wp_has_consent && window.ecrm?.consent(Boolean(window.wp_has_consent("statistics")));
  document.addEventListener("wp_consent_type_defined", tell);
  document.addEventListener("wp_listen_for_consent_change", tell);

  const here = document.querySelector("script[data-key]")?.dataset ?? {};
  let known = here.cart ?? "";
  let asked = 0;
  let timer;

  const changed = (ids) => {
    // The page after an order is about what was bought; the cart is empty there.
    if (typeof ids !== "string" || ids === known || here.page === "confirmation") return;
    known = ids;
    document.dispatchEvent(new CustomEvent("ecrm:cart", { detail: ids ? ids.split(",") : [] }));
  };

  const read = async () => {
    const mine = ++asked;
    try {
      const { cart } = await (await fetch(window.ecrmStorefront.cart, { cache: "no-store" })).json();
      // Whoever asked later knows better.
      if (mine === asked) changed(cart);
    } catch {} // the slots stay as they are
  };

  // One change tells several events; a page without slots has nothing to ask for.
  const soon = () => {
    clearTimeout(timer);
    if (document.querySelector("ecrm-slot")) timer = setTimeout(read, 300);
  };

  // Captured, as some do not bubble. The last goes between WooCommerce's own stores and is in no documentation: nothing
  // else tells of a product that was taken out of the Mini-Cart or the Cart block.
  document.addEventListener("wc-blocks_added_to_cart", soon, true);
  document.addEventListener("wc-blocks_removed_from_cart", soon, true);
  addEventListener("wc-blocks_store_sync_required", soon);

  addEventListener("load", () => {
    tell();
    const heard = (event, fragments) => changed(fragments?.["ecrm-cart"]);
    window.jQuery?.(document.body).on("added_to_cart removed_from_cart", heard);
  });
})();
