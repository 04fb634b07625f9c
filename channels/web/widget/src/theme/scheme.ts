import type { Settings } from "../settings";
import { palette, resolveColor } from "./palette";

/** Puts the site's choices on the root element, and follows the device between light and dark. */
export function applyTheme(root: HTMLElement, host: HTMLElement, settings: Settings): () => void {
  const color = resolveColor(settings.color);
  const device = matchMedia("(prefers-color-scheme: dark)");
  const paint = (): void => {
    const dark = settings.theme === "dark" || (settings.theme === "auto" && device.matches);
    root.dataset["theme"] = dark ? "dark" : "light";
    for (const [name, value] of Object.entries(palette(color, dark))) root.style.setProperty(name, value);
  };
  root.dataset["side"] = settings.position;
  root.style.setProperty("--radius", `${settings.radius}px`);
  root.style.setProperty("--offset", `${settings.offset}px`);
  if (settings.zIndex) host.style.setProperty("z-index", settings.zIndex);
  paint();
  device.addEventListener("change", paint);
  return () => device.removeEventListener("change", paint);
}
