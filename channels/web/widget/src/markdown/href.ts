const ALLOWED = /^(?:https?:\/\/|mailto:|tel:)/i;
/** Characters that browsers drop inside a scheme, and that hide `javascript:` from a naive check. */
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u0020\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/g;

/** The address if a link may lead there, null otherwise. Only absolute http, https, mailto and tel. */
export function safeHref(raw: string | null | undefined): string | null {
  const href = (raw ?? "").replace(INVISIBLE, "");
  return ALLOWED.test(href) ? href : null;
}
