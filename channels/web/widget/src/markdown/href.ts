/** Blanks, controls and invisible characters, which browsers drop inside a scheme and which hide `javascript:`. */
const INVISIBLE = /[\s\p{C}]/gu;

/** The address if a link may lead there, undefined otherwise. Only absolute http, https, mailto and tel. */
export function safeHref(raw?: string | null): string | undefined {
  const href = (raw ?? "").replace(INVISIBLE, "");
  return /^(https?:\/\/|mailto:|tel:)/i.test(href) ? href : undefined;
}
