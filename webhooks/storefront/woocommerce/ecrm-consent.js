// Tells the slots what the cookie banner was told, by the WP Consent API. Without that plugin nothing is agreed.
(() => {
  const tell = () => window.wp_has_consent && window.ecrm?.consent(Boolean(window.wp_has_consent("statistics")));
  addEventListener("load", tell);
  for (const event of ["wp_consent_type_defined", "wp_listen_for_consent_change"]) document.addEventListener(event, tell);
})();
