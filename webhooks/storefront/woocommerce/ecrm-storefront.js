// Tells the slots what the cookie banner was told, by the WP Consent API (without that plugin nothing is agreed), and what
// is in the cart once WooCommerce's classic buttons have changed it without a reload.
(() => {
  const tell = () => window.wp_has_consent && window.ecrm?.consent(Boolean(window.wp_has_consent("statistics")));
  const changed = (event, fragments) => {
    const ids = fragments?.["ecrm-cart"];
    if (ids === undefined) return;
    document.dispatchEvent(new CustomEvent("ecrm:cart", { detail: ids ? ids.split(",") : [] }));
  };
  addEventListener("load", () => {
    tell();
    window.jQuery?.(document.body).on("added_to_cart removed_from_cart", changed);
  });
  for (const event of ["wp_consent_type_defined", "wp_listen_for_consent_change"]) document.addEventListener(event, tell);
})();
