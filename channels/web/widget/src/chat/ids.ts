/** A name for a message, the same whenever it is sent again. `randomUUID` is missing on plain-http pages. */
export function clientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
