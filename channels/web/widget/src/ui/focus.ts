const FOCUSABLE = 'a[href],button:not([disabled]),input:not([disabled]):not([type="file"]),textarea:not([disabled]),[tabindex="0"]';

/** Keeps Tab inside `box`; for the full-screen panel, behind which there is nothing to reach. */
export function trapTab(event: KeyboardEvent, box: HTMLElement): void {
  const stops = [...box.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((e) => e.offsetParent !== null || e.getClientRects().length > 0);
  const first = stops[0];
  const last = stops.at(-1);
  const active = (box.getRootNode() as ShadowRoot).activeElement;
  if (!first || !last) return;
  if (event.shiftKey ? active === first || active === box : active === last) {
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}
