// Call it in the browser after every change of the cart: the slots that go by it ask again, without a reload.
export function cartChanged(products: readonly string[]): void {
  document.dispatchEvent(new CustomEvent("ecrm:cart", { detail: products.slice(0, 20) }));
}
