import { createVNode, Fragment } from "../node_modules/preact/src/create-element.js";
import { diff } from "./diff.js";

/** Shows `vnode` in `root`, in place of what was shown there before. */
export function render(vnode, root) {
  const before = root._children ?? {};
  const refs = [];
  root._children = createVNode(Fragment, { children: [vnode] });
  diff(root, root._children, before, {}, root.namespaceURI, null, [], before._dom ?? null, false, refs);
  for (let i = 0; i < refs.length; i += 3) refs[i](refs[i + 1]);
}
