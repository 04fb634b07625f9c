/** Keeps Tab inside `box`; for the full-screen panel, behind which there is nothing to reach. */
export function trapTab(event: KeyboardEvent, box: HTMLElement): void {
  const stops = [...box.querySelectorAll<HTMLElement>('a[href],button,input,textarea,[tabindex="0"]')].filter(
    (stop) => !stop.closest("[inert],[hidden],:disabled") && stop.getClientRects().length > 0,
  );
  const active = (box.getRootNode() as ShadowRoot).activeElement;
  const [edge, other] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (active !== edge && active !== box) return;
  event.preventDefault();
  other?.focus();
}
