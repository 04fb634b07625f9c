/** The first element of what follows a node among its siblings. */
export function getDomSibling(vnode, index) {
  if (index == null) return vnode._parent && getDomSibling(vnode._parent, vnode._index + 1);
  const sibling = vnode._children.slice(index).find((child) => child?._dom);
  return sibling ? sibling._dom : typeof vnode.type == "function" ? getDomSibling(vnode) : null;
}
