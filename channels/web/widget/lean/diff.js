import { diffChildren } from "../node_modules/preact/src/diff/children.js";
import { setProperty } from "../node_modules/preact/src/diff/props.js";
import { getDomSibling } from "./component.js";

const isFragment = (vnode) => typeof vnode.type == "function";

/** Brings the page from `old` to `vnode`: a text, an element or a fragment. Returns the node that follows a fragment. */
export function diff(parent, vnode, old, context, namespace, excess, queue, following, hydrating, refs) {
  const update = (box, place) =>
    diffChildren(box, [vnode.props.children].flat(), vnode, old, context, namespace, excess, queue, place, hydrating, refs);
  if (isFragment(vnode)) return update(parent, following);
  const { type, props } = vnode;
  const before = old.props ?? {};
  if (type == "svg") namespace = "http://www.w3.org/2000/svg";
  const dom = old._dom ?? (type ? document.createElementNS(namespace, type) : document.createTextNode(props));
  if (!type) {
    if (before != props) dom.data = props;
  } else if (vnode._original == old._original) {
    // The same element as before: what is below it stands.
    vnode._children = old._children;
    for (const child of vnode._children) if (child) child._parent = vnode;
  } else {
    for (const name in { ...before, ...props })
      if (name != "children" && before[name] !== props[name]) setProperty(dom, name, props[name], before[name], namespace);
    update(dom, old._children && getDomSibling(old, 0));
  }
  vnode._dom = dom;
}

export const applyRef = (ref, value) => ref(value);

/** `stays`: an element above is removed from the page, and this with it. */
export function unmount(vnode, root, stays) {
  if (vnode.ref) vnode.ref(null);
  for (const child of vnode._children ?? []) if (child) unmount(child, root, stays || !isFragment(vnode));
  if (!stays && !isFragment(vnode)) vnode._dom?.remove();
  vnode._dom = vnode._parent = null;
}
