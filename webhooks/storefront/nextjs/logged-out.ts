// Call it in the browser where a logout does without a reload: what was not told yet is forgotten, whoever comes next gets
// a visitor id of their own, and the slots ask anew whom they are for. `agreed`: what the cookie banner says.
type Ecrm = { consent(yes: boolean): void; refresh(): void };

export function loggedOut(agreed: boolean): void {
  const { ecrm } = window as Window & { ecrm?: Ecrm };
  ecrm?.consent(false);
  if (agreed) ecrm?.consent(true);
  ecrm?.refresh();
}
