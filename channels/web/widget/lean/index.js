export { createElement as h, Fragment } from "../node_modules/preact/src/create-element.js";
export { render } from "./render.js";
