// The shop's own script: the cart without leaving the page, the question about storage, and what the demo's bar says.
const post = (form, more = {}) =>
  fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams([...new FormData(form), ...Object.entries(more)]),
  }).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)));

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-add]")) {
    event.preventDefault();
    try {
      const { pieces, products } = await post(form);
      document.querySelector("[data-count]").textContent = pieces;
      const button = form.querySelector("button");
      button.textContent = button.dataset.added;
      button.classList.add("done");
      // The slots that depend on the cart are asked for anew.
      document.dispatchEvent(new CustomEvent("ecrm:cart", { detail: products }));
      window.ecrm?.track({ type: "cart", products });
    } catch {
      form.submit();
    }
  }
  if (form.matches("[data-consent-form]")) {
    event.preventDefault();
    const yes = event.submitter?.value === "yes";
    try {
      await post(form, { agreed: yes ? "yes" : "no" });
      form.remove();
      window.ecrm?.consent(yes);
    } catch {
      form.submit();
    }
  }
});

const searched = new URLSearchParams(location.search).get("q");
if (location.pathname === "/search" && searched) {
  addEventListener("load", () => window.ecrm?.track({ type: "search", query: searched.slice(0, 200) }));
}

const who = document.querySelector("[data-arm]");
if (who) {
  fetch("/demo/arm")
    .then((answer) => answer.json())
    .then(({ arm }) => {
      if (who.dataset[arm]) who.textContent += ` (${who.dataset[arm]})`;
    })
    .catch(() => {});
}
