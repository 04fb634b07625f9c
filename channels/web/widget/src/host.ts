/** The element that holds the widget, with styles that neither leak out nor in. */
export function createHost(css: string): { host: HTMLElement; root: HTMLElement } {
  const host = document.createElement("switchboard-widget");
  const shadow = host.attachShadow({ mode: "open" });
  // A constructed sheet needs no `style-src 'unsafe-inline'`.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  const root = document.createElement("div");
  root.className = "root";
  shadow.append(root);
  return { host, root };
}
