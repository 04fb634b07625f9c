export const formatTime = (locale: string, timestamp: string): string =>
  new Date(timestamp).toLocaleTimeString(locale, { timeStyle: "short" });

/** The day as people say it; `today` for the present one. */
export const formatDay = (locale: string, timestamp: string, today: string): string =>
  isToday(timestamp) ? today : new Date(timestamp).toLocaleDateString(locale, { dateStyle: "full" });

export const isToday = (timestamp: string): boolean => new Date(timestamp).toDateString() === new Date().toDateString();

/** In the unit in which the server counts its limit: 10 MB are 10,485,760 bytes. */
export function formatSize(locale: string, bytes: number): string {
  const mega = bytes >= 1 << 20;
  const amount = mega ? bytes / (1 << 20) : Math.ceil(bytes / 1024);
  return amount.toLocaleString(locale, { style: "unit", unit: mega ? "megabyte" : "kilobyte", maximumFractionDigits: 1 });
}
