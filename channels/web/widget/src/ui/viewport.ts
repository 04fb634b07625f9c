import { useEffect, useState } from "preact/hooks";

const PHONE = "(max-width: 520px), (max-height: 420px) and (max-width: 960px)";

/** Whether the panel fills the screen. Kept equal to the media query in panel.css. */
export function usePhone(): boolean {
  const [phone, setPhone] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const query = matchMedia(PHONE);
    const listen = (): void => setPhone(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, []);
  return phone;
}

/** While full-screen: follow the part of the screen that the virtual keyboard leaves, and hold the page still behind. */
export function useFullScreen(active: boolean, root: () => HTMLElement | null): void {
  useEffect(() => {
    const view = window.visualViewport;
    if (!active) return;
    const fit = (): void => {
      root()?.style.setProperty("--view-height", `${view?.height ?? innerHeight}px`);
      root()?.style.setProperty("--view-top", `${view?.offsetTop ?? 0}px`);
    };
    const page = document.documentElement.style;
    const before = page.overflow;
    page.overflow = "hidden";
    fit();
    view?.addEventListener("resize", fit);
    view?.addEventListener("scroll", fit);
    return () => {
      page.overflow = before;
      view?.removeEventListener("resize", fit);
      view?.removeEventListener("scroll", fit);
    };
  }, [active]);
}
